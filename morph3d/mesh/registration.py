"""Similarities that bring one surface onto another: from pairs of points, and by iterative closest points (ICP)."""
import functools
from typing import NamedTuple

import numpy as np
from scipy.spatial.transform import Rotation

POINTS = 6_000  # of a mesh that take part; of more, as many are taken evenly from their order
ROUGHLY = 1_500  # ... at first
SETTLED = 5e-4  # mm that points still move when it is over
GAIN, ROUGH_GAIN = 1e-7, 1e-4  # mm by which the error still changes then; the papers' programs stop at 0.001
PATIENCE = 2  # steps without such a change
STEPS = 60
DAMPING = 1e-4  # of Levenberg and Marquardt, at first, in parts of the system's mean diagonal
LARGEST_TURN = .3  # radians, or parts of the size, in one step
AGREEING = .5  # cosine between the directions of two surfaces that may lie on each other
OUTLYING = 6.  # standard deviations, by the median, at which a pair no longer counts (Tukey's biweight)
FAR = .05  # of the target's size: pairs further apart all count alike where starts are compared


class Similarity(NamedTuple):
    """x -> scale * rotation @ x + translation."""
    scale: float
    rotation: np.ndarray  # [3, 3], orthogonal, of determinant 1
    translation: np.ndarray  # [3]

    def apply(self, points):
        """Points [..., 3], moved."""
        return self.scale * np.asarray(points, np.float64) @ self.rotation.T + self.translation

    def turn(self, directions):
        """Directions [..., 3], turned."""
        return np.asarray(directions, np.float64) @ self.rotation.T

    def inverse(self):
        """The Similarity that undoes it."""
        return Similarity(1. / self.scale, self.rotation.T, -self.translation @ self.rotation / self.scale)

    def after(self, first):
        """The Similarity that does `first` and then this one."""
        return Similarity(self.scale * first.scale, self.rotation @ first.rotation, self.apply(first.translation))


IDENTITY = Similarity(1., np.eye(3), np.zeros(3))


def from_points(source, target, with_scale=True):
    """The similarity that brings points onto their partners with the least sum of squares, without reflection (Umeyama 1991).

    Args:
      source, target: [N, 3].
      with_scale: whether sizes may differ; otherwise the scale is 1.

    Returns:
      Similarity from source to target.

    Raises:
      ValueError: fewer than three points, or they lie on a line.
    """
    source, target = np.asarray(source, np.float64), np.asarray(target, np.float64)
    if source.shape != target.shape or source.ndim != 2 or source.shape[1] != 3 or len(source) < 3:
        raise ValueError(f"an alignment needs three pairs of points or more, found {source.shape} and {target.shape}")
    centers = source.mean(0), target.mean(0)
    s, t = source - centers[0], target - centers[1]
    if any(np.linalg.matrix_rank(points, 1e-6 * np.abs(points).max()) < 2 for points in (s, t)):
        raise ValueError(f"an alignment needs points that are not on one line, found {len(source)} that are")
    u, strengths, vt = np.linalg.svd(t.T @ s)
    signs = np.array([1., 1., np.sign(np.linalg.det(u) * np.linalg.det(vt))])
    rotation = (u * signs) @ vt
    scale = float(strengths @ signs / np.square(s).sum()) if with_scale else 1.
    return Similarity(scale, rotation, centers[1] - scale * rotation @ centers[0])


def icp(source, target, start=None):
    """The similarity that brings a surface onto another where they overlap.

    Iterative closest points with isotropic scale. Pairs are the vertices of each surface and the exactly closest points of the
    other, which weigh as much together one way as the other: with one way alone, a surface of other density or extent would be
    scaled wrongly. No pair are points whose partner lies on the other's border (they are not in the region of
    intersection) or faces elsewhere; and pairs that are much farther apart than most weigh little or nothing.
    Each step is one of Gauss and Newton for the squared distances to the surfaces.

    Args:
      source, target: Surface, in mm.
      start: a Similarity that is nearly right, as landmarks give it. Without one, the better of two: none, and the one that
        gives both the same center and size. These find turns of up to 20 degrees, of similar extents.

    Returns:
      Similarity from source to target.

    Raises:
      ValueError: the surfaces have nothing in common near the start.
    """
    roughly = functools.partial(_pairs, source, target, ROUGHLY)
    if start is None:
        tried = [_descend(roughly, first, ROUGH_GAIN) for first in (IDENTITY, _same_size(source, target))]
        start = min(tried, key=functools.partial(_apart, source, target))
    else:
        start = _descend(roughly, start, ROUGH_GAIN)
    return _descend(functools.partial(_pairs, source, target, POINTS), start, GAIN)


