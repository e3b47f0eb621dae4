"""Vertex normals in NumPy, for reading and writing files; renderer/normals.py has the differentiable ones."""
import numpy as np
from scipy import sparse


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


def turns(vertices, triangles, moves):
    """What small displacements do to `vertex_normals`, to first order.

    Args:
      vertices: [V, 3] mm.
      triangles: [F, 3].
      moves: [M, V, 3] mm.

    Returns:
      [M, V, 3] float32, orthogonal to the normals. With N the sum of cross products around a vertex and n = N / |N|,
      dn = (dN - n (n . dN)) / |N|.
    """
    def edges(points):
        a, b, c = np.moveaxis(points[triangles], 1, 0)
        return b - a, c - a

    vertices = np.asarray(vertices, np.float32)
    (u, v), facing = edges(vertices), np.float32(vertex_normals(vertices, triangles))
    around = sparse.csr_array((np.ones(triangles.size, np.float32), (triangles.ravel(), np.repeat(np.arange(len(triangles)), 3))),
                              (len(vertices), len(triangles)))
    lengths = np.maximum(np.linalg.norm(around @ np.cross(u, v), axis=1, keepdims=True), 1e-9)
    found = np.empty_like(moves, np.float32)
    for move, turn in zip(np.asarray(moves, np.float32), found):
        du, dv = edges(move)
        change = around @ (np.cross(du, v) + np.cross(u, dv)) / lengths
        turn[:] = change - facing * np.einsum("vi,vi->v", facing, change)[:, None]
    return found
