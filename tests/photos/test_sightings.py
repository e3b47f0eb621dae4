"""What is seen of photos: crops as `crops.crop` makes them, how they lie in the photo, and notes."""
import cv2
import numpy as np
import pytest
import skimage.data

from morph3d.photos import crops, face_detection, sightings

POINTS = np.float32([[60., 50.], [100., 52.], [80., 80.], [65., 100.], [95., 101.]])


@pytest.fixture
def found(monkeypatch):
    """A list for the points of the faces that are found in each photo, in place of a search."""
    points = []
    monkeypatch.setattr(face_detection, "every_face", lambda photos: [np.reshape(each, [-1, 5, 2]) for each in points])
    return points


@pytest.fixture
def photo():
    return np.random.default_rng(0).integers(0, 256, [300, 400, 3], np.uint8)


def test_the_main_face_is_seen_and_the_others_are_counted(found, photo, tiny_encoder):
    found.append([POINTS + [100., 0.], POINTS, POINTS + [200., 0.], POINTS * .1])
    seen, = sightings.look([("me.jpg", photo)], tiny_encoder)
    np.testing.assert_array_equal(seen.crops, [crops.crop(photo, POINTS + [100., 0.], tiny_encoder)])
    assert seen.notes == ["3 faces were seen: the main one is taken; ask for all to have each"]


def test_everybody_is_seen_from_left_to_right_but_for_the_too_small(found, photo, tiny_encoder):
    found.append([POINTS + [100., 0.], POINTS, POINTS + [200., 0.], POINTS * .1])
    seen, = sightings.look([("me.jpg", photo)], tiny_encoder, everybody=True)
    np.testing.assert_array_equal(seen.crops, [crops.crop(photo, POINTS + [right, 0.], tiny_encoder) for right in (0., 100., 200.)])
    assert seen.notes == [] and len(seen.framings) == 3


def test_the_framing_takes_the_photo_to_the_crop(found, tiny_encoder):
    photo = skimage.data.astronaut()[35:195, 145:305]
    found.append([[(59., 66.), (102., 68.), (79., 92.), (58., 104.), (99., 106.)]])
    seen, = sightings.look([("me.jpg", photo)], tiny_encoder)
    matrix, size = seen.framings[0]
    assert size == (160, 160)
    moved = np.float64(found[0][0]) @ matrix[:, :2].T + matrix[:, 2]
    residual = np.linalg.norm(moved - tiny_encoder.template, axis=1)
    assert residual.max() < 4.  # pixels of 32, the best that a similarity does
    matrix[:, 2] += matrix[:, :2] @ [.5, .5] - .5  # OpenCV counts from the first pixel's center
    by_matrix = cv2.warpAffine(cv2.GaussianBlur(photo, (0, 0), 2.), matrix, (32, 32), borderMode=cv2.BORDER_REFLECT)
    assert np.abs(by_matrix.astype(float) - seen.crops[0]).mean() < 6.


def test_a_turned_photo_is_noted(found, photo, tiny_encoder):
    found.append([np.stack([photo.shape[1] - POINTS[:, 1], POINTS[:, 0]], 1)])  # a quarter clockwise
    seen, = sightings.look([("me.jpg", photo)], tiny_encoder)
    assert seen.notes == ["the photo is turned by 90 degrees: taken upright"]


def test_errors_keep_their_places_and_name_their_photos(found, photo, tiny_encoder):
    unread = ValueError("b.jpg: not an image")
    found += [[], [POINTS], [POINTS * .1]]
    named = [("a.jpg", photo), ("b.jpg", unread), ("c.jpg", photo), ("d.jpg", photo)]
    nothing, given, good, small = sightings.look(named, tiny_encoder)
    assert given is unread and len(good.crops) == 1
    assert str(nothing) == f"a.jpg: no face found; give a photo with {crops.WANTED}"
    assert str(small).startswith("d.jpg: face too small: eyes 4 pixels apart, expected 13 or more; give a photo with")