def onto_points(surface, points, start, rest=(), share=0., with_scale=True):
    """The similarity of a surface with the least mean square of its distances from points: every point counts.

    Args:
      surface: Surface.
      points: [N, 3] mm.
      start: a Similarity that is nearly right.
      rest: [M, 3] mm, other points, which hold the surface in place.
      share: the weight of these together, where that of the points is 1.
      with_scale: whether the size may change; otherwise it stays that of the start.

    Returns:
      Similarity from the surface to the points.
    """
    rest = np.reshape(rest, [-1, 3])
    for count, least in (ROUGHLY, ROUGH_GAIN), (POINTS, GAIN):
        some, others = points[_evenly(len(points), count)], rest[_evenly(len(rest), count)]
        weights = np.repeat([1. / len(some), share / max(len(others), 1)], [len(some), len(others)])
        pairs_at = functools.partial(_from_points, surface, np.concatenate([some, others]), weights)
        start = _descend_safely(pairs_at, start, least, with_scale)
    return start


class _Pairs(NamedTuple):
    """Points of the source, moved, and where they ought to be."""
    moved: np.ndarray  # [N, 3]
    fixed: np.ndarray  # [N, 3]
    normals: np.ndarray  # [N, 3] of a surface there, for pairs that coincide
    weights: np.ndarray  # [N]


def _descend(pairs_at, similarity, least):
    """Steps until the points rest, or the error, whose pairs may alternate for ever, has not fallen for some steps."""
    lowest, fallen = np.inf, 0
    for number in range(STEPS):
        pairs = pairs_at(similarity)
        error = _root_mean_square(pairs)
        if error < lowest - least:
            lowest, fallen = error, number
        elif number - fallen >= PATIENCE:
            break
        step, moved = _step(pairs)
        similarity = step.after(similarity)
        if moved < SETTLED:
            break
    return similarity


def _descend_safely(pairs_at, similarity, least, with_scale):
    """The same where the pairs' weights never change, so that every step has to lower the root mean square."""
    pairs, damping = pairs_at(similarity), DAMPING
    for _ in range(STEPS):
        step, moved = _step(pairs, damping, with_scale)
        there = pairs_at(step.after(similarity))
        gain = _root_mean_square(pairs) - _root_mean_square(there)
        if gain >= 0.:
            similarity, pairs, damping = step.after(similarity), there, max(damping / 3., DAMPING)
        else:
            damping *= 10.
        if moved < SETTLED or abs(gain) < least:
            break
    return similarity


def _root_mean_square(pairs):
    return np.sqrt(pairs.weights @ np.square(pairs.moved - pairs.fixed).sum(1) / pairs.weights.sum())


def _step(pairs, damping=0., with_scale=True):
    """A step of Gauss and Newton, and how far it moves the points, mm.

    A point x near the center c moves by w x (x - c) + v + k (x - c), which changes its distance by its part along the
    direction n between the pair: rows (n', (x - c) x n, (x - c) . n) of the system, with lengths measured in the size.
    """
    apart = pairs.moved - pairs.fixed
    distances = np.linalg.norm(apart, axis=1)
    weights = pairs.weights / pairs.weights.sum()
    center = weights @ pairs.moved
    arms = pairs.moved - center
    size = np.sqrt(weights @ np.square(arms).sum(1))
    coincide = distances <= 1e-9 * size
    along = np.where(coincide[:, None], pairs.normals, apart / np.where(coincide, 1., distances)[:, None])
    rows = np.hstack([along, np.cross(arms, along) / size, np.einsum("nd,nd->n", arms, along)[:, None] / size])
    rows = rows if with_scale else rows[:, :6]
    square = rows.T @ (weights[:, None] * rows)
    square += damping * np.trace(square) / len(square) * np.eye(len(square))
    solved = -np.linalg.lstsq(square, rows.T @ (weights * np.where(coincide, 0., distances)), rcond=1e-10)[0] / size
    solved *= min(1., LARGEST_TURN / max(np.abs(solved).max(), 1e-300))
    scale = float(np.exp(solved[6])) if with_scale else 1.
    rotation = Rotation.from_rotvec(solved[3:6]).as_matrix()
    step = Similarity(scale, rotation, center + size * solved[:3] - scale * rotation @ center)
    return step, size * np.linalg.norm(solved)


