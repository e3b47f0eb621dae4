"""A GLB file is what the specification says, to the Khronos validator and to another reader."""
import dataclasses
import json
import struct
import subprocess
import tarfile

import numpy as np
import pytest
import trimesh
from scipy.spatial.transform import Rotation

from morph3d import images, morphable
from morph3d.mesh import gltf, normals
from morph3d.mesh.mesh import Mesh
from morph3d.mesh.uv_atlas import Atlas

VALIDATE = """
const bytes = new Uint8Array(require("fs").readFileSync(process.argv[1]));
require("gltf-validator").validateBytes(bytes, {maxIssues: 0}).then(report => console.log(JSON.stringify(report.issues)));
"""


@pytest.fixture
def ball():
    """A sphere of 90 mm around (10, 20, 30), in random colors, under an atlas in which every triangle lies anywhere."""
    sphere = trimesh.creation.icosphere(subdivisions=2, radius=90.)
    uvs = np.random.default_rng(1).uniform(.01, .99, [sphere.faces.size, 2])
    return Mesh(sphere.vertices + [10., 20., 30.], sphere.faces, np.random.default_rng(0).uniform(size=sphere.vertices.shape),
                Atlas(uvs, np.arange(len(uvs)).reshape(-1, 3)))


@pytest.fixture
def texture():
    """Red is u, green is v."""
    ramp = np.arange(256, dtype=np.uint8)
    return np.stack([*np.broadcast_arrays(ramp, ramp[::-1, None], 7)], 2).astype(np.uint8)


@pytest.fixture
def blendshapes(ball):
    """A bump of a few vertices, a move of all, and one of none."""
    bump = np.zeros_like(ball.vertices)
    bump[[3, 7, 50]] = [[1., 2., 3.], [0., -5., 0.], [.5, 0., 0.]]
    return {"bump": bump, "rise": np.full_like(bump, [0., 4., 0.]), "nothing": np.zeros_like(bump)}


@pytest.fixture
def track(blendshapes):
    """Four moments of a head that turns more than once around as the blendshapes come and go."""
    turns = Rotation.from_rotvec(np.outer([0., 150., 300., 450.], [.6, 0., .8]), degrees=True)
    weights, places = np.random.default_rng(2).uniform(size=[2, 4, 3])
    return gltf.Track(np.array([0., .04, .5, 2.]), weights, turns.as_matrix(), 500. * places)


