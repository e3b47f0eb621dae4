"""A face's GLB in three.js, as a program of somebody else's in a browser would show it."""
import functools
import http.server
import json
import pathlib
import shutil
import threading

import numpy as np
import pytest
from scipy.interpolate import make_interp_spline
from scipy.spatial.transform import Rotation, Slerp

from morph3d import morphable
from morph3d.inference import reconstructor
from morph3d.mesh import gltf

MIDDLE = """{
  const copy = document.createElement("canvas").getContext("2d");
  copy.drawImage(document.querySelector("canvas"), -200, -200);
  console.log(...copy.getImageData(0, 0, 1, 1).data);
}"""

STATE = """console.log(JSON.stringify({
  weights: mesh.morphTargetInfluences, quaternion: mesh.quaternion.toArray(), place: mesh.position.toArray(),
  chin: mesh.localToWorld(mesh.getVertexPosition(%d, mesh.position.clone())).toArray()}))"""


@pytest.fixture
def address(tmp_path, npm):
    """Of a server of tmp_path, with the page and three.js in it."""
    shutil.copy(pathlib.Path(__file__).with_name("three.html"), tmp_path / "index.html")
    (tmp_path / "three").symlink_to(npm("three@0.180.0") / "node_modules" / "three")
    quiet = type("Quiet", (http.server.SimpleHTTPRequestHandler,), {"log_message": lambda *_: None})
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(quiet, directory=tmp_path)) as server:
        threading.Thread(target=server.serve_forever).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


@pytest.mark.slow  # brings a browser from npm, 120 MB
def test_three_js_shows_the_texture_and_moves_the_face_with_its_normals(address, browse, tmp_path):
    reconstructor.load().mean_face.save(tmp_path / "face.glb")
    names = list(morphable.load("embedded").blendshapes)
    found = browse(address, "until(() => document.documentElement.dataset.ready)", "show({})", MIDDLE, "show({jawOpen: 1})",
                   "mesh.geometry.morphAttributes.normal.fill(mesh.geometry.morphAttributes.normal[0]); mesh.geometry.dispose();"
                   "show({jawOpen: 1})", "show({})", "console.log(...Object.keys(mesh.morphTargetDictionary))")
    color, said = found["said"]
    red, green, blue, _ = map(int, color.split())
    assert red > green + 20 > blue + 30  # skin
    assert said.split() == names and found["asked"] == []
    _, still, _, jaw, unlit, back, _ = (look["digest"] for look in found["looks"])
    assert len({still, jaw, unlit}) == 3 and back == still


@pytest.mark.slow
def test_three_js_shows_the_face_at_its_weights_and_plays_its_track(address, browse, tmp_path):
    model = morphable.load("embedded")
    mesh, jaw = model.mean, model.blendshapes["jawOpen"]
    fitted = jaw + mesh.vertices @ Rotation.from_euler("y", 20., degrees=True).as_matrix().T - mesh.vertices
    turns = Rotation.from_euler("yx", [[-30., 0.], [100., 10.], [230., -20.], [350., 5.]], degrees=True)  # more than once around
    weights, places = np.split(np.random.default_rng(0).uniform(size=[4, 5]), [2], 1)
    track = gltf.Track(np.array([0., .4, 1., 1.5]), weights, turns.as_matrix(), 100. * places)
    (tmp_path / "face.glb").write_bytes(gltf.encode(mesh, None, {"jawOpen": jaw, "fitted": fitted}, {"fitted": .5}, track))
    chin, times = np.argmax(np.linalg.norm(jaw, axis=1)), [.1, .7, 1.25]
    found = browse(address, "until(() => document.documentElement.dataset.ready)", STATE % chin,
                   *(f"play({time}); {STATE % chin}" for time in times))
    states = list(map(json.loads, found["said"]))
    shown = {name: np.array([state[name] for state in states]) for name in states[0]}
    # First as the file is shown, then as its track is played.
    weights = np.vstack([[0., .5], make_interp_spline(track.times, track.weights, 1)(times)])
    places = np.vstack([[0., 0., 0.], make_interp_spline(track.times, track.translations, 1)(times)])
    rotations = Rotation.concatenate([Rotation.identity(), Slerp(track.times, turns)(times)])
    np.testing.assert_allclose(shown["weights"], weights, atol=1e-6)
    np.testing.assert_allclose(shown["place"], places / 1000., atol=1e-6)
    np.testing.assert_allclose(Rotation.from_quat(shown["quaternion"]).as_matrix(), rotations.as_matrix(), atol=1e-5)
    chins = mesh.vertices[chin] + weights @ [jaw[chin], fitted[chin]]
    np.testing.assert_allclose(shown["chin"], (rotations.apply(chins) + places) / 1000., atol=1e-5)
    assert len({look["digest"] for look in found["looks"][2:]}) == len(times)
