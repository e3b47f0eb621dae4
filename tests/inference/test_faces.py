"""From a photo to files."""
import cv2
import numpy as np
import pytest
import skimage.data
import trimesh

from morph3d import decoder
from morph3d.inference import export, faces


@pytest.fixture(scope="module")
def reconstructor(tiny_model, tiny_encoder, tmp_path_factory):
    network = decoder.build(tiny_encoder.feature_size, tiny_model.shape_size, tiny_model.texture_size, hidden=(16,))
    folder = tmp_path_factory.mktemp("export") / "saved_model"
    export.save(export.Reconstructor(tiny_encoder, network, tiny_model), folder)
    return export.load(folder)


@pytest.fixture(scope="module")
def face(reconstructor, tmp_path_factory):
    path = tmp_path_factory.mktemp("photos") / "astronaut.png"
    faces.write_picture(path, skimage.data.astronaut())
    return faces.reconstruct(reconstructor, path)


def test_the_crop_shows_the_face(face):
    assert face.crop.shape == (32, 32, 3)
    eyes, cheeks = face.crop[10:12, [9, 10, 21, 22]].mean(), face.crop[15:17, [9, 10, 21, 22]].mean()
    assert eyes < .8 * cheeks  # where the template has them


def test_all_files_are_written_and_hold_the_face(face, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    paths = faces.write(face, tmp_path / "faces", "astronaut")
    assert [path.name for path in paths] == [
        "astronaut.glb", "astronaut.ply", "astronaut.obj", "astronaut.mtl", "astronaut_texture.png", "astronaut_views.png"]
    assert sorted((tmp_path / "faces").iterdir()) == sorted(paths)
    for path, scale in zip(paths[:3], (1000., 1., 1.)):
        mesh = trimesh.load(path, process=False, force="mesh")
        np.testing.assert_allclose(scale * mesh.triangles, face.vertices[face.triangles], atol=1e-3)
    middles = trimesh.visual.color.uv_to_color(mesh.visual.uv[mesh.faces].mean(1), mesh.visual.material.image)[:, :3] / 255.
    np.testing.assert_allclose(middles, face.colors[face.triangles].mean(1), atol=.02)
    assert cv2.imread(str(paths[-1])).shape == (448, 4 * 448, 3)


def test_views_turn_the_face_to_the_left_and_to_the_right_of_the_picture(face):
    front = face.vertices[:, 2] > 60.
    views = faces.draw_views(face._replace(colors=np.where(front[:, None], [0., 1., 0.], [1., 0., 0.])), size=64)
    columns = [np.nonzero(view[..., 1] > view[..., 0] + .1)[1].mean() for view in views]
    assert columns[0] < 28. and columns[1] == pytest.approx(31.5, abs=1.5) and columns[2] > 36.


def test_written_pictures_are_read_back_as_they_were(tmp_path):
    picture = np.random.default_rng(0).integers(0, 256, [4, 6, 3], np.uint8)
    faces.write_picture(tmp_path / "a.png", picture)
    np.testing.assert_array_equal(cv2.imread(str(tmp_path / "a.png"))[..., ::-1], picture)


def test_a_photo_without_a_face_is_an_error_that_names_it(reconstructor, tmp_path):
    path = tmp_path / "coffee.png"
    faces.write_picture(path, skimage.data.coffee())
    with pytest.raises(ValueError, match="coffee.png: no face found"):
        faces.reconstruct(reconstructor, path)


def test_a_file_that_is_no_photo_is_an_error_that_names_it(reconstructor, tmp_path):
    (tmp_path / "note.jpg").write_text("not a photo")
    with pytest.raises(ValueError, match="note.jpg: not an image"):
        faces.reconstruct(reconstructor, tmp_path / "note.jpg")