def _pairs(source, target, count, similarity):
    """The pairs of both ways that count."""
    back = similarity.inverse()
    rows = [surface.used[_evenly(len(surface.used), count)] for surface in (source, target)]
    moved = similarity.apply(source.vertices[rows[0]])
    forth = _matches(target, moved, similarity.turn(source.normals[rows[0]]))
    others = target.vertices[rows[1]]
    found = _matches(source, back.apply(others), back.turn(target.normals[rows[1]]))
    both = [_Pairs(moved, forth.points, forth.normals, forth.counts),
            _Pairs(similarity.apply(found.points), others, similarity.turn(found.normals), found.counts)]
    if not all(pairs.weights.any() for pairs in both):
        raise ValueError("the two surfaces have no part in common where the alignment begins; see whether their landmarks, "
                         "units (mm) and the sense of their triangles are right")
    return _Pairs(*map(np.concatenate, zip(*map(_without_outliers, both))))


def _without_outliers(pairs):
    """Pairs whose weights sum to 1, those much farther apart than most weighing little (Tukey's biweight)."""
    distances = np.linalg.norm(pairs.moved - pairs.fixed, axis=1)
    typical = 1.4826 * np.median(distances[pairs.weights > 0.])
    size = np.ptp(pairs.fixed, axis=0).max()
    weights = pairs.weights * np.square(np.maximum(1. - np.square(distances / (OUTLYING * max(typical, 1e-6 * size))), 0.))
    return pairs._replace(weights=weights / max(weights.sum(), 1e-300))


class _Matches(NamedTuple):
    points: np.ndarray  # [N, 3], closest on the surface
    normals: np.ndarray  # [N, 3] of the surface there
    counts: np.ndarray  # [N], 1 where they are inside of it and face alike, or 0


def _matches(surface, points, directions):
    found = surface.closest(points)
    corners = surface.triangles[found.triangles]
    normals = np.einsum("nk,nkd->nd", found.weights, surface.normals[corners])
    on_border = (surface.border[corners] | (found.weights == 0.)).all(1)
    alike = np.einsum("nd,nd->n", normals, directions) > AGREEING * np.linalg.norm(normals, axis=1)
    return _Matches(found.points, normals, (alike & ~on_border).astype(np.float64))


def _from_points(surface, points, weights, similarity):
    found = surface.closest(similarity.inverse().apply(points))
    normals = np.einsum("nk,nkd->nd", found.weights, surface.normals[surface.triangles[found.triangles]])
    return _Pairs(similarity.apply(found.points), points, similarity.turn(normals), weights)


def _evenly(number, count):
    """At most `count` numbers below `number`, evenly apart."""
    return np.unique(np.linspace(0, number - 1, min(number, count)).astype(np.intp)) if number else np.zeros(0, np.intp)


def _same_size(source, target):
    """The similarity without rotation that gives two surfaces the same center and root mean square radius."""
    (center, size), (other, wanted) = (_moments(surface) for surface in (source, target))
    return Similarity(wanted / size, np.eye(3), other - wanted / size * center)


def _moments(surface):
    a, b, c = np.moveaxis(surface.vertices[surface.triangles], 1, 0)
    areas = np.linalg.norm(np.cross(b - a, c - a), axis=1)
    middles = (a + b + c) / 3.
    center = np.average(middles, axis=0, weights=areas)
    return center, np.sqrt(np.average(np.square(middles - center).sum(1), weights=areas))


def _apart(source, target, similarity):
    """How badly two surfaces lie on each other, both ways, distances cut off where they are FAR."""
    moved = similarity.apply(source.vertices[source.used[_evenly(len(source.used), ROUGHLY)]])
    others = similarity.inverse().apply(target.vertices[target.used[_evenly(len(target.used), ROUGHLY)]])
    far = FAR * np.ptp(target.vertices, axis=0).max()
    distances = target.closest(moved).distances, similarity.scale * source.closest(others).distances
    return sum(np.square(np.minimum(each, far)).mean() for each in distances)
