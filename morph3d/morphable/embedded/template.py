"""The one mesh of the embedded model: a marched head, its landmarks, and its place on every other head.

A vertex keeps its meaning from head to head: a spline through control points (landmarks and points between them, known on
every head from its measures) carries the template near the other head, and a projection along the field's gradient carries
it onto the skin.
"""
from typing import NamedTuple

import numpy as np
from scipy.sparse import csr_matrix, diags
from scipy.sparse.csgraph import connected_components
from scipy.spatial.distance import cdist
from skimage.measure import marching_cubes

from morph3d.morphable.embedded.sculpture import EYEBALL, Head, rise

MOUTH_GAP = 4.  # mm between the template's lips: a closed mouth has no two sides to march
MIRROR = np.array([-1., 1., 1.])
# Landmarks of the middle and of the left half of the face, in the order of `landmark_positions`; the right half mirrors it.
HALF = [*range(8, 17), *range(22, 31), 33, 34, 35, *range(42, 48), *range(51, 58), 62, 63, 64, 65, 66]
MIRRORED = [*range(8, -1, -1), 21, 20, 19, 18, 17, 27, 28, 29, 30, 33, 32, 31, 39, 38, 37, 36, 41, 40, 51, 50, 49, 48, 59, 58,
            57, 62, 61, 60, 67, 66]


class Template(NamedTuple):
    """The left half (x >= 0) is what is computed; `whole` mirrors it."""
    half: np.ndarray  # [H, 3] mm, the skin of the template head; eyeballs follow from the head alone
    seam: np.ndarray  # [H] bool, on the plane of symmetry
    smoothing: csr_matrix  # [H, H] the mean over the neighbours
    follow: np.ndarray  # [H] how far a vertex obeys the projection: 0 inside the mouth and behind the lids, else 1
    spline: np.ndarray  # [H, C] displacements of the control points -> of the vertices
    controls: np.ndarray  # [C, 3] mm, on both sides
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
    """A warped grid: its cells are small around the eyes, the nose and the mouth, and grow sideways, down and backwards."""

    def __init__(self, coarseness=1.):
        self.axes = [axis(stops, coarseness) for stops in (
            [(0., 2.), (32., 2.), (44., 2.4), (60., 5.), (80., 6.), (100., 6.)],
            [(-150., 9.), (-116., 6.), (-92., 3.), (-80., 1.8), (-60., 1.8), (-46., 2.2), (-12., 2.2), (-8., 1.6), (8., 1.6),
             (26., 4.), (45., 8.), (128., 9.)],
            [(-122., 12.), (-30., 7.), (10., 6.), (50., 3.5), (75., 2.3), (128., 2.3)])]
        self.shape = [len(values) for values in self.axes]

    def place(self, index):
        """Where the grid's fractional indices [N, 3] are, [N, 3] mm: what lies behind the face spreads from (0, -30)."""
        x, y, z = (np.interp(index[:, i], np.arange(self.shape[i]), self.axes[i]) for i in range(3))
        spread = 2.8 - 1.8 * rise(z, -30., 75.)
        return np.stack([spread * x, (y + 30.) * spread - 30., z], 1)


def march(head, grid):
    """The skin of the half head with x >= 0: vertices [H, 3], triangles [F, 3] counter-clockwise from outside."""
    nodes = grid.place(np.indices(grid.shape).reshape(3, -1).T)
    volume = head.field(nodes.T.astype(np.float32)).reshape(grid.shape)
    index, triangles, _, _ = marching_cubes(volume, 0.)
    return largest_piece(grid.place(index), triangles)


def largest_piece(vertices, triangles):
    """What hangs together with most vertices; the others (the field's stray islands) go."""
    _, label = connected_components(adjacency(triangles, len(vertices)))
    kept = label == np.bincount(label).argmax()
    return vertices[kept], (np.cumsum(kept) - 1)[triangles[kept[triangles].all(1)]]


def adjacency(triangles, count):
    """[count, count] sparse, 1 where an edge joins two vertices."""
    edges = np.concatenate([triangles[:, [0, 1]], triangles[:, [1, 2]], triangles[:, [2, 0]]])
    matrix = csr_matrix((np.ones(len(edges)), edges.T), shape=(count, count))
    return ((matrix + matrix.T) > 0).astype(np.float64)


def gradient(head, points, step=.05):
    """Field [N] and its gradient [N, 3] at points [N, 3], by forward differences."""
    shifted = np.concatenate([points] + [points + step * axis_vector for axis_vector in np.eye(3)])
    values = head.field(np.ascontiguousarray(shifted.T)).reshape(4, -1)
    return values[0], ((values[1:] - values[0]) / step).T


def project(head, points, steps=3, follow=1., reach=4.):
    """Points [N, 3] moved onto the skin along the field's gradient at the start, at most `reach` mm a step."""
    value, slope = gradient(head, points)
    direction = np.reshape(follow, (-1, 1)) * slope / np.maximum((slope * slope).sum(1, keepdims=True), .25)
    for step in range(steps):
        value = head.field(points.T) if step else value
        points = points - np.clip(value, -reach, reach)[:, None] * direction
    return points


