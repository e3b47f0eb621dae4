"""What is written can be read by another library, in the units and colours that the formats ask for."""
import json
import os
import struct

import numpy as np
import pytest
import trimesh

from morph3d.morphable import mesh_io, normals


@pytest.fixture
def ball():
    """A sphere of 90 mm around (10, 20, 30), in random colours."""
    sphere = trimesh.creation.icosphere(subdivisions=2, radius=90.)
    colors = np.random.default_rng(0).uniform(size=sphere.vertices.shape)
    return sphere.vertices + np.array([10., 20., 30.]), colors, sphere.faces


def _read(path):
    mesh, = trimesh.load_scene(path, process=False).geometry.values()
    # Beside a material, trimesh keeps the colours as they are in the file.
    visual = mesh.visual
    colors = visual.vertex_attributes["color"] if visual.kind == "texture" else visual.vertex_colors / 255.
    return mesh.vertices, colors[:, :3], mesh.faces


@pytest.mark.parametrize("extension", [".obj", ".ply", ".PLY"])
def test_obj_and_ply_keep_millimetres_and_srgb(tmp_path, ball, extension):
    path = tmp_path / f"face{extension}"
    mesh_io.write(path, *ball)
    vertices, colors, triangles = _read(path)
    np.testing.assert_allclose(vertices, ball[0], atol=1e-4)
    np.testing.assert_allclose(colors, ball[1], atol=1. / 255.)
    np.testing.assert_array_equal(triangles, ball[2])


def test_glb_is_in_metres_and_linear_light(tmp_path, ball):
    path = tmp_path / "face.glb"
    vertices, colors, faces = ball
    colors[:3] = [[0., .5, 1.], [.04, .2, .8], [.75, .735356983, .04045]]
    mesh_io.write(path, vertices, colors, faces)
    read_vertices, read_colors, triangles = _read(path)
    np.testing.assert_allclose(read_vertices, vertices / 1000., atol=1e-6)
    np.testing.assert_array_equal(triangles, faces)
    # The definition of sRGB: known pairs of encoded and linear values.
    linear = [[0., .21404114, 1.], [.0030960, .0331048, .6038273], [.5225216, .5, .0031308]]
    np.testing.assert_allclose(read_colors[:3], linear, atol=1e-6)
    assert trimesh.load(path, force="mesh").volume == pytest.approx(trimesh.Trimesh(*ball[::2]).volume * 1e-9, rel=1e-4)


@pytest.mark.parametrize("scale", [1., 1.01, 1.001, 1.1, 2., 3.])  # so that the text has every length modulo four
def test_glb_is_well_formed_and_lit(tmp_path, ball, scale):
    path = tmp_path / "face.glb"
    mesh_io.write(path, scale * ball[0], *ball[1:])
    content = path.read_bytes()
    magic, version, length, json_length, kind = struct.unpack("<4sIIII", content[:20])
    assert (magic, version, length, kind) == (b"glTF", 2, len(content), 0x4E4F534A)
    assert json_length % 4 == 0
    gltf = json.loads(content[20:20 + json_length])
    binary = content[28 + json_length:]
    assert struct.unpack("<II", content[20 + json_length:28 + json_length]) == (len(binary), 0x004E4942)
    primitive = gltf["meshes"][0]["primitives"][0]
    material = gltf["materials"][primitive["material"]]
    assert material["pbrMetallicRoughness"]["metallicFactor"] == 0. and "extensions" not in material

    position, normal = (_accessor(gltf, binary, primitive["attributes"][name]) for name in ("POSITION", "NORMAL"))
    accessor = gltf["accessors"][primitive["attributes"]["POSITION"]]
    np.testing.assert_allclose([accessor["min"], accessor["max"]], [position.min(0), position.max(0)], rtol=1e-6)
    outward = (position / scale - [.01, .02, .03]) / .09
    assert (np.sum(normal * outward, 1) > .999).all()


def _accessor(gltf, binary, index):
    view = gltf["bufferViews"][gltf["accessors"][index]["bufferView"]]
    return np.frombuffer(binary, "<f4", view["byteLength"] // 4, view["byteOffset"]).reshape(-1, 3)


@pytest.mark.parametrize("extension", [".obj", ".ply", ".glb"])
def test_colors_beyond_the_range_are_clipped(tmp_path, ball, extension):
    path = tmp_path / f"face{extension}"
    vertices, colors, faces = ball
    colors[0], colors[1] = -.2, 1.3
    mesh_io.write(path, vertices, colors, faces)
    np.testing.assert_array_equal(_read(path)[1][:2], [[0.] * 3, [1.] * 3])


@pytest.mark.parametrize("name", ["face.stl", "face"])
def test_an_unknown_extension_is_refused(tmp_path, ball, name):
    with pytest.raises(ValueError, match=r"found extension \"(.stl)?\", expected .obj, .ply, .glb"):
        mesh_io.write(tmp_path / name, *ball)


def test_a_batch_is_refused(tmp_path, ball):
    vertices, colors, faces = ball
    with pytest.raises(ValueError, match=r"found vertices \(1, 162, 3\).*one face of a batch at a time"):
        mesh_io.write(tmp_path / "face.obj", vertices[None], colors[None], faces)


def test_not_a_number_is_refused_and_the_old_file_stays(tmp_path, ball):
    path = tmp_path / "face.ply"
    mesh_io.write(path, *ball)
    before = path.read_bytes()
    ball[0][5, 1] = np.nan
    with pytest.raises(ValueError, match="not finite"):
        mesh_io.write(path, *ball)
    assert path.read_bytes() == before


def test_an_interrupted_write_leaves_the_old_file_and_nothing_else(tmp_path, ball, monkeypatch):
    path = tmp_path / "face.ply"
    mesh_io.write(path, *ball)
    before = path.read_bytes()

    def fail(*_):
        raise OSError("disk full")

    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(OSError, match="disk full"):
        mesh_io.write(path, ball[0] + 1., *ball[1:])
    assert path.read_bytes() == before and os.listdir(tmp_path) == ["face.ply"]


def test_normals_of_a_sphere_and_of_a_lonely_vertex(ball):
    vertices, _, faces = ball
    got = normals.vertex_normals(np.vstack([vertices, [[0., 0., 0.]]]), faces)
    assert (np.sum(got[:-1] * (vertices - [10., 20., 30.]) / 90., 1) > .999).all()
    np.testing.assert_allclose(np.linalg.norm(got, axis=1), 1., atol=1e-9)
    np.testing.assert_array_equal(got[-1], [0., 0., 1.])