class Glb:
    """What is in a GLB file, read by the words of the specification."""

    def __init__(self, content):
        magic, version, length, json_length, kind = struct.unpack("<4sIIII", content[:20])
        assert (magic, version, length, kind) == (b"glTF", 2, len(content), 0x4E4F534A) and json_length % 4 == 0
        self.json, self._binary = json.loads(content[20:20 + json_length]), content[28 + json_length:]
        assert struct.unpack("<II", content[20 + json_length:28 + json_length]) == (len(self._binary), 0x004E4942)
        self.primitive, = self.json["meshes"][0]["primitives"]

    def attribute(self, name):
        return self.accessor(self.primitive["attributes"][name])

    def accessor(self, number):
        accessor = self.json["accessors"][number]
        size = {"SCALAR": 1, "VEC2": 2, "VEC3": 3, "VEC4": 4}[accessor["type"]]
        if "bufferView" in accessor:
            return self._view(accessor, accessor).reshape(accessor["count"], size)
        values, sparse = np.zeros([accessor["count"], size], np.float32), accessor["sparse"]
        rows, moved = self._view(sparse["indices"], sparse["indices"]), self._view(sparse["values"], accessor)
        assert len(rows) == sparse["count"]
        values[rows] = moved.reshape(-1, size)
        return values

    def _view(self, place, typed):
        view, kind = self.json["bufferViews"][place["bufferView"]], {5126: "<f4", 5125: "<u4", 5123: "<u2"}[typed["componentType"]]
        assert view["byteOffset"] % 4 == 0
        return np.frombuffer(self._binary, kind, view["byteLength"] // np.dtype(kind).itemsize, view["byteOffset"])


@pytest.mark.parametrize("scale", [1., 1.01, 1.001, 1.1, 2., 3.])  # so that the text has every length modulo four
def test_it_is_well_formed_and_lit(ball, scale):
    glb = Glb(gltf.encode(dataclasses.replace(ball, vertices=scale * ball.vertices)))
    material = glb.json["materials"][glb.primitive["material"]]
    assert material["pbrMetallicRoughness"]["metallicFactor"] == 0. and "extensions" not in material
    position, normal = glb.attribute("POSITION"), glb.attribute("NORMAL")
    accessor = glb.json["accessors"][glb.primitive["attributes"]["POSITION"]]
    np.testing.assert_allclose([accessor["min"], accessor["max"]], [position.min(0), position.max(0)], rtol=1e-6)
    outward = (position / scale - [.01, .02, .03]) / .09
    assert (np.sum(normal * outward, 1) > .999).all()


def test_the_texture_lies_on_the_surface_as_the_atlas_says(tmp_path, ball, texture):
    path = tmp_path / "ball.glb"
    path.write_bytes(gltf.encode(ball, images.png(texture)))
    mesh, = trimesh.load_scene(path, process=False).geometry.values()
    np.testing.assert_allclose(mesh.triangles, ball.vertices[ball.triangles] / 1000., atol=1e-6)
    np.testing.assert_array_equal(mesh.visual.material.baseColorTexture, texture)
    uvs = mesh.visual.uv[mesh.faces]  # with v up, as trimesh turns it
    np.testing.assert_allclose(uvs, ball.uvs.uvs[ball.uvs.corners], atol=1e-6)
    assert "color" not in mesh.visual.vertex_attributes  # it would be multiplied with the texture
    outward = (mesh.vertices - [.01, .02, .03]) / .09
    assert (np.sum(mesh.vertex_normals * outward, 1) > .999).all()


@pytest.mark.parametrize("textured", [False, True])
def test_blendshapes_are_morph_targets_by_their_names(ball, texture, blendshapes, textured):
    glb = Glb(gltf.encode(ball, images.png(texture) if textured else None, blendshapes))
    mesh, = glb.json["meshes"]
    assert mesh["extras"]["targetNames"] == list(blendshapes) and mesh["weights"] == [0., 0., 0.]
    triangles = glb.accessor(glb.primitive["indices"]).reshape(-1, 3)
    for target, moves in zip(glb.primitive["targets"], blendshapes.values(), strict=True):
        found = glb.accessor(target["POSITION"])
        np.testing.assert_allclose(found[triangles], moves[ball.triangles] / 1000., atol=1e-7)
        accessor = glb.json["accessors"][target["POSITION"]]
        np.testing.assert_allclose([accessor["min"], accessor["max"]], [found.min(0), found.max(0)], rtol=1e-6)


@pytest.mark.parametrize("textured", [False, True])
def test_blendshapes_turn_the_normals_as_the_moved_surface_lies(ball, texture, blendshapes, textured):
    blendshapes["twist"] = ball.vertices[:, [1, 0, 2]] * [-.3, .3, 0.]
    glb = Glb(gltf.encode(ball, images.png(texture) if textured else None, blendshapes))
    triangles, base = glb.accessor(glb.primitive["indices"]).reshape(-1, 3), glb.attribute("NORMAL")
    for target, moves in zip(glb.primitive["targets"], blendshapes.values(), strict=True):
        found = base + glb.accessor(target["NORMAL"])
        expected = normals.vertex_normals(ball.vertices + moves, ball.triangles)
        np.testing.assert_allclose(found[triangles], expected[ball.triangles], atol=.021)  # what turns less is left out


def test_a_blendshape_of_few_vertices_takes_little_room(ball, blendshapes):
    plain, bump, rise = (len(gltf.encode(ball, None, wanted)) for wanted in (
        None, {"bump": blendshapes["bump"]}, {"rise": blendshapes["rise"]}))
    bytes_of_one, around = 12 + 2, 3 * 7  # the three vertices and their neighbors, whose normals turn
    assert rise - bump > (len(ball.vertices) - 3 - around) * bytes_of_one and bump - plain < 1300


def test_a_blendshape_of_nothing_takes_next_to_none(ball, blendshapes):
    bump, nothing = blendshapes["bump"], blendshapes["nothing"]
    plain, neutral = (len(gltf.encode(ball, None, wanted)) for wanted in ({"bump": bump}, {"bump": bump, "neutral": nothing}))
    assert neutral - plain < 900  # of JSON


@pytest.mark.parametrize("textured", [False, True])
def test_a_blendshape_may_turn_the_whole_head(ball, texture, textured):
    turn = Rotation.from_euler("yx", [35, 10], degrees=True).as_matrix()
    glb = Glb(gltf.encode(ball, images.png(texture) if textured else None, {"fitted": ball.vertices @ turn.T - ball.vertices}))
    target, = glb.primitive["targets"]
    for name, atol in [("POSITION", 1e-6), ("NORMAL", .02)]:
        plain = glb.attribute(name)
        np.testing.assert_allclose(plain + glb.accessor(target[name]), plain @ turn.T, atol=atol)


def test_the_face_is_shown_at_its_weights(ball, blendshapes):
    mesh, = Glb(gltf.encode(ball, None, blendshapes, {"nothing": 1, "rise": np.float32(.25)})).json["meshes"]
    assert mesh["extras"]["targetNames"] == ["bump", "rise", "nothing"] and mesh["weights"] == [0., .25, 1.]


def test_a_weight_of_an_unknown_blendshape_is_named(ball, blendshapes):
    with pytest.raises(ValueError, match="^found weights of smile, wink, expected some of bump, rise, nothing$"):
        gltf.encode(ball, None, blendshapes, {"smile": 1., "bump": 1., "wink": 0.})
    with pytest.raises(ValueError, match="^found weights of smile, expected some of no blendshapes$"):
        gltf.encode(ball, None, None, {"smile": 1.})


def animation(glb):
    """{path: (times, values)} of the only animation's channels, which all move node 0 linearly."""
    animation, = glb.json["animations"]
    assert animation["name"] == "track" and all(each["interpolation"] == "LINEAR" for each in animation["samplers"])
    assert all(channel["target"]["node"] == 0 for channel in animation["channels"]) and len(glb.json["nodes"]) == 1
    samplers = {each["target"]["path"]: animation["samplers"][each["sampler"]] for each in animation["channels"]}
    assert len(samplers) == len(animation["channels"])
    return {path: tuple(glb.accessor(sampler[each]) for each in ("input", "output")) for path, sampler in samplers.items()}


@pytest.mark.parametrize("moments", [1, 4])
def test_a_track_is_an_animation_of_the_node_and_the_weights(ball, blendshapes, track, moments):
    track = gltf.Track(*(each[:moments] for each in track))
    found = animation(Glb(gltf.encode(ball, None, blendshapes, track=track)))
    assert set(found) == {"weights", "rotation", "translation"}
    for times, _ in found.values():
        np.testing.assert_allclose(times[:, 0], track.times, rtol=1e-6)
    np.testing.assert_allclose(found["weights"][1].reshape(moments, 3), track.weights, rtol=1e-6)
    np.testing.assert_allclose(found["translation"][1], track.translations / 1000., rtol=1e-6)
    np.testing.assert_allclose(Rotation.from_quat(found["rotation"][1]).as_matrix(), track.rotations, atol=1e-6)


def test_rotations_go_the_shorter_way(ball, blendshapes, track):
    quaternions = animation(Glb(gltf.encode(ball, None, blendshapes, track=track)))["rotation"][1]
    half_angles = np.deg2rad([[0.], [75.], [150.], [225.]])
    expected = np.hstack([np.sin(half_angles) * [.6, 0., .8], np.cos(half_angles)])
    np.testing.assert_allclose(quaternions * np.sign(quaternions[0, 3]), expected, atol=1e-6)


def test_without_blendshapes_a_track_moves_the_head(ball, track):
    assert set(animation(Glb(gltf.encode(ball, track=track._replace(weights=np.empty([4, 0])))))) == {"rotation", "translation"}


@pytest.mark.parametrize("wrong, said", [
    ({"weights": np.zeros([4, 2])}, r"found a track of shapes \(\(4,\), \(4, 2\), .*expected \(N,\), \(N, 3\), .* 3 blendshapes"),
    ({"rotations": np.zeros([4, 4])}, "shapes"), ({"translations": np.zeros([3, 3])}, "shapes"), ({"times": 0.}, "shapes"),
    ({name: np.zeros([0, *size]) for name, size in zip(gltf.Track._fields, [[], [3], [3, 3], [3]], strict=True)}, "shapes"),
    ({"times": [-1., 0., 1., 2.]}, r"found -1.0 s as number 0 of a track's times, expected them to increase, from 0 on"),
    ({"times": [0., 1., 1., 2.]}, "found 1.0 s as number 2"), ({"times": [0., 1., 2., np.nan]}, "found nan s as number 3"),
    ({"times": [100., 100.000001, 101., 102.]}, "found 100.0 s as number 1"), ({"times": [0., 1., 2., np.inf]}, "found inf s")])
def test_a_track_of_wrong_shapes_or_times_is_told_in_one_line(ball, blendshapes, track, wrong, said):
    with pytest.raises(ValueError, match=said) as caught:
        gltf.encode(ball, None, blendshapes, track=track._replace(**wrong))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("count", [2**16, 2**16 + 1])
def test_the_last_vertex_of_many_is_moved(count):
    vertices, moves = np.random.default_rng(0).normal(size=[count, 3]), np.zeros([count, 3])
    moves[-1] = 1., 2., 3.
    glb = Glb(gltf.encode(Mesh(vertices, np.arange(6).reshape(2, 3)), None, {"last": moves}))
    np.testing.assert_allclose(glb.accessor(glb.primitive["targets"][0]["POSITION"])[-1], moves[-1] / 1000., rtol=1e-6)


def test_a_texture_needs_uvs(ball, texture):
    with pytest.raises(ValueError, match=r"found Mesh\(.*\) and a texture, expected uvs to lay it on by; lay them out"):
        gltf.encode(dataclasses.replace(ball, uvs=None), images.png(texture))


@pytest.fixture(scope="session")
def khronos_issues(npm):
    """A function from the path of a GLB to all that the Khronos validator has to say about it."""
    folder = npm("gltf-validator@2.0.0-dev.3.10")
    return lambda path: json.loads(subprocess.run(["node", "-e", VALIDATE, str(path)], cwd=folder, check=True, capture_output=True,
                                                  text=True).stdout)["messages"]


@pytest.mark.parametrize("textured", [False, True])
@pytest.mark.parametrize("moving", [False, True])
def test_the_khronos_validator_finds_nothing_to_say(tmp_path, ball, texture, blendshapes, khronos_issues, textured, moving):
    path = tmp_path / "ball.glb"
    path.write_bytes(gltf.encode(ball, images.png(texture) if textured else None, blendshapes if moving else None))
    assert khronos_issues(path) == []


@pytest.mark.parametrize("moments", [1, 4])
def test_nor_about_a_track(tmp_path, ball, blendshapes, track, khronos_issues, moments):
    track = gltf.Track(*(each[:moments] for each in track))
    for name, content in [("moved", gltf.encode(ball, None, blendshapes, {"rise": 1.}, track)),
                          ("rigid", gltf.encode(ball, track=track._replace(weights=np.empty([moments, 0]))))]:
        path = tmp_path / f"{name}.glb"
        path.write_bytes(content)
        assert khronos_issues(path) == []


@pytest.mark.slow
@pytest.mark.parametrize("name", ["embedded", "FaceXModel"])
def test_nor_about_a_real_model(tmp_path, khronos_issues, name, request):
    if name != "embedded":
        data_folder = request.getfixturevalue("data_folder")
        with tarfile.open(data_folder / "ict_facekit" / "FaceXModel.tar.xz") as archive:
            archive.extractall(tmp_path, filter="data")
        name = tmp_path
    model = morphable.load(name)
    (tmp_path / "face.glb").write_bytes(gltf.encode(model.mean, None, model.blendshapes))
    assert khronos_issues(tmp_path / "face.glb") == []
