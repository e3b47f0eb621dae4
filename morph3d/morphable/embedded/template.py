"""The one mesh of the embedded model: a marched head, its landmarks, and its place on every other head.

A vertex keeps its meaning from head to head: a spline through control points (landmarks and points between them, known
on every head from its measures) carries the template near the other head, and a projection along the field's gradient
carries it onto the skin.
"""
from typing import NamedTuple

import numpy as np
from scipy.sparse import csr_matrix, diags
from scipy.sparse.csgraph import connected_components
from scipy.spatial.distance import cdist
from skimage.measure import marching_cubes

from morph3d.morphable.embedded.correspondence import HALF, MIRROR, MIRRORED, control_points, landmark_positions, project, spline
from morph3d.morphable.embedded.sculpture import EYEBALL, Head, rise

MOUTH_GAP = 4.  # mm between the template's lips: a closed mouth has no two sides to march


class Template(NamedTuple):
    """The mesh that all heads share. Its left half (x >= 0) is what is computed; `whole` mirrors it."""
    half: np.ndarray  # [half, 3] mm, the skin of the template head; eyeballs follow from the head alone
    seam: np.ndarray  # [half] bool, on the plane of symmetry
    smoothing: csr_matrix  # [half, half] the mean over the neighbors
    follow: np.ndarray  # [half] how far a vertex obeys the projection: 0 inside the mouth and behind the lids, else 1
    spline: np.ndarray  # [half, controls] displacements of the control points -> of the vertices
    controls: np.ndarray  # [controls, 3] mm, on both sides
    triangles: np.ndarray  # [F, 3] of the whole mesh, counter-clockwise
    landmarks: np.ndarray  # [68] vertices of the whole mesh
    eyeballs: np.ndarray  # [V] bool
    mouth_inside: np.ndarray  # [V] bool


def axis(stops, coarseness):
    """Coordinates whose spacing changes linearly between stops [(position, spacing), ...], mm."""
    at, spacing = np.array(stops).T
    values = [at[0]]
    while values[-1] < at[-1]:
        values.append(values[-1] + coarseness * np.interp(values[-1], at, spacing))
    return np.array(values)


class Grid:
    """A warped grid: its cells are small around eyes, nose and mouth, and grow sideways, up, down and backward."""

    def __init__(self, coarseness=1.):
        self.axes = [axis(stops, coarseness) for stops in (
            [(0., 2.), (32., 2.), (44., 2.4), (60., 5.), (80., 6.), (100., 6.)],
            [(-150., 9.), (-116., 6.), (-92., 3.), (-80., 1.8), (-60., 1.8), (-46., 2.2), (-12., 2.2), (-8., 1.6),
             (8., 1.6), (26., 4.), (45., 8.), (128., 9.)],
            [(-122., 14.), (-50., 7.), (-32., 4.2), (6., 4.2), (20., 5.), (50., 3.5), (75., 2.3), (128., 2.3)])]
        self.shape = [len(values) for values in self.axes]

    def place(self, index):
        """Positions [N, 3] mm of fractional indices [N, 3]; what lies behind the face spreads from (0, -30)."""
        x, y, z = (np.interp(index[:, i], np.arange(self.shape[i]), self.axes[i]) for i in range(3))
        spread = 2.4 - 1.4 * rise(z, -30., 75.)
        return np.stack([spread * x, (y + 30.) * spread - 30., z], 1)


def march(head, grid):
    """The skin of the half head with x >= 0: vertices [half, 3], triangles [F, 3] counter-clockwise from outside."""
    nodes = grid.place(np.indices(grid.shape).reshape(3, -1).T)
    volume = head.field(nodes.T.astype(np.float32)).reshape(grid.shape)
    index, triangles, _, _ = marching_cubes(volume, 0.)
    return largest_piece(grid.place(index), triangles)


def largest_piece(vertices, triangles):
    """The connected piece with the most vertices; the others, stray islands of the field, are dropped."""
    _, label = connected_components(adjacency(triangles, len(vertices)))
    kept = label == np.bincount(label).argmax()
    return vertices[kept], (np.cumsum(kept) - 1)[triangles[kept[triangles].all(1)]]


def adjacency(triangles, count):
    """[count, count] sparse, 1 where an edge joins two vertices."""
    edges = np.concatenate([triangles[:, [0, 1]], triangles[:, [1, 2]], triangles[:, [2, 0]]])
    matrix = csr_matrix((np.ones(len(edges)), edges.T), shape=(count, count))
    return ((matrix + matrix.T) > 0).astype(np.float64)


