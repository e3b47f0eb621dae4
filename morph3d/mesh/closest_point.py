"""The point of a triangle that is closest to a point, for many pairs at once."""
import numpy as np

FLATTEST = 1e-8  # height of a triangle over its longest side; a flatter one is its three sides, as far as float64 can tell
_TINY = 1e-300  # in place of a divisor that is zero


def closest_point(points, triangles):
    """The closest point of each triangle to its point.

    Args:
      points: [N, 3].
      triangles: [N, 3, 3], corner by corner; may be slivers, or have no area.

    Returns:
      weights [N, 3] of the corners, not negative, of sum 1; distances [N]. float64.
    """
    a, b, c = np.moveaxis(np.asarray(triangles, np.float64), 1, 0)
    points = np.asarray(points, np.float64)
    weights = _inside(points - a, b - a, c - a)
    beside, = np.nonzero(np.isnan(weights[:, 0]))
    if len(beside):
        weights[beside] = _on_sides(points[beside], np.stack([a[beside], b[beside], c[beside]]))
    nearest = weights[:, :1] * a + weights[:, 1:2] * b + weights[:, 2:] * c
    return weights, np.sqrt(_dot(points - nearest, points - nearest))


def _dot(v, w):
    return np.einsum("nd,nd->n", v, w)


def _inside(point, first, second):
    """Weights [N, 3] of the foot of the perpendicular, in a triangle with its first corner at 0; NaN where it is beside it."""
    length = _dot(first, first)
    along = _dot(first, second) / np.maximum(length, _TINY)
    height = second - along[:, None] * first  # Gram-Schmidt: keeps the digits that the determinant of a sliver loses
    squared = _dot(height, height)
    t = _dot(height, point) / np.maximum(squared, _TINY)
    s = _dot(first, point) / np.maximum(length, _TINY) - t * along
    weights = np.stack([1. - s - t, s, t], 1)
    flat = squared <= FLATTEST**2 * np.maximum(length, _dot(second, second))
    weights[flat | (weights < 0.).any(1)] = np.nan
    return weights


def _on_sides(points, corners):
    """Weights [N, 3] of the closest point on the three sides; corners [3, N, 3]."""
    rows = np.arange(len(points))
    weights, best = np.zeros([len(points), 3]), np.full(len(points), np.inf)
    for start, end in (0, 1), (1, 2), (2, 0):
        side, offset = corners[end] - corners[start], points - corners[start]
        t = np.clip(_dot(offset, side) / np.maximum(_dot(side, side), _TINY), 0., 1.)
        apart = offset - t[:, None] * side
        squared = _dot(apart, apart)
        nearer = rows[squared < best]
        best[nearer] = squared[nearer]
        weights[nearer] = 0.
        weights[nearer, start], weights[nearer, end] = 1. - t[nearer], t[nearer]
    return weights
