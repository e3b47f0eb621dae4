"""Unit directions of vectors, 0 for those that have none."""
import tensorflow as tf

SHORTEST = 1e-18  # the squares of shorter vectors do not fit float32


@tf.custom_gradient
def direction(vectors):
    """[..., 3] -> unit vectors [..., 3] and, without a gradient, lengths [..., 1].

    Vectors too short, and those that are not finite, have the direction 0, the length 0 and no gradient.
    """
    length = tf.norm(vectors, axis=-1, keepdims=True)
    length = tf.where((length > SHORTEST) & (length < float("inf")), length, 0.)
    inverse = tf.math.reciprocal_no_nan(length)
    unit = tf.math.multiply_no_nan(vectors, inverse)
    return (unit, length), lambda upstream, _: inverse * (upstream - dot(upstream, unit) * unit)


def dot(a, b):
    """[..., 3], [..., 3] -> [..., 1]."""
    return tf.reduce_sum(a * b, -1, keepdims=True)
