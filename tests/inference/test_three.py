"""A face's GLB in three.js, as a program of somebody else's in a browser would show it."""
import functools
import http.server
import pathlib
import shutil
import threading

import pytest

from morph3d import morphable
from morph3d.inference import reconstructor

MIDDLE = """{
  const copy = document.createElement("canvas").getContext("2d");
  copy.drawImage(document.querySelector("canvas"), -200, -200);
  console.log(...copy.getImageData(0, 0, 1, 1).data);
}"""


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
