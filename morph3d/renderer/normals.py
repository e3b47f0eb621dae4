"""Normals of a mesh at its vertices."""
import tensorflow as tf

from morph3d.renderer import native


def vertex_normals(vertices, triangles):
    """Unit normals: the triangles' cross products (so weighted by area), summed at each vertex and normalised.

    A vertex without a triangle, or whose sum vanishes, has the normal 0 and gives no gradient.

    Args:
      vertices: [B, V, 3] float32.
      triangles: [T, 3] int32, counter-clockwise from outside.

    Returns:
      [B, V, 3] float32, pointing outwards.

    Raises:
      InvalidArgumentError or ValueError: a wrong shape, or a triangle index outside of [0, V).
    """
    return native.ops().morph3d_vertex_normals(vertices, triangles).normals


@tf.RegisterGradient("Morph3dVertexNormals")
def _vertex_normals_gradient(op, normals_gradient, _):
    return native.ops().morph3d_vertex_normals_grad(*op.inputs, *op.outputs, normals_gradient), None