def eyeball(center, rings=(0., 5., 9., 13., 17., 21., 24.5, 27.5, 31., 36., 42., 50., 60., 72., 86.), segments=28):
    """A cap of a sphere that looks along +z: vertices [N, 3], triangles; rings lie close where the iris is painted."""
    polar, around = np.radians(rings[1:])[:, None], 2. * np.pi * np.arange(segments) / segments
    ring = np.stack([np.sin(polar) * np.cos(around), np.sin(polar) * np.sin(around), np.cos(polar) + 0. * around], -1)
    vertices = np.concatenate([[[0., 0., 1.]], ring.reshape(-1, 3)]) * EYEBALL + center
    here = np.arange(segments)
    there = (here + 1) % segments
    triangles = [np.stack([0 * here, 1 + here, 1 + there], 1)]
    for inner in range(1, 1 + segments * (len(rings) - 2), segments):
        outer = inner + segments
        triangles += [np.stack([inner + here, outer + here, outer + there], 1),
                      np.stack([inner + here, outer + there, inner + there], 1)]
    return vertices, np.concatenate(triangles)


def build(coarseness=1.2):
    """The Template, marched on a grid `coarseness` times coarser than the model's."""
    head = Head(mouth_gap=MOUTH_GAP)
    half, triangles = march(head, Grid(coarseness))
    seam = half[:, 0] < 1e-4
    half[seam, 0] = 0.
    neighbors = adjacency(triangles, len(half))
    smoothing = diags(1. / np.asarray(neighbors.sum(1)).ravel()) @ neighbors
    for _ in range(6):  # marching leaves slivers; let the vertices spread over the skin
        spread = .5 * (smoothing @ half - half)
        spread[seam, 0] = 0.
        half = project(head, half + spread, 1)
    mouth, depth = in_mouth(head, half)
    behind_lids = EYEBALL - .4 - np.linalg.norm(half - head.eye, axis=1)
    follow = (1. - rise(depth, 2., 4.)) * (1. - rise(behind_lids, 0., 1.))
    controls = control_points(head)
    vertices, faces = whole(head, half, seam, triangles)
    landmarks = snap(head, np.concatenate([half, np.full((len(vertices) - len(half), 3), np.inf)]), vertices, mouth)
    is_eye = np.arange(len(vertices)) >= 2 * len(half) - seam.sum()
    is_mouth = np.concatenate([mouth, mouth[~seam], np.zeros(is_eye.sum(), bool)])
    single = np.float32  # enough for micrometers, and twice as fast
    return Template(half.astype(single), seam, smoothing.astype(single).tocsr(), follow.astype(single),
                    spline(controls, half).astype(single), controls, faces, landmarks, is_eye,
                    is_mouth)


def in_mouth(head, points):
    """The mask [N] of the points [N, 3] of a head's skin that lie in its mouth, and their depths [N] mm (negative elsewhere)."""
    x, y, z = points.T
    upper, lower, front = head.lip_lines(x)
    between = (np.maximum(y - upper, lower - y) < 2.2) & (x < head.corner[0] + 1.)
    depth = np.where(between, front - 1. - z, -1.)
    return (depth > 3.) & (depth < 25.), np.where(depth < 25., depth, -1.)


def whole(head, half, seam, triangles=None):
    """The whole head from its left half: vertices [V, 3]; with the half's triangles also the whole's.

    The order is: left half with the seam, right half without it, left eyeball, right eyeball.
    """
    eye, eye_triangles = eyeball(head.eye)
    vertices = np.concatenate([half, half[~seam] * MIRROR, eye, eye * MIRROR])
    if triangles is None:
        return vertices
    twin = np.where(seam, np.arange(len(half)), len(half) + np.cumsum(~seam) - 1)
    skin = 2 * len(half) - seam.sum()
    left, right = eye_triangles + skin, eye_triangles + skin + len(eye)
    return vertices, np.concatenate([triangles, twin[triangles[:, ::-1]], left, right[:, ::-1]])


def snap(head, half, vertices, mouth):
    """The 68 vertices nearest to the landmarks; the right side takes the twins of the left side's."""
    wanted = landmark_positions(head)
    chosen = cdist(wanted, half).argmin(1)
    twins = cdist(vertices[chosen] * MIRROR, vertices).argmin(1)
    landmarks = np.zeros(68, np.int64)
    landmarks[HALF], landmarks[MIRRORED] = chosen, twins
    return landmarks


def register(template, head):
    """The template's vertices [V, 3] on a head."""
    moved = (control_points(head) - template.controls).astype(np.float32)
    half = template.half + np.einsum("hc,cd->hd", template.spline, moved)  # BLAS threads would fight with the callers'
    half[template.seam, 0] = 0.
    carried = half.copy()
    half = project(head, half, 2, template.follow)
    # The projection alone would crumple what the spline left a little beside a fold: neighbors move alike.
    for _ in range(2):
        move = half - carried
        smooth = template.smoothing @ move
        smooth[template.seam, 0] = 0.
        half = carried + .5 * (move + smooth)
    half = project(head, half, 1, template.follow)
    return whole(head, half, template.seam)
