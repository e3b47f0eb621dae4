"""What is written can be read by another library, in the units and colors that the formats ask for."""
import dataclasses
import os
import pathlib

import numpy as np
import pytest
import trimesh

from morph3d.mesh import normals, writers
from morph3d.mesh.mesh import Mesh
from morph3d.mesh.uv_atlas import Atlas


@pytest.fixture
def ball():
    """A sphere of 90 mm around (10, 20, 30), in random colors."""
    sphere = trimesh.creation.icosphere(subdivisions=2, radius=90.)
    return Mesh(sphere.vertices + [10., 20., 30.], sphere.faces, np.random.default_rng(0).uniform(size=sphere.vertices.shape))


def moved(mesh):
    return dataclasses.replace(mesh, vertices=mesh.vertices + 1.)


def _read(path):
    mesh, = trimesh.load_scene(path, process=False).geometry.values()
    # Beside a material, trimesh keeps the colors as they are in the file.
    visual = mesh.visual
    colors = visual.vertex_attributes["color"] if visual.kind == "texture" else visual.vertex_colors / 255.
    return mesh.vertices, colors[:, :3], mesh.faces


@pytest.mark.parametrize("extension", [".obj", ".ply", ".PLY"])
def test_obj_and_ply_keep_millimeters_and_srgb(tmp_path, ball, extension):
    path = tmp_path / f"face{extension}"
    writers.write(path, ball)
    vertices, colors, triangles = _read(path)
    np.testing.assert_allclose(vertices, ball.vertices, atol=1e-4)
    np.testing.assert_allclose(colors, ball.colors, atol=1. / 255.)
    np.testing.assert_array_equal(triangles, ball.triangles)


def test_glb_is_in_meters_and_linear_light(tmp_path, ball):
    path = tmp_path / "face.glb"
    known = [[0., .5, 1.], [.04, .2, .8], [.75, .735356983, .04045]]
    writers.write(path, dataclasses.replace(ball, colors=[*known, *ball.colors[3:]]))
    vertices, colors, triangles = _read(path)
    np.testing.assert_allclose(vertices, ball.vertices / 1000., atol=1e-6)
    np.testing.assert_array_equal(triangles, ball.triangles)
    # The definition of sRGB: known pairs of encoded and linear values.
    linear = [[0., .21404114, 1.], [.0030960, .0331048, .6038273], [.5225216, .5, .0031308]]
    np.testing.assert_allclose(colors[:3], linear, atol=1e-6)
    volume = trimesh.Trimesh(ball.vertices, triangles).volume
    assert trimesh.load(path, force="mesh").volume == pytest.approx(volume * 1e-9, rel=1e-4)


@pytest.fixture
def textured(ball):
    """What `write_textured` takes: the ball with an atlas in which every triangle lies anywhere, a texture (red u, green v)."""
    uvs = np.random.default_rng(1).uniform(.01, .99, [ball.triangles.size, 2])
    ramp = np.arange(256, dtype=np.uint8)
    texture = np.stack([*np.broadcast_arrays(ramp, ramp[::-1, None], 7)], 2).astype(np.uint8)
    return dataclasses.replace(ball, uvs=Atlas(uvs, np.arange(len(uvs)).reshape(-1, 3))), texture


@pytest.mark.parametrize("name", ["face", "Zoë's  face (1)"])
def test_textured_obj_keeps_surface_winding_and_normals_and_its_texture_is_found(tmp_path, textured, name):
    ball, texture = textured
    paths = writers.write_textured(tmp_path / f"{name}.obj", *textured)
    assert sorted(tmp_path.iterdir()) == sorted(paths) and paths[0].name == f"{name}.obj"
    mesh, = trimesh.load_scene(paths[0], process=False).geometry.values()
    np.testing.assert_allclose(mesh.triangles, ball.vertices[ball.triangles], atol=1e-4)
    assert mesh.volume > 0.
    outward = (mesh.vertices - [10., 20., 30.]) / 90.
    assert (np.sum(mesh.vertex_normals * outward, 1) > .999).all()
    uvs = mesh.visual.uv[mesh.faces]
    np.testing.assert_allclose(uvs, ball.uvs.uvs[ball.uvs.corners], atol=1e-6)
    image = mesh.visual.material.image
    np.testing.assert_array_equal(image, texture)
    # v points up: the reader's own look-up finds the color (u, v) at (u, v).
    colors = trimesh.visual.color.uv_to_color(uvs.reshape(-1, 2), image)[:, :2] / 255.
    np.testing.assert_allclose(colors, uvs.reshape(-1, 2), atol=1. / 255.)


def test_textured_obj_has_no_colors_that_would_be_multiplied_with_the_texture(tmp_path, textured):
    path, material, _ = writers.write_textured(tmp_path / "face.obj", *textured)
    assert all(len(line.split()) == 4 for line in path.read_text().splitlines() if line.startswith("v "))
    assert "Kd 1 1 1" in material.read_text().splitlines()


