"""The sRGB transfer curve (IEC 61966-2-1), exact, with finite gradients everywhere."""
import tensorflow as tf


def linear_from_srgb(encoded):
    """[...] sRGB in 0..1 -> linear light in 0..1."""
    power = ((tf.maximum(encoded, .04045) + .055) / 1.055)**2.4
    return tf.where(encoded <= .04045, encoded / 12.92, power)


def srgb_from_linear(linear):
    """[...] linear light in 0..1 -> sRGB in 0..1."""
    # The maximum keeps the unused branch, whose slope is infinite at 0, from turning the gradient into NaN.
    power = 1.055 * tf.maximum(linear, .0031308)**(1. / 2.4) - .055
    return tf.where(linear <= .0031308, 12.92 * linear, power)
