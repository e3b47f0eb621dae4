"""Normals of a mesh at its vertices."""
from morph3d.renderer import backends


def vertex_normals(vertices, triangles, backend="auto"):
    """Unit normals: the triangles' cross products (so weighted by area), summed at each vertex and normalized.

    A vertex without a triangle, or whose sum vanishes, has the normal 0 and gives no gradient.

    Args:
      vertices: [B, V, 3] float32.
      triangles: [F, 3] int32, counter-clockwise from outside.
      backend: see backends.ops.

    Returns:
      [B, V, 3] float32, pointing outward.

    Raises:
      InvalidArgumentError or ValueError: a wrong shape, or a triangle index outside of [0, V).
    """
    return backends.ops(backend).morph3d_vertex_normals(vertices, triangles)[0]
