"""The best fit of a network's own shape modes to a scan: the floor under its errors, whatever it sees in photos.

Iterative closest points where the model gives way: each step solves one regularized least-squares problem for the shape and a
similarity together, of the distances from the scan's points to the planes in which the closest points of the face lie.
"""
import dataclasses
from typing import NamedTuple

import numpy as np

from morph3d.evaluation.geometry import protocols
from morph3d.mesh import registration
from morph3d.mesh.surface import Surface

POINTS = 3000  # of the scan that are fitted; as many others are held out
REACH = 15.  # mm; what of the scan is farther from the face is ignored
AGREEING = .5  # cosine between the directions of surfaces that belong together
STEPS, LAST_STEPS = 8, 3
WEIGHTS = .1, .01, .001, .0001  # mm^2, of the squared coefficients against the mean squared distance
FIRST_WEIGHT = .01
SIZE = 95.  # mm, in which turns and scales are measured
DAMPING = .001  # of the steps of the similarity, where modes can do almost the same


class Modes(NamedTuple):
    """The faces that a network can give: mean + sum_i shape_i modes_i."""
    mean: np.ndarray  # [V, 3] mm
    modes: np.ndarray  # [S, V, 3] mm
    triangles: np.ndarray  # [F, 3]
    landmarks: np.ndarray  # [68] vertex indices

    def part(self, surface, numbers):
        """The Modes of a part of the mesh, a Surface, whose vertices have these numbers [N] in the whole; without landmarks."""
        return Modes(self.mean[numbers], self.modes[:, numbers], surface.triangles, np.zeros(0, int))

    def face(self, shape):
        """The Fit of coefficients [S]."""
        vertices = self.mean + np.tensordot(shape, self.modes, 1)
        return Fit(vertices, self.triangles, vertices[self.landmarks], shape)


@dataclasses.dataclass(frozen=True, eq=False)
class Fit:
    """A face, as protocols take it, that fits a scan."""
    vertices: np.ndarray  # [V, 3] mm
    triangles: np.ndarray  # [F, 3]
    landmarks: np.ndarray  # [68, 3] mm
    shape: np.ndarray  # [S] standard deviations


def modes_of(reconstructor):
    """The Modes of a Reconstructor, read off its network, which is linear in the coefficients."""
    mean = reconstructor.mean_face
    return Modes(mean.vertices, reconstructor.modes("vertices"), mean.triangles, reconstructor.network.landmarks.numpy())


def fit(modes, scan, mean_face):
    """The face of the modes that fits a scan best.

    Coefficients are held near zero by a small weight. Of WEIGHTS the one is taken with which points fit best that were not used.

    Args:
      modes: Modes.
      scan: Scan.
      mean_face: the face of zero coefficients, whose alignment the protocols need too.

    Returns:
      Fit, in the model's frame.

    Raises:
      ValueError: as protocols.micc; or less than a tenth of the scan around the nose lies on the face.
    """
    begun = protocols.aligned(scan, mean_face)
    kept = begun.scan.used[np.unique(np.linspace(0, len(begun.scan.used) - 1, 2 * POINTS).astype(int))]
    points, directions, start = begun.scan.vertices[kept], begun.scan.normals[kept], begun.similarity
    part = modes.part(begun.face, begun.face_numbers)
    used, held_out = np.arange(0, len(points), 2), np.arange(1, len(points), 2)
    state = start, np.zeros(len(modes.modes))
    for _ in range(STEPS):
        state = _step(part, points[used], directions[used], FIRST_WEIGHT, *state)
    tried = {}
    for weight in WEIGHTS:
        tried[weight] = state
        for _ in range(LAST_STEPS):
            tried[weight] = _step(part, points[used], directions[used], weight, *tried[weight])
    best = min(WEIGHTS, key=lambda weight: _misfit(part, points[held_out], directions[held_out], *tried[weight]))
    return modes.face(tried[best][1])


class _Pairs(NamedTuple):
    """The points that lie on the face, in its frame, and what they are to lie on."""
    points: np.ndarray  # [N, 3]
    corners: np.ndarray  # [N, 3] vertices of the triangle that is closest to each
    weights: np.ndarray  # [N, 3] of these, for the closest point
    normals: np.ndarray  # [N, 3] of the face there
    distances: np.ndarray  # [N] from the plane


def _pairs(modes, points, directions, similarity, shape):
    back = similarity.inverse()
    moved, directions = back.apply(points), back.turn(directions)
    surface = Surface(modes.face(shape).vertices, modes.triangles)
    closest = surface.closest(moved)
    corners = surface.triangles[closest.triangles]
    normals = np.einsum("nk,nkd->nd", closest.weights, surface.normals[corners])
    normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-12)
    inside = ~(surface.border[corners] | (closest.weights == 0.)).all(1)
    kept = inside & (closest.distances < REACH) & (np.einsum("nd,nd->n", normals, directions) > AGREEING)
    if kept.sum() < .1 * len(points):
        raise ValueError(f"only {kept.sum()} of {len(points)} points of the scan around the nose lie on the face; see whether its "
                         "landmarks and its unit are right")
    distances = np.einsum("nd,nd->n", normals, moved - closest.points)
    return _Pairs(moved[kept], corners[kept], closest.weights[kept], normals[kept], distances[kept])


def _step(modes, points, directions, weight, similarity, shape):
    """-> the Similarity and shape [S] after one step.

    A mode moves the plane of a pair by n . (sum_k w_k mode_k); turning, moving and scaling the face moves it by
    (p x n) . r + n . v + (n . p) k.
    """
    pairs = _pairs(modes, points, directions, similarity, shape)
    along = np.einsum("nk,nd,snkd->ns", pairs.weights, pairs.normals, modes.modes[:, pairs.corners], optimize=True)
    moving = np.hstack([np.cross(pairs.points, pairs.normals) / SIZE, pairs.normals,
                        np.einsum("nd,nd->n", pairs.points, pairs.normals)[:, None] / SIZE])
    rows = np.hstack([along, moving])
    square = rows.T @ rows / len(rows) + np.diag(np.append(np.full(len(shape), weight), np.full(7, DAMPING)))
    solved = np.linalg.solve(square, rows.T @ (pairs.distances + along @ shape) / len(rows))
    turn, shift, size = solved[-7:-4] / SIZE, solved[-4:-1], solved[-1] / SIZE
    moved = pairs.points + np.cross(turn, pairs.points) + shift + size * pairs.points
    return similarity.after(registration.from_points(pairs.points, moved)), solved[:-7]


def _misfit(modes, points, directions, similarity, shape):
    """The mean distance from the planes, in mm of the scan, of what lies on the face."""
    return similarity.scale * np.abs(_pairs(modes, points, directions, similarity, shape).distances).mean()
