"""Crops inside a graph: those of crops.py, where arithmetic says what these must be and on real photos."""
import io

import numpy as np
import PIL.Image
import pytest
import skimage.data
import tensorflow as tf

from morph3d.encoders.base import Framing
from morph3d.photos import crops, decoding, face_detection, graph_crops

TEMPLATE = np.float32([(50, 50), (100, 50), (75, 80), (55, 105), (95, 105)])
FRAME = Framing(150, TEMPLATE)


def noise(height, width, channels=3, seed=0):
    return np.random.default_rng(seed).integers(0, 256, [height, width, channels], dtype=np.uint8)


def encoded(pixels, kind="PNG", **options):
    file = io.BytesIO()
    PIL.Image.fromarray(pixels).save(file, kind, **options)
    return file.getvalue()


@tf.function(input_signature=[tf.TensorSpec([None], tf.string), tf.TensorSpec([None, 5, 2])])
def crop_all(contents, points):
    return graph_crops.crop_all(contents, points, FRAME)


def crop(content, points):
    return crop_all([content], [points])[0].numpy()


def test_points_on_the_template_give_the_photo():
    photo = noise(150, 150)
    np.testing.assert_array_equal(crop(encoded(photo), TEMPLATE), photo)


def test_shifts_turns_and_mirrored_edges_are_exact():
    photo = noise(200, 220)
    np.testing.assert_array_equal(crop(encoded(photo), TEMPLATE + [30., 20.]), photo[20:170, 30:180])
    photo = noise(150, 150)
    turned = np.stack([150. - TEMPLATE[:, 1], TEMPLATE[:, 0]], -1)
    np.testing.assert_array_equal(crop(encoded(np.rot90(photo, -1).copy()), turned), photo)
    above = crop(encoded(photo), TEMPLATE - [0., 30.])
    np.testing.assert_array_equal(above, np.concatenate([photo[:30][::-1], photo[:120]]))


def test_shrinking_is_averaging():
    photo = noise(600, 600)
    expected = photo.reshape(150, 4, 150, 4, 3).mean((1, 3))
    assert np.abs(crop(encoded(photo), 4. * TEMPLATE) - expected).max() <= .51  # rounding to whole numbers
    checkers = np.repeat((np.indices([1100, 1100]).sum(0) % 2 * 255).astype(np.uint8)[..., None], 3, -1)
    out = crop(encoded(checkers), 7.3 * TEMPLATE)
    assert out.std() < 6. and abs(out.mean() - 127.5) < 2.


@pytest.mark.parametrize("scale, angle, shift", [(.4, .3, (5., 5.)), (1., -.1, (40.3, 20.8)), (2.37, .5, (90., 10.)),
                                                 (.9, 3., (160., 150.)), (1.5, 0., (-60., 170.))])
def test_it_agrees_with_what_programs_crop(scale, angle, shift):
    """Smooth, because OpenCV's places are 32nds of pixels."""
    y, x = np.mgrid[:260, :320] / 40.
    photo = np.uint8(127.5 + 120. * np.stack([np.sin(2. * x + y), np.cos(x - y), np.sin(y) * np.cos(3. * x)], -1))
    turn = scale * np.array([(np.cos(angle), -np.sin(angle)), (np.sin(angle), np.cos(angle))])
    points = (TEMPLATE @ turn.T + shift).astype(np.float32)
    difference = crop(encoded(photo), points) - np.int32(crops.crop(photo, points, FRAME))
    assert np.abs(difference).max() <= 2 and np.abs(difference).mean() < .3


@pytest.mark.parametrize("content", [encoded(noise(160, 170)), encoded(noise(160, 170)[..., 0]), encoded(noise(160, 170, 4)),
                                     encoded(skimage.data.astronaut()[:200, 100:300], "JPEG", quality=80),
                                     encoded(skimage.data.camera()[:200, 100:300], "JPEG")])
def test_files_are_read_as_programs_read_them(content):
    difference = crop(content, TEMPLATE) - np.int32(crops.crop(decoding.decode(content), TEMPLATE, FRAME))
    assert np.abs(difference).max() <= 2 and np.abs(difference).mean() < .1


def test_a_photo_that_exif_turns_is_cropped_by_where_its_points_lie_in_the_file():
    upright, orientation = noise(200, 220), PIL.Image.Exif()
    orientation[0x112] = 6  # to be turned clockwise, to the right, by whoever shows it
    lying = encoded(np.rot90(upright).copy(), exif=orientation)
    np.testing.assert_array_equal(decoding.decode(lying), upright)
    points = TEMPLATE + [30., 20.]
    in_file = np.stack([points[:, 1], 220. - points[:, 0]], -1)
    np.testing.assert_array_equal(crop(lying, in_file), crops.crop(upright, points, FRAME))


def test_no_photos_give_no_crops():
    assert crop_all(tf.zeros([0], tf.string), tf.zeros([0, 5, 2])).shape == (0, 150, 150, 3)


@pytest.mark.parametrize("points", [TEMPLATE / 5., np.full([5, 2], np.nan), np.zeros([5, 2])])
def test_a_face_that_is_too_small_or_nowhere_is_refused(points):
    with pytest.raises(tf.errors.InvalidArgumentError, match="face too small, or no points"):
        crop(encoded(noise(150, 150)), points)


def test_a_file_that_is_no_picture_is_refused():
    with pytest.raises(tf.errors.InvalidArgumentError):
        crop(b"not a picture", TEMPLATE)


def test_real_photos_are_cropped_as_programs_do(data_folder):
    paths = sorted((data_folder / "photos" / "test").glob("*/*"))[::40]
    compared = 0
    for path in paths:
        photo = decoding.read(path)
        points = face_detection.detect(photo)
        if points is not None:
            compared += 1
            difference = crop(path.read_bytes(), points.astype(np.float32)) - np.int32(crops.crop(photo, points, FRAME))
            assert np.abs(difference).mean() < .5 and np.abs(difference).max() <= 8, path
    assert compared > 5
