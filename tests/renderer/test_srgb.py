"""The sRGB curve against IEC 61966-2-1 in float64."""
import numpy as np
import pytest
import tensorflow as tf

from morph3d.renderer import srgb

SAMPLES = np.concatenate([np.linspace(0., 1., 4001), [1e-30, 1e-8, .0031307, .0031309, .0404, .0405]])


def decode(x):
    return np.where(x <= .04045, x / 12.92, ((x + .055) / 1.055)**2.4)


def encode(x):
    return np.where(x <= .0031308, 12.92 * x, 1.055 * x**(1. / 2.4) - .055)


@pytest.mark.parametrize("function, oracle", [(srgb.linear_from_srgb, decode), (srgb.srgb_from_linear, encode)])
def test_value_and_slope_match_the_standard(function, oracle):
    x = tf.constant(SAMPLES, tf.float32)
    with tf.GradientTape() as tape:
        tape.watch(x)
        value = function(x)
    np.testing.assert_allclose(value, oracle(SAMPLES), atol=4e-7)
    knee = np.minimum(np.abs(SAMPLES - .04045), np.abs(SAMPLES - .0031308)) < 1e-4
    slope = (oracle(SAMPLES + 1e-9) - oracle(np.maximum(SAMPLES - 1e-9, 0.))) / (1e-9 + np.minimum(SAMPLES, 1e-9))
    np.testing.assert_allclose(tape.gradient(value, x).numpy()[~knee], slope[~knee], rtol=2e-5)


def test_one_curve_undoes_the_other():
    there_and_back = srgb.srgb_from_linear(srgb.linear_from_srgb(SAMPLES.astype(np.float32)))
    np.testing.assert_allclose(there_and_back, SAMPLES, atol=1e-6)


@pytest.mark.parametrize("function", [srgb.linear_from_srgb, srgb.srgb_from_linear])
def test_what_leaves_the_range_is_clipped_and_gives_no_gradient(function):
    x = tf.constant([-1e30, -.1, 1.1, 1e30, np.inf, -np.inf])
    with tf.GradientTape() as tape:
        tape.watch(x)
        value = function(x)
    np.testing.assert_allclose(value, [0., 0., 1., 1., 1., 0.], atol=1e-6)
    np.testing.assert_array_equal(tape.gradient(value, x), 0.)


def test_any_shape_and_many_blocks():
    x = tf.random.stateless_uniform([3, 200, 201, 2], [1, 2])
    np.testing.assert_allclose(srgb.linear_from_srgb(x), decode(x.numpy().astype(np.float64)), atol=4e-7)
