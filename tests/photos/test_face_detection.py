"""Face detection: points in their order and place, of one photo or many, of the main face, all, or that in a box."""
import cv2
import numpy as np
import pytest

from morph3d.data import sources
from morph3d.photos import decoding, face_detection
from tests.photos import several_faces

# Read off the enlarged picture by eye: eye, eye, nose tip, corners of the mouth.
ASTRONAUT_POINTS = [(204., 101.), (247., 103.), (224., 127.), (203., 139.), (244., 141.)]
MIRROR = [1, 0, 2, 4, 3]


def test_finds_the_five_points_in_order(points):
    assert points.shape == (5, 2) and points.dtype == np.float32
    np.testing.assert_allclose(points, ASTRONAUT_POINTS, atol=4.)


def test_points_of_the_mirrored_photo_are_mirrored(astronaut, points):
    mirrored = face_detection.detect(np.ascontiguousarray(astronaut[:, ::-1]))[MIRROR]
    mirrored[:, 0] = 512. - mirrored[:, 0]
    np.testing.assert_allclose(mirrored, points, atol=2.5)
    assert np.abs(np.mean(mirrored - points, 0)).max() < .6  # a wrong pixel center would show here


@pytest.mark.parametrize("scale", [.5, 3.])
def test_points_scale_with_the_photo(astronaut, points, scale):
    size = int(512 * scale)
    found = face_detection.detect(cv2.resize(astronaut, (size, size), interpolation=cv2.INTER_AREA))
    np.testing.assert_allclose(found / scale, points, atol=2.)


def two_faces(astronaut):
    """A photo and the points of its two faces: a large one in the middle and one half as large in a corner."""
    face, points = astronaut[:256, 96:352], np.array(ASTRONAUT_POINTS) - [96., 0.]
    photo = np.full([400, 640, 3], 90, np.uint8)
    photo[70:326, 200:456] = face
    photo[8:136, 504:632] = cv2.resize(face, (128, 128), interpolation=cv2.INTER_AREA)
    return photo, [points + [200., 70.], points / 2. + [504., 8.]]


def test_takes_the_largest_face_near_the_center(astronaut):
    photo, faces = two_faces(astronaut)
    np.testing.assert_allclose(face_detection.detect(photo), faces[0], atol=4.)


def test_every_face_is_given_and_the_main_one_first():
    photo, faces = several_faces.row(16., 19., 17.)
    found, = face_detection.every_face([photo])
    np.testing.assert_array_equal(found[0], face_detection.detect(photo))
    np.testing.assert_allclose(found[0], faces[1], atol=2.)
    np.testing.assert_allclose(sorted(found.tolist()), sorted(faces.tolist()), atol=2.)
    assert face_detection.every_face([np.zeros([90, 90, 3], np.uint8)])[0].shape == (0, 5, 2)
    boxed, = face_detection.every_face([photo], [box_around(faces[2])])
    np.testing.assert_allclose(boxed, faces[2:], atol=2.)


def test_many_photos_of_different_sizes_equal_one_by_one(astronaut):
    small = cv2.resize(astronaut, (256, 256), interpolation=cv2.INTER_AREA)
    empty = np.full([256, 256, 3], 127, np.uint8)
    many = [small, astronaut, empty, np.ascontiguousarray(small[:, ::-1]), astronaut[:400, :300]]
    for together, photo in zip(face_detection.detect_all(many), many, strict=True):
        alone = face_detection.detect(photo)
        if photo is empty:
            assert together is None and alone is None
        else:
            np.testing.assert_allclose(together, alone, atol=.05)


def test_faces_at_the_edge_do_not_see_the_padding(astronaut):
    cut = [np.ascontiguousarray(astronaut[:bottom, left:right])
           for bottom in (131, 142, 155, 200) for left in (90, 120) for right in (236, 247, 260)]
    alone = list(map(face_detection.detect, cut))
    together = face_detection.detect_all([np.full([640, 640, 3], 255, np.uint8), *cut])[1:]
    assert sum(points is not None for points in alone) > 12
    for a, b in zip(alone, together, strict=True):
        np.testing.assert_allclose(a is None, b is None)
        if a is not None:
            np.testing.assert_allclose(a, b, atol=.05)


def test_what_is_found_does_not_depend_on_the_order_or_the_number_of_photos(astronaut, points):
    many = [cv2.resize(astronaut[:, :400], (side, side + 31), interpolation=cv2.INTER_AREA) for side in range(120, 200)]
    forward, backward = face_detection.detect_all(many), face_detection.detect_all(many[::-1])[::-1]
    for photo, a, b in zip(many, forward, backward, strict=True):
        np.testing.assert_allclose(a, b, atol=.05)
        scale = np.divide(photo.shape[1::-1], (400, 512))
        assert np.abs(a / scale - points).mean() < 8.


@pytest.mark.parametrize("shape", [(200, 200, 3), (1, 1, 3), (8, 8, 3), (900, 2, 3)])
def test_no_face_gives_none(shape):
    assert face_detection.detect(np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)) is None


