import cv2
import numpy as np
import pytest
import skimage.data

from morph3d.data import face_crops, photos

# Read off the enlarged picture by eye: eye, eye, nose tip, corners of the mouth.
ASTRONAUT_POINTS = [(204., 101.), (247., 103.), (224., 127.), (203., 139.), (244., 141.)]
MIRROR = [1, 0, 2, 4, 3]


@pytest.fixture(scope="module")
def astronaut():
    return skimage.data.astronaut()


@pytest.fixture(scope="module")
def points(astronaut):
    return face_crops.detect(astronaut)


def test_finds_the_five_points_in_order(points):
    assert points.shape == (5, 2) and points.dtype == np.float32
    np.testing.assert_allclose(points, ASTRONAUT_POINTS, atol=4.)


def test_points_of_the_mirrored_photo_are_mirrored(astronaut, points):
    mirrored = face_crops.detect(np.ascontiguousarray(astronaut[:, ::-1]))[MIRROR]
    mirrored[:, 0] = 512. - mirrored[:, 0]
    np.testing.assert_allclose(mirrored, points, atol=2.5)
    assert np.abs(np.mean(mirrored - points, 0)).max() < .6  # a wrong pixel centre would show here


@pytest.mark.parametrize("scale", [.5, 3.])
def test_points_scale_with_the_photo(astronaut, points, scale):
    size = int(512 * scale)
    found = face_crops.detect(cv2.resize(astronaut, (size, size), interpolation=cv2.INTER_AREA))
    np.testing.assert_allclose(found / scale, points, atol=1.5)


def test_takes_the_largest_face_near_the_centre(astronaut):
    face = astronaut[:256, 96:352]
    photo = np.full([400, 640, 3], 90, np.uint8)
    photo[70:326, 200:456] = face
    photo[8:136, 504:632] = cv2.resize(face, (128, 128), interpolation=cv2.INTER_AREA)
    np.testing.assert_allclose(face_crops.detect(photo), np.array(ASTRONAUT_POINTS) + [200. - 96., 70.], atol=4.)


def test_many_photos_of_different_sizes_equal_one_by_one(astronaut):
    small = cv2.resize(astronaut, (256, 256), interpolation=cv2.INTER_AREA)
    empty = np.full([256, 256, 3], 127, np.uint8)
    many = [small, astronaut, empty, np.ascontiguousarray(small[:, ::-1]), astronaut[:400, :300]]
    for together, photo in zip(face_crops.detect_all(many), many, strict=True):
        alone = face_crops.detect(photo)
        if photo is empty:
            assert together is None and alone is None
        else:
            np.testing.assert_allclose(together, alone, atol=.05)


@pytest.mark.parametrize("shape", [(200, 200, 3), (1, 1, 3), (8, 8, 3), (900, 2, 3)])
def test_no_face_gives_none(shape):
    assert face_crops.detect(np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)) is None


def test_no_photos_give_no_points():
    assert face_crops.detect_all([]) == []


def test_traces_once_for_all_sizes(astronaut):
    for size in 100, 150, 210:
        face_crops.detect(cv2.resize(astronaut, (size, size + 7)))
    assert face_crops._stages()[0].experimental_get_tracing_count() == 1


@pytest.mark.parametrize("photo", [np.zeros([9, 9, 3], np.float32), np.zeros([9, 9], np.uint8), np.zeros([9, 9, 4], np.uint8)])
def test_wrong_photo_is_named(photo):
    with pytest.raises(ValueError, match=r"photo must be uint8 of shape \[H, W, 3\], but is (float32|uint8) of shape \[9, 9"):
        face_crops.detect(photo)


def test_finds_nearly_every_real_face_near_the_centre(data_folder):
    paths = photos.find(data_folder / "photos" / "test")[:200]
    found = face_crops.detect_all([photos.read(path) for path in paths])
    centres = np.array([points.mean(0) for points in found if points is not None])
    assert len(centres) >= 198
    assert np.mean(np.linalg.norm(centres - 125., axis=1) < 30.) > .98  # the collection centres its faces
