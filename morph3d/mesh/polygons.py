"""Polygons of any number of corners, cut into triangles, and the pieces that triangles make."""
import numpy as np
from scipy import sparse


def triangles(corners, starts, lengths):
    """Each polygon as a fan around its first corner.

    Args:
      corners: [M] vertex indices, polygon after polygon.
      starts, lengths: [N] where each polygon begins among them, and its number of corners; one of fewer than three is none.

    Returns:
      [F, 3] vertex indices, wound as the polygons are.
    """
    corners = np.asarray(corners, np.int64)
    starts, fans = np.asarray(starts, np.int64), np.maximum(np.asarray(lengths, np.int64) - 2, 0)
    first = np.repeat(starts, fans)
    turn = np.arange(fans.sum()) - np.repeat(np.cumsum(fans) - fans, fans)
    return np.stack([corners[first], corners[first + turn + 1], corners[first + turn + 2]], 1).astype(np.int32)


def pieces(count, triangles):
    """[count] numbers of the connected pieces that triangles [F, 3], or other polygons, make of so many vertices."""
    edges = np.concatenate([triangles[:, [i, i + 1]] for i in range(triangles.shape[1] - 1)])
    graph = sparse.coo_matrix((np.ones(len(edges)), tuple(edges.T)), [count, count])
    return sparse.csgraph.connected_components(graph, directed=False)[1]
