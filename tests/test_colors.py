"""The sRGB curve and CIELAB in NumPy."""
import numpy as np
import pytest
import skimage.color

from morph3d import colors
from morph3d.renderer import srgb


def test_curves_are_each_others_inverse_also_beyond_0_to_1():
    values = np.linspace(-.2, 1.4, 161)
    np.testing.assert_allclose(colors.linear_from_srgb(colors.srgb_from_linear(values)), values, atol=1e-6)


def test_linear_light_is_what_scikit_image_takes_it_for():
    """Its luminance Y of a gray is the linear light: xyz of white is 1 there."""
    encoded = np.linspace(0., 1., 101)
    luminance = skimage.color.rgb2xyz(np.repeat(encoded[:, None], 3, 1))[:, 1]
    np.testing.assert_allclose(colors.linear_from_srgb(encoded), luminance, atol=1e-6)


@pytest.mark.parametrize("name", ["linear_from_srgb", "srgb_from_linear"])
def test_the_renderer_has_the_same_curve(name):
    values = np.linspace(0., 1., 1001, dtype=np.float32)
    np.testing.assert_allclose(getattr(colors, name)(values), getattr(srgb, name)(values), atol=1e-6)


def test_cielab_is_that_of_scikit_image():
    """Which has the matrix and the white point with more digits. The first colors lie on the curve's straight piece."""
    encoded = np.concatenate([np.random.default_rng(0).uniform(0., .1, [500, 3]), np.random.default_rng(1).uniform(size=[500, 3])])
    np.testing.assert_allclose(colors.lab_from_srgb(encoded), skimage.color.rgb2lab(encoded), atol=.03)
    np.testing.assert_allclose(colors.lab_from_srgb(encoded.reshape(10, 100, 3))[3], colors.lab_from_srgb(encoded[300:400]))


def test_grays_have_no_chroma_and_white_is_100():
    lab = colors.lab_from_srgb(np.repeat(np.linspace(0., 1., 11)[:, None], 3, 1))
    np.testing.assert_allclose(lab[:, 1:], 0., atol=1e-10)
    assert lab[0, 0] == pytest.approx(0., abs=1e-10) and lab[-1, 0] == pytest.approx(100.) and (np.diff(lab[:, 0]) > 5.).all()