def landmark_positions(head):
    """Positions [len(HALF), 3] mm of the landmarks HALF on a head."""
    s, c, e, menton = head.stomion, head.corner, head.eye, head.menton
    cheek, gonion, m = head.cheekbone_x, head.gonion, head.midface
    chin_side = np.array([17. + .8 * head.chin_width, menton[1] + 3., menton[2] - 4.])
    low_gonion = gonion + [1., 0., 4.]
    jaw = [menton + [0., 2., 3.], chin_side, *(low_gonion + t * (chin_side - low_gonion) for t in (.68, .40, .15)),
           (.45 * cheek + .55 * gonion[0] + 2., .55 * gonion[1] - 15., 14.), (.75 * cheek + .25 * gonion[0] + 2., -35., 14.),
           (cheek, -18., 13.), (cheek + 1., 0., 14.)]
    brow = [(e[0] + 19. * u, 17. + head.brow_height + arch, 95. + m - 4. * (u + 1.)**2)
            for u, arch in ((-1., 0.), (-.5, 2.5), (0., 3.5), (.5, 2.), (1., -2.))]
    bridge = [head.sellion + f * (head.tip - head.sellion) for f in (.04, .36, .68)] + [head.tip]
    n, half = head.subnasale, head.nose_breadth / 2.
    base = [n + [0., .3, .5], n + [.36 * half, .5, 0.], n + [.68 * half, 2., -3.5]]
    return np.concatenate([
        project(head, np.array([*jaw, *brow, *bridge, *base]), 4), lid_points(head, [-1., -.36, .36, 1.], [.36, -.36]),
        lip_points(head)])


def lid_points(head, upper, lower):
    """Points on the lids' edges; arguments: -1 is the inner corner, 1 the outer one."""
    t = np.array([*upper, *lower])
    x = head.eye[0] + t * head.eye_length / 2.
    lines = head.lid_lines(x)
    y = np.where(np.arange(len(t)) < len(upper), *lines)
    depth = np.sqrt(np.maximum((EYEBALL + 1.2)**2 - (x - head.eye[0])**2 - (y - head.eye[1])**2, 9.))
    return np.stack([x, y, head.eye[2] + depth], 1)


def lip_points(head):
    """The landmarks 51..57 on the lips' border and 62..66 on their edges."""
    c, up, low = head.corner, head.upper_vermilion, head.lower_vermilion
    x = c[0] * np.array([0., .2, .58, 1., .56, .26, 0.])
    above, below, front = head.lip_lines(x)
    y = np.where(np.arange(7) < 4, above + up * np.array([.82, .98, .62, 0., 0., 0., 0.]),
                 below - low * np.array([0., 0., 0., 0., .72, .96, 1.]))
    out = head.lip_protrusion + np.array([2.5, 2.5, 1., 0., -1., 1.5, 1.5])
    z = front + out + np.where(np.arange(7) < 4, 0., head.jaw_drop[2])
    outer = project(head, np.stack([x, y, z], 1), 3)
    return np.concatenate([outer, lip_edge(head, [0., .36, .9], [.36, 0.])])


def lip_edge(head, upper, lower):
    """Points where the lips meet, at fractions of the way from the middle to the corner."""
    t = np.array([*upper, *lower])
    above, below, front = head.lip_lines(t * head.corner[0])
    is_upper = np.arange(len(t)) < len(upper)
    z = front - 1.5 + .7 * head.lip_protrusion * (1. - t * t) + np.where(is_upper, 0., head.jaw_drop[2] * (1. - t * t))
    return np.stack([t * head.corner[0], np.where(is_upper, above, below), z], 1)