def test_names_of_textures_are_plain_and_differ_when_the_meshes_names_do(tmp_path, textured):
    names = [path.name for name in ("a b", "a_b", "日", "月", os.fsdecode(b"\xff"))
             for path in writers.write_textured(tmp_path / f"{name}.obj", *textured)[1:]]
    assert len(set(names)) == len(names) == 10
    assert all(name.isascii() and " " not in name for name in names)


def test_while_material_and_texture_change_there_is_no_obj(tmp_path, textured, monkeypatch):
    paths = writers.write_textured(tmp_path / "face.obj", *textured)
    replace, replaced = os.replace, []

    def watch(source, target):
        assert not paths[0].exists()
        replaced.append(pathlib.Path(target))
        replace(source, target)

    monkeypatch.setattr(os, "replace", watch)
    writers.write_textured(tmp_path / "face.obj", moved(textured[0]), textured[1])
    assert sorted(replaced) == sorted(paths) and replaced[-1] == paths[0]
    assert sorted(tmp_path.iterdir()) == sorted(paths)


@pytest.mark.parametrize("written", [0, 1, 2])
def test_a_full_disk_leaves_the_old_obj_material_and_texture_and_nothing_else(tmp_path, textured, monkeypatch, written):
    paths = writers.write_textured(tmp_path / "face.obj", *textured)
    before = [path.read_bytes() for path in paths]
    write, calls = pathlib.Path.write_bytes, []

    def fail(path, content):
        calls.append(path)
        if len(calls) > written:
            raise OSError("disk full")
        return write(path, content)

    monkeypatch.setattr(pathlib.Path, "write_bytes", fail)
    with pytest.raises(OSError, match="disk full"):
        writers.write_textured(tmp_path / "face.obj", moved(textured[0]), textured[1])
    assert [path.read_bytes() for path in paths] == before and sorted(tmp_path.iterdir()) == sorted(paths)


@pytest.mark.parametrize("change, message", [
    (lambda mesh, texture: (mesh, texture / 255.), r"found a texture float64 \(256, 256, 3\), expected uint8 \(size, size, 3\)"),
    (lambda mesh, texture: (mesh, texture[:9]), r"found a texture uint8 \(9, 256, 3\)"),
    (lambda mesh, texture: (dataclasses.replace(mesh, uvs=None), texture), "found a mesh without uvs, expected .* uv_atlas.read"),
])
def test_what_does_not_fit_together_is_refused_before_anything_is_written(tmp_path, textured, change, message):
    with pytest.raises(ValueError, match=f"face.obj: .*{message}"):
        writers.write_textured(tmp_path / "face.obj", *change(*textured))
    assert not list(tmp_path.iterdir())


def test_a_texture_beside_anything_but_obj_is_refused(tmp_path, textured):
    with pytest.raises(ValueError, match=r'face.glb: found extension ".glb", expected .obj; rename the output'):
        writers.write_textured(tmp_path / "face.glb", *textured)


@pytest.mark.parametrize("extension", [".obj", ".ply", ".glb"])
def test_colors_beyond_the_range_are_clipped(tmp_path, ball, extension):
    path = tmp_path / f"face{extension}"
    writers.write(path, dataclasses.replace(ball, colors=[[-.2] * 3, [1.3] * 3, *ball.colors[2:]]))
    np.testing.assert_array_equal(_read(path)[1][:2], [[0.] * 3, [1.] * 3])


@pytest.mark.parametrize("name", ["face.stl", "face"])
def test_an_unknown_extension_is_refused(tmp_path, ball, name):
    with pytest.raises(ValueError, match=r"found extension \"(.stl)?\", expected .obj, .ply, .glb"):
        writers.write(tmp_path / name, ball)


def test_an_interrupted_write_leaves_the_old_file_and_nothing_else(tmp_path, ball, monkeypatch):
    path = tmp_path / "face.ply"
    writers.write(path, ball)
    before = path.read_bytes()

    def fail(*_):
        raise OSError("disk full")

    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(OSError, match="disk full"):
        writers.write(path, moved(ball))
    assert path.read_bytes() == before and os.listdir(tmp_path) == ["face.ply"]


def test_normals_of_a_sphere_and_of_a_lonely_vertex(ball):
    got = normals.vertex_normals(np.vstack([ball.vertices, [[0., 0., 0.]]]), ball.triangles)
    assert (np.sum(got[:-1] * (ball.vertices - [10., 20., 30.]) / 90., 1) > .999).all()
    np.testing.assert_allclose(np.linalg.norm(got, axis=1), 1., atol=1e-9)
    np.testing.assert_array_equal(got[-1], [0., 0., 1.])
