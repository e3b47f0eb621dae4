"""A face's files and pictures."""
import dataclasses

import numpy as np
import PIL.Image
import pytest
import skimage.data
import trimesh

from morph3d.inference import faces
from morph3d.mesh import uv_atlas

NAMES = ["me.glb", "me.ply", "me.obj", "me.mtl", "me_texture.png", "me_views.png"]


@pytest.fixture(scope="module")
def face(tiny_reconstructor):
    return tiny_reconstructor.reconstruct(skimage.data.astronaut())


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.mark.parametrize("ending, scale", [(".glb", 1000.), (".obj", 1.), (".ply", 1.)])
def test_a_face_is_saved_by_the_ending_of_its_file(face, tmp_path, ending, scale):
    face.save(tmp_path / f"me{ending}")
    mesh = trimesh.load(tmp_path / f"me{ending}", process=False, force="mesh")
    np.testing.assert_allclose(scale * mesh.triangles, face.vertices[face.triangles], atol=1e-3)


def test_another_ending_is_refused(face, tmp_path):
    with pytest.raises(ValueError, match='me.stl: found extension ".stl", expected'):
        face.save(tmp_path / "me.stl")


def test_all_files_are_written_and_hold_the_face(face, tmp_path):
    paths = faces.write_all(face, tmp_path / "faces", "me")
    assert [path.name for path in paths] == NAMES and sorted((tmp_path / "faces").iterdir()) == sorted(paths)
    mesh = trimesh.load(paths[2], process=False, force="mesh")
    middles = trimesh.visual.color.uv_to_color(mesh.visual.uv[mesh.faces].mean(1), mesh.visual.material.image)[:, :3] / 255.
    np.testing.assert_allclose(middles, face.colors[face.triangles].mean(1), atol=.02)
    assert PIL.Image.open(paths[-1]).size == (4 * 448, 448)


def test_a_face_with_uvs_of_its_own_is_textured_by_these(face, tmp_path, monkeypatch):
    own = uv_atlas.build(face.mesh)
    monkeypatch.setattr(uv_atlas, "read", None)  # which would lay out another
    paths = faces.write_all(dataclasses.replace(face, uvs=own), tmp_path, "me")
    written = [line.split()[1:] for line in paths[2].read_text().splitlines() if line.startswith("vt ")]
    np.testing.assert_allclose(np.array(written, float), own.uvs, atol=1e-6)


def test_files_of_an_earlier_call_are_replaced(face, tmp_path):
    for vertices in face.vertices * 2., face.vertices:
        faces.write_all(dataclasses.replace(face, vertices=vertices), tmp_path, "me")
    mesh = trimesh.load(tmp_path / "me.ply", process=False)
    np.testing.assert_allclose(mesh.vertices, face.vertices, atol=1e-3)


@pytest.mark.parametrize("name", NAMES)
def test_files_of_somebody_else_stay_and_nothing_is_written_beside_them(face, tmp_path, name):
    (tmp_path / name).write_text("mine")
    with pytest.raises(ValueError, match=f"{name}: is there already and was not written by morph3d; move it away"):
        faces.write_all(face, tmp_path, "me")
    assert (tmp_path / name).read_text() == "mine" and [path.name for path in tmp_path.iterdir() if path.is_file()] == [name]


def test_views_turn_the_face_to_the_left_and_to_the_right_of_the_picture(face):
    front = face.vertices[:, 2] > 60.
    views = faces.draw_views(dataclasses.replace(face, colors=np.where(front[:, None], [0., 1., 0.], [1., 0., 0.])), size=64)
    columns = [np.nonzero(view[..., 1] > view[..., 0] + .1)[1].mean() for view in views]
    assert columns[0] < 28. and columns[1] == pytest.approx(31.5, abs=1.5) and columns[2] > 36.


def test_a_face_says_what_it_is(face):
    assert repr(face) == "Face(642 vertices, 4 shape and 3 texture coefficients)"
