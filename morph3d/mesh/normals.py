"""Vertex normals in NumPy, for reading and writing files; renderer/normals.py has the differentiable ones."""
import numpy as np


def vertex_normals(vertices, triangles):
    """The directions in which a surface faces.

    Args:
      vertices: [V, 3].
      triangles: [F, 3] vertex indices, counter-clockwise seen from outside.

    Returns:
      [V, 3] unit vectors, the normals of the triangles around each vertex weighted by area; +z where there are none.
    """
    a, b, c = np.moveaxis(np.asarray(vertices, np.float64)[triangles], 1, 0)
    areas = np.cross(b - a, c - a)
    corners, count = np.transpose(triangles).ravel(), len(vertices)
    normals = np.stack([np.bincount(corners, np.tile(axis, 3), count) for axis in areas.T], 1)
    lengths = np.linalg.norm(normals, axis=1, keepdims=True)
    return np.where(lengths > 0, normals / np.where(lengths > 0, lengths, 1.), [0., 0., 1.])
