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


def derivative(vertices, triangles):
    """What small displacements do to `vertex_normals`, to first order.

    Args:
      vertices: [V, 3].
      triangles: [F, 3].

    Returns:
      [3 V, 3 V] sparse float32, which takes displacements, flattened, to the change of the normals. With N the sum of cross
      products around a vertex and n = N / |N|, dn = (dN - n (n . dN)) / |N|.
    """
    vertices, count = np.asarray(vertices, np.float64), len(vertices)
    a, b, c = np.moveaxis(vertices[triangles], 1, 0)
    # A triangle's (b - a) x (c - a) changes by da x (b - c) + db x (c - a) + dc x (a - b).
    x, y, z = np.moveaxis(np.stack([b - c, c - a, a - b], 1), -1, 0)  # [F, 3]
    none = np.zeros_like(x)
    crossed = np.stack([none, z, -y, -z, none, x, y, -x, none], -1, dtype=np.float32).reshape(-1, 3, 3)
    by_corner = sparse.bsr_array((crossed, triangles.ravel(), np.arange(0, triangles.size + 1, 3)), (3 * len(triangles), 3 * count))
    around = sparse.csr_array((np.ones(triangles.size, np.float32), (triangles.ravel(), np.repeat(np.arange(len(triangles)), 3))),
                              (count, len(triangles)))
    summed = around @ np.cross(b - a, c - a)
    lengths = np.maximum(np.linalg.norm(summed, axis=1), 1e-9)[:, None, None]
    facing = summed[:, :, None] / lengths
    across = np.float32((np.eye(3) - facing @ facing.transpose(0, 2, 1)) / lengths)
    unit = sparse.bsr_array((across, np.arange(count), np.arange(count + 1)), (3 * count, 3 * count))
    sums = sparse.bsr_array((around.data[:, None, None] * np.eye(3, dtype=np.float32), around.indices, around.indptr),
                            (3 * count, 3 * len(triangles)))
    return unit @ (sums @ by_corner)
