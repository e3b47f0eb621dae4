"""The sRGB transfer curve; see renderer/srgb.py."""
import tensorflow as tf


def morph3d_linear_from_srgb(encoded):
    """[...] -> [...] float32 in 0..1."""
    return _two_pieces(encoded, .04045, lambda x: x / 12.92, lambda x: ((x + .055) / 1.055)**2.4)


def morph3d_srgb_from_linear(linear):
    """[...] -> [...] float32 in 0..1."""
    return _two_pieces(linear, .0031308, lambda x: x * 12.92, lambda x: 1.055 * x**(1. / 2.4) - .055)


def _two_pieces(x, knee, line, power):
    """`line` up to the knee and `power` beyond it, of x clipped to 0..1."""
    x = tf.clip_by_value(tf.convert_to_tensor(x, tf.float32), 0., 1.)
    beyond = x > knee
    return tf.where(beyond, power(tf.where(beyond, x, 1.)), line(x))  # never the power's infinite slope at 0
