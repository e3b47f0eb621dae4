"""From a photo, however it is given, to a face."""
import numpy as np
import PIL.Image
import pytest
import skimage.data

from morph3d import images
from morph3d.inference import reconstructor as reconstructors
from morph3d.photos import crops
from tests.photos import several_faces

PHOTO = skimage.data.astronaut()


@pytest.fixture(scope="module")
def photo(tmp_path_factory):
    path = tmp_path_factory.mktemp("photos") / "astronaut.png"
    images.write_png(path, PHOTO)
    return path


@pytest.fixture(scope="module")
def face(tiny_reconstructor, photo):
    return tiny_reconstructor.reconstruct(photo)


def test_the_crop_shows_the_face(face):
    assert face.crop.shape == (32, 32, 3)
    eyes, cheeks = face.crop[10:12, [9, 10, 21, 22]].mean(), face.crop[15:17, [9, 10, 21, 22]].mean()
    assert eyes < .8 * cheeks  # where the template has them


@pytest.mark.parametrize("given", [str, lambda path: PIL.Image.open(path), lambda path: PHOTO, lambda path: PHOTO / 255.,
                                   lambda path: PIL.Image.fromarray(PHOTO).convert("RGBA")],
                         ids=["text", "PIL", "uint8", "floats", "with alpha"])
def test_a_photo_is_the_same_however_it_is_given(tiny_reconstructor, photo, face, given):
    other = tiny_reconstructor.reconstruct(given(photo))
    np.testing.assert_array_equal(other.crop, face.crop)
    np.testing.assert_array_equal(other.vertices, face.vertices)


def test_a_gray_photo_is_taken(tiny_reconstructor):
    gray = PHOTO.mean(-1).astype(np.uint8)
    crop = tiny_reconstructor.reconstruct(gray).crop
    assert (crop == crop[..., :1]).all()


def test_a_list_gives_a_list(tiny_reconstructor, photo, face):
    faces = tiny_reconstructor.reconstruct([photo, PHOTO[:, ::-1]])
    np.testing.assert_array_equal(faces[0].shape, face.shape)
    assert len(faces) == 2 and (faces[1].shape != face.shape).any()


def test_a_face_is_what_the_network_makes_of_its_crop(tiny_reconstructor, tiny_model, face):
    made = tiny_reconstructor.network.reconstruct(images.to_float(face.crop[None]))
    for name in "vertices", "colors", "shape", "texture":
        np.testing.assert_array_equal(getattr(face, name), made[name][0])
    np.testing.assert_array_equal(face.landmarks, face.vertices[tiny_model.landmarks.numpy()])
    np.testing.assert_array_equal(face.triangles, tiny_model.triangles)


def test_one_that_was_saved_makes_the_same_faces(tiny_reconstructor, photo, face, tmp_path):
    tiny_reconstructor.save(tmp_path / "saved")
    loaded = reconstructors.load(tmp_path / "saved")
    assert repr(loaded) == repr(tiny_reconstructor) == "Reconstructor(32 x 32 pixels -> 642 vertices)"
    np.testing.assert_allclose(loaded.reconstruct(photo).vertices, face.vertices, atol=1e-3)


@pytest.mark.parametrize("photos, message", [
    (skimage.data.coffee(), "^photo: no face found; give a photo"),
    ([PHOTO, skimage.data.coffee()], "^photo 1: no face found"),
    (np.zeros([10]), r"an array of shape \[10\]; expected \[H, W, 3\]"),
    (PHOTO * 2., "from 0 to 510; expected floats in 0..1"),
    (PHOTO.astype(np.int64), "int64"),
])
def test_what_shows_no_face_or_is_no_photo_is_named(tiny_reconstructor, photos, message):
    with pytest.raises(ValueError, match=message):
        tiny_reconstructor.reconstruct(photos)