def test_photos_without_any_candidate_give_none(astronaut, points):
    tiny = np.zeros([1, 1, 3], np.uint8)
    assert face_detection.detect_all([tiny, tiny]) == [None, None]
    none, found = face_detection.detect_all([tiny, astronaut])
    assert none is None
    np.testing.assert_allclose(found, points, atol=.05)


def box_around(points, shift=(0., 0.), scale=1.):
    """As MTCNN would give it: about a face's width and height, shifted by fractions of them and scaled."""
    center = np.mean(points, 0)
    half = np.array([1., 1.2]) * (points[1][0] - points[0][0]) * 1.1
    center = center + 2. * half * shift
    return (*(center - scale * half), *(center + scale * half))


@pytest.mark.parametrize("shift", [(0., 0.), (.2, 0.), (-.2, 0.), (0., .2), (0., -.2)])
@pytest.mark.parametrize("scale", [.8, 1., 1.2])
def test_a_rough_box_gives_the_points_of_the_full_search(astronaut, points, shift, scale):
    found = face_detection.detect(astronaut, box_around(points, shift, scale))
    assert found.shape == (5, 2) and found.dtype == np.float32
    np.testing.assert_allclose(found, points, atol=2.)


def test_each_box_selects_its_own_face(astronaut):
    photo, faces = two_faces(astronaut)
    boxes = [None, *map(box_around, faces), None]
    main, large, small, again = face_detection.detect_all([photo] * 4, boxes)
    np.testing.assert_allclose(large, faces[0], atol=4.)
    np.testing.assert_allclose(small, faces[1], atol=3.)
    np.testing.assert_allclose(main, large, atol=2.)
    np.testing.assert_array_equal(main, again)


def test_a_box_in_a_large_photo_selects_a_face_too_small_for_the_full_search(astronaut):
    photo = np.full([3000, 4000, 3], 90, np.uint8)
    photo[2000:2128, 100:228] = cv2.resize(astronaut[:256, 96:352], (128, 128), interpolation=cv2.INTER_AREA)
    face = (np.array(ASTRONAUT_POINTS) - [96., 0.]) / 2. + [100., 2000.]
    assert face_detection.detect(photo) is None
    np.testing.assert_allclose(face_detection.detect(photo, box_around(face)), face, atol=3.)


def test_a_box_without_a_face_gives_none(astronaut):
    photo, faces = two_faces(astronaut)
    beside = [box_around(faces[0], shift) for shift in [(2., 0.), (.55, 0.), (-.55, 0.), (0., .55), (0., -.55)]]
    empty = [(10., 200., 150., 390.), (-50., -50., 60., 60.), *beside]
    assert face_detection.detect_all([photo] * len(empty), empty) == [None] * len(empty)


@pytest.mark.parametrize("box", [(600., 10., 700., 110.), (10., -90., 99., 0.), (50., 50., 50., 90.), (90., 50., 20., 90.),
                                 (np.nan, 0., 9., 9.), (0., 0., np.inf, 9.)], ids=str)
def test_a_box_that_holds_no_pixel_gives_none(astronaut, box):
    assert face_detection.detect(astronaut, box) is None


def test_a_face_cut_by_the_edge_is_found_in_a_box_over_the_edge(astronaut, points):
    photo = np.ascontiguousarray(astronaut[:, 185:])  # through the right ear and cheek
    found = face_detection.detect(photo, box_around(points - [185., 0.]))
    np.testing.assert_allclose(found, points - [185., 0.], atol=6.)


def test_boxes_and_photos_must_be_as_many(astronaut):
    with pytest.raises(ValueError, match="as many boxes as photos, but there are 1 of 2"):
        face_detection.detect_all([astronaut] * 2, [None])


def test_no_photos_give_no_points():
    assert face_detection.detect_all([]) == []


@pytest.mark.parametrize("photo", [np.zeros([9, 9, 3], np.float32), np.zeros([9, 9], np.uint8), np.zeros([9, 9, 4], np.uint8)])
def test_wrong_photo_is_named(photo):
    with pytest.raises(ValueError, match=r"photo must be uint8 of shape \[H, W, 3\], but is (float32|uint8) of shape \[9, 9"):
        face_detection.detect(photo)


def test_finds_nearly_every_real_face_near_the_center(data_folder):
    paths = [photo.location for photo in sources.find(data_folder / "photos" / "test").photos[:200]]
    found = face_detection.detect_all([decoding.read(path) for path in paths])
    centers = np.array([points.mean(0) for points in found if points is not None])
    assert len(centers) >= 198
    assert np.mean(np.linalg.norm(centers - 125., axis=1) < 30.) > .98  # the collection centers its faces


def test_rough_boxes_give_the_points_of_the_full_search_on_real_photos(data_folder):
    listed = sources.find(data_folder / "photos" / "train").photos[:150]
    read = [decoding.read(photo.location) for photo in listed]
    full = face_detection.detect_all(read)
    rng = np.random.default_rng(0)
    boxes = [box_around(points, rng.uniform(-.2, .2, 2), rng.uniform(.8, 1.3)) for points in full]
    found = face_detection.detect_all(read, boxes)
    difference = np.array([np.abs(a - b).mean() for a, b in zip(found, full) if a is not None])
    assert len(difference) >= 149
    assert np.median(difference) < 1. and np.mean(difference < 3.) > .97  # of photos of 250 pixels
