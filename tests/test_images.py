"""Pixels, floats, PNG files and shrinking."""
import io

import numpy as np
import PIL.Image
import pytest
import tensorflow as tf

from morph3d import images

PIXELS = np.random.default_rng(0).integers(0, 256, [4, 6, 3], np.uint8)


def test_every_pixel_value_survives_the_way_to_floats_and_back():
    values = np.arange(256, dtype=np.uint8)
    for pixels in values, tf.constant(values):
        floats = images.to_float(pixels)
        assert floats.dtype == tf.float32 and floats[0] == 0. and floats[255] == 1.
        np.testing.assert_array_equal(images.to_pixels(floats), values)


def test_floats_are_rounded_and_clipped():
    assert images.to_pixels([-.5, .4 / 255., .6 / 255., 254.6 / 255., 3.]).tolist() == [0, 0, 1, 255, 255]


def test_a_png_is_read_back_as_it_was(tmp_path):
    np.testing.assert_array_equal(PIL.Image.open(io.BytesIO(images.png(PIXELS))), PIXELS)
    images.write_png(tmp_path / "new" / "a.png", PIXELS)
    np.testing.assert_array_equal(PIL.Image.open(tmp_path / "new" / "a.png"), PIXELS)


@pytest.mark.parametrize("scale, size", [(.5, (20, 30)), (.26, (10, 16)), (1e-9, (1, 1))])
def test_a_shrunk_picture_keeps_its_mean_and_says_its_scale_exactly(scale, size):
    pixels = np.random.default_rng(1).random([40, 60, 3]).astype(np.float32)
    small, scales = images.shrink(pixels, scale)
    assert small.shape == (*size, 3)
    np.testing.assert_allclose(scales, [size[1] / 60, size[0] / 40])
    np.testing.assert_allclose(small.mean((0, 1)), pixels.mean((0, 1)), atol=1e-2)


def test_nothing_is_enlarged():
    assert images.shrink(PIXELS, 1.5)[0] is PIXELS