def test_a_file_without_a_face_is_named(tiny_reconstructor, tmp_path):
    images.write_png(tmp_path / "coffee.png", skimage.data.coffee())
    (tmp_path / "note.jpg").write_text("not a photo")
    for name, reason in ("coffee.png", "no face found"), ("note.jpg", "not an image"), ("nothing.jpg", "not a file"):
        with pytest.raises(ValueError, match=f"{name}: {reason}"):
            tiny_reconstructor.reconstruct(tmp_path / name)


@pytest.mark.parametrize("quarters, degrees", [(0, 0), (1, 270), (2, 180)])
def test_all_faces_are_given_from_left_to_right_and_too_small_ones_left_out(tiny_reconstructor, quarters, degrees, caplog):
    caplog.set_level("INFO", "absl")
    photo, points = several_faces.row(16., 19., 17.)
    expected = np.stack([crops.crop(photo, five, tiny_reconstructor) for five in points]).astype(float)
    faces = tiny_reconstructor.reconstruct_all(np.rot90(photo, quarters))
    assert np.abs([face.crop - crop for face, crop in zip(faces, expected, strict=True)]).mean((1, 2, 3)).max() < 10.
    two = tiny_reconstructor.reconstruct_all(np.rot90(several_faces.row(11., 19., 17.)[0], quarters))
    assert np.abs([face.crop - crop for face, crop in zip(two, expected[1:], strict=True)]).mean((1, 2, 3)).max() < 10.
    words = [f"photo: the photo is turned by {degrees} degrees: taken upright"] * 2 if degrees else []
    assert [record.getMessage() for record in caplog.records] == words


def test_the_other_faces_are_counted(tiny_reconstructor, caplog):
    with caplog.at_level("INFO", "absl"):
        for eyes in (16., 19., 17.), (11., 19., 17.), (11., 19., 11.):
            tiny_reconstructor.reconstruct(several_faces.row(*eyes)[0])
    words = "faces were seen: the main one is taken; ask for all to have each"
    assert [record.getMessage() for record in caplog.records] == [f"photo: 3 {words}", f"photo: 2 {words}"]


def test_where_all_faces_are_too_small_or_there_is_none_the_reason_is_given(tiny_reconstructor):
    words = "eyes 1[12] pixels apart, expected 13 or more; give a photo with a face of at least 30 pixels and a tenth of"
    with pytest.raises(ValueError, match=f"^photo: face too small: {words}"):
        tiny_reconstructor.reconstruct_all(several_faces.row(11., 12., 11.)[0])
    with pytest.raises(ValueError, match="^photo: no face found; give a photo with a face"):
        tiny_reconstructor.reconstruct_all(skimage.data.coffee())


def test_one_face_of_several_photos_is_that_of_their_mean_encoding(tiny_reconstructor, face, photo, monkeypatch):
    monkeypatch.setattr(reconstructors, "AT_A_TIME", 2)
    darker = [np.uint8(PHOTO * factor) for factor in (.8, .6)]
    average = tiny_reconstructor.average([photo, *darker])
    network = tiny_reconstructor.network
    seen = np.stack([face.crop, *(each.crop for each in tiny_reconstructor.reconstruct(darker))])
    features = np.mean([network.encode(images.to_float(crop[None]))[0] for crop in seen], 0)
    np.testing.assert_allclose(average.vertices, network.decode(features[None])["vertices"][0], atol=1e-4)
    np.testing.assert_array_equal(average.crop, face.crop)
    assert np.abs(average.shape - face.shape).max() > 1e-3
    with pytest.raises(ValueError, match="photo 1: no face found"):
        tiny_reconstructor.average([photo, np.zeros([64, 64, 3], np.uint8)])


def test_the_mean_face_is_the_models(tiny_reconstructor, tiny_model):
    mean = tiny_reconstructor.mean_face
    np.testing.assert_allclose(mean.vertices, tiny_model.mean_vertices, atol=1e-5)
    np.testing.assert_allclose(mean.colors, tiny_model.mean_colors, atol=1e-6)
    assert not mean.shape.any() and len(mean.shape) == 4 and len(mean.texture) == 3
