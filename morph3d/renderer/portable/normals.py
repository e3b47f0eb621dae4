"""Vertex normals; see renderer/normals.py."""
import tensorflow as tf

from morph3d.renderer.portable import checks
from morph3d.renderer.portable.directions import direction


def morph3d_vertex_normals(vertices, triangles):
    """[B, V, 3], [F, 3] -> unit normals [B, V, 3] and the lengths [B, V] of the sums whose directions they are.

    Triangles with a vertex that is not finite count for nothing.
    """
    vertices = checks.floats("vertices", vertices, "B V 3")
    triangles = checks.indices("triangles", triangles, "F 3", 0, tf.shape(vertices)[1])
    sums = _sum_of_cross_products(tf.transpose(vertices, [1, 0, 2]), triangles)  # a vertex of all pictures in one row
    normals, lengths = direction(tf.transpose(sums, [1, 0, 2]))
    return normals, lengths[..., 0]


def _sum_of_cross_products(vertices, triangles):
    """[V, B, 3], [F, 3] -> [V, B, 3] sums of (b - a) x (c - a) over the finite triangles at each vertex."""
    vertex_count, corners = tf.shape(vertices)[0], [triangles[:, k] for k in range(3)]

    def at_corners(values):
        return [tf.gather(values, corner) for corner in corners]

    def at_vertices(values):
        return tf.add_n([tf.math.unsorted_segment_sum(value, corner, vertex_count)
                         for value, corner in zip(values, corners, strict=True)])

    @tf.custom_gradient
    def sums(vertices):
        a, b, c = at_corners(vertices)
        to_b, to_c = b - a, c - a
        normal = tf.linalg.cross(to_b, to_c)
        finite = tf.cast(tf.math.is_finite(tf.reduce_sum(normal, -1, keepdims=True)), tf.float32)

        def gradient(upstream):
            upstream = tf.add_n(at_corners(upstream))
            at_b = tf.math.multiply_no_nan(tf.linalg.cross(to_c, upstream), finite)
            at_c = tf.math.multiply_no_nan(tf.linalg.cross(upstream, to_b), finite)
            return at_vertices([-at_b - at_c, at_b, at_c])

        return at_vertices([tf.math.multiply_no_nan(normal, finite)] * 3), gradient

    return sums(vertices)