def control_points(head):
    """Points [C, 3] that mean the same on every head: landmarks, points between them, and a sparse set over the skull."""
    half_length, m, e, s = head.head_length / 2., head.midface, head.eye, head.stomion
    back = 97. + m - half_length
    top = head.head_height
    wide = head.face_breadth / 138.5
    skull = [(0., top, back), (0., 70., 88. + m), (0., 45., 95. + m), (0., 22., 97. + m + head.brow_ridge),
             (0., 24., back - half_length), (0., 80., back - .8 * half_length), (0., -25., back - .7 * half_length),
             (head.head_breadth / 2., 30., back), (.7 * head.head_breadth / 2., 90., back),
             (.75 * head.head_breadth / 2., 40., back - .65 * half_length), (.36 * head.head_breadth, 30., 50. + m),
             (.25 * head.head_breadth, 70., 70. + m), (24., 45., 90. + m), (e[0], 30. + .5 * head.brow_height, 86. + m),
             (head.neck_breadth / 2., -130., -15.), (0., -130., head.neck_breadth / 2. - 18.),
             (0., -130., -18. - head.neck_breadth / 2.), (.9 * head.neck_breadth / 2., -70., -40.),
             (0., head.menton[1] - 1., 45. + m), (26., head.menton[1] + 14., 40. + m)]
    face = [(40. * wide, -19. + head.cheekbone_height, 76. + m + head.cheekbone), (head.cheekbone_x, -14., 34. + m),
            (32. * wide, -42. + head.cheek_raise, 78. + m + head.cheek), (48. * wide, -55., 55. + m),
            (20., -28. + .5 * head.cheek_raise, 84. + m), head.corner + [9., -3., -6.],
            (0., .5 * (head.subnasale[1] + s[1]) + 2., 99. + m + head.muzzle),
            (18., .5 * (head.subnasale[1] + s[1]) + 2., 94. + m + head.muzzle),
            head.menton + [0., 14., 10.], s + head.jaw_drop + [0., -head.lower_vermilion - 5., 0.],
            (head.nose_breadth / 2., head.subnasale[1] + 6.5 + head.wing_height, head.subnasale[2]),
            (10., head.tip[1] + 12., head.tip[2] - 14.), (6., .5 * head.sellion[1] + .5 * head.tip[1] + 4., 98. + m),
            (e[0] - 1., 11.5 + .6 * head.brow_height, 84. + m), (e[0] + 16., 9. + .4 * head.brow_height, 76. + m),
            (e[0], -13., 80. + m), (e[0] + 21., 0., 65. + m)]
    lids = lid_points(head, [-.7, 0., .7], [-.7, 0., .7])
    lips = lip_edge(head, [.18, .6, .78], [.18, .6, .78])
    pocket = lip_edge(head, [0., .5], [0., .5]) - [0., 0., 9.]
    left = np.concatenate([landmark_positions(head), project(head, np.array([*skull, *face]), 4), lids, lips, pocket,
                           ear_points(head)])
    return np.concatenate([left, left[left[:, 0] > .5] * MIRROR])


def ear_points(head):
    """Tip, lobe, rim and both roots of the ear, as the sculpture places its plate."""
    scale, angle = head.ear_length / 62., np.radians(25. + head.ear_angle)
    plate = np.array([(13., 33.), (9., -31.), (30., 4.), (27., 20.), (18., -16.), (0., 18.), (0., -14.)]) * scale
    u = plate[:, 0] + .22 * plate[:, 1]
    return np.stack([head.head_breadth / 2. - 3. + u * np.sin(angle), plate[:, 1] - 14., -6. - u * np.cos(angle)], 1)


def spline(controls, points, ridge=1e-3, softness=6.):
    """Matrix [N, C]: displacements of the control points -> displacements of points [N, 3].

    The interpolant is biharmonic (kernel r, softened so that its gradient is continuous at the control points) plus an
    affine map: Bookstein's thin plate in three dimensions.
    """
    def kernel(a, b):
        return -np.sqrt(cdist(a, b)**2 + softness**2)

    affine = np.hstack([np.ones([len(controls), 1]), controls])
    system = np.block([[kernel(controls, controls) - ridge * np.eye(len(controls)), affine],
                       [affine.T, np.zeros([4, 4])]])
    inverse = np.linalg.inv(system)[:, :len(controls)]
    return np.hstack([kernel(points, controls), np.ones([len(points), 1]), points]) @ inverse


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


def build(coarseness=1.):
    """The Template, marched on a grid `coarseness` times coarser than the model's."""
    head = Head(mouth_gap=MOUTH_GAP)
    half, triangles = march(head, Grid(coarseness))
    seam = half[:, 0] < 1e-4
    neighbours = adjacency(triangles, len(half))
    smoothing = diags(1. / np.asarray(neighbours.sum(1)).ravel()) @ neighbours
    for _ in range(6):  # marching leaves slivers; let the vertices spread over the skin
        half = project(head, half + .5 * (smoothing @ half - half), 1)
        half[seam, 0] = 0.
    mouth, depth = in_mouth(head, half)
    behind_lids = EYEBALL - .4 - np.linalg.norm(half - head.eye, axis=1)
    follow = (1. - rise(depth, 2., 4.)) * (1. - rise(behind_lids, 0., 1.))
    controls = control_points(head)
    vertices, faces = whole(head, half, seam, triangles)
    landmarks = snap(head, np.concatenate([half, np.full((len(vertices) - len(half), 3), np.inf)]), vertices, mouth)
    is_eye = np.arange(len(vertices)) >= 2 * len(half) - seam.sum()
    is_mouth = np.concatenate([mouth, mouth[~seam], np.zeros(is_eye.sum(), bool)])
    return Template(half, seam, smoothing, follow, spline(controls, half), controls, faces, landmarks, is_eye, is_mouth)


def in_mouth(head, points):
    """Which points [N, 3] of a head's skin lie in the mouth, [N] bool, and how deep, [N] mm (negative elsewhere)."""
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
    half = template.half + template.spline @ (control_points(head) - template.controls)
    carried = half.copy()
    half = project(head, half, 2, template.follow)
    # The projection alone would crumple what the spline left a little beside a fold: neighbours move alike.
    for _ in range(2):
        move = half - carried
        half = carried + move + .5 * (template.smoothing @ move - move)
    half = project(head, half, 1, template.follow)
    half[template.seam, 0] = 0.
    return whole(head, half, template.seam)
