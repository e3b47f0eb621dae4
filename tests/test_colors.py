"""The sRGB curve in NumPy."""
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
