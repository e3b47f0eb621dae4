"""Vertex attributes at the pixels; see renderer/interpolate.py."""
import tensorflow as tf

from morph3d.renderer.portable import checks


def morph3d_interpolate(attributes, triangles, triangle_ids, barycentrics):
    """[B, V, C], [F, 3], [B, H, W], [B, H, W, 3] -> [B, H, W, C], background 0."""
    attributes = checks.floats("attributes", attributes, "B V C")
    triangles = checks.indices("triangles", triangles, "F 3", 0, tf.shape(attributes)[1])
    ids = checks.indices("triangle_ids", triangle_ids, "B H W", -1, tf.shape(triangles)[0], B=attributes.shape[0])
    batch, height, width = ids.shape
    barycentrics = checks.floats("barycentrics", barycentrics, "B H W 3", B=batch, H=height, W=width)
    return tf.reduce_sum(at_seen_corners(attributes, triangles, ids) * barycentrics[..., None], -2)


def at_seen_corners(values, triangles, ids):
    """The values of the visible triangles' corners: [B, V, C], [F, 3], [B, H, W] -> [B, H, W, 3, C], background 0.

    The background is one more triangle, whose corners are one more vertex that has nothing but zeros.
    """
    triangle_count, vertex_count = tf.shape(triangles, tf.int64)[0], tf.shape(values, tf.int64)[1]
    triangles = tf.concat([triangles, tf.fill([1, 3], vertex_count)], 0)
    values = tf.pad(values, [[0, 0], [0, 1], [0, 0]])
    return tf.gather(values, tf.gather(triangles, tf.where(ids < 0, triangle_count, ids)), batch_dims=1)
