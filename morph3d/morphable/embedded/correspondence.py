"""Corresponding points of all heads, and the spline that carries a mesh from one set of them to another.

All points lie on the half with x >= 0 unless said otherwise. They are rough places from the head's measures, brought
onto the skin by the distance field.
"""
import numpy as np
from scipy.spatial.distance import cdist

from morph3d.morphable import landmarks
from morph3d.morphable.embedded.sculpture import EYEBALL

MIRROR = np.array([-1., 1., 1.])
# Landmarks of the middle and the left half of the face, in the order of `landmark_positions`, and their mirror images.
HALF = [*range(8, 17), *range(22, 31), 33, 34, 35, *range(42, 48), *range(51, 58), 62, 63, 64, 65, 66]
MIRRORED = landmarks.MIRROR[HALF]


def gradient(head, points, step=.05):
    """Field [N] and its gradient [N, 3] at points [N, 3], by forward differences."""
    offsets = step * np.vstack([np.zeros(3), np.eye(3)]).astype(points.dtype)
    shifted = points.T[:, None] + offsets.T[:, :, None]
    values = head.field(shifted.reshape(3, -1)).reshape(4, -1)
    slope = ((values[1:] - values[0]) / step).T
    slope[points[:, 0] == 0., 0] = 0.  # by symmetry, whatever the rounding says
    return values[0], slope


def project(head, points, steps=3, follow=1., reach=4.):
    """Points [N, 3] moved onto the skin along the field's gradient at the start, at most `reach` mm a step."""
    value, slope = gradient(head, points)
    direction = np.reshape(follow, (-1, 1)) * slope / np.maximum((slope * slope).sum(1, keepdims=True), .25)
    for step in range(steps):
        value = head.field(np.ascontiguousarray(points.T)) if step else value
        points = points - np.clip(value, -reach, reach)[:, None] * direction
    return points


def onto(head, places):
    """Rough places [N, 3] -> points on the skin. They start outside, where the field has one way in."""
    outward = np.array(places) - [0., -30., 20.]
    start = np.array(places) + 5. * outward / np.linalg.norm(outward, axis=1, keepdims=True)
    return project(head, project(head, start, 2), 2)


def landmark_positions(head):
    """Positions [len(HALF), 3] mm of the landmarks HALF on a head."""
    e, menton = head.eye, head.menton
    cheek, gonion, m = head.cheekbone_x, head.gonion, head.midface
    chin_side = np.array([17. + .8 * head.chin_width, menton[1] + 3., menton[2] - 4.])
    low_gonion = gonion + [1., 0., 4.]
    jaw = [menton + [0., 0., 2.], chin_side, *(low_gonion + t * (chin_side - low_gonion) for t in (.68, .40, .15)),
           (.45 * cheek + .55 * gonion[0] + 2., .55 * gonion[1] - 15., 14.),
           (.75 * cheek + .25 * gonion[0] + 2., -35., 14.),
           (cheek, -18., 13.), (cheek + 1., 0., 14.)]
    brow = [(e[0] + 19. * u, 17. + head.brow_height + arch, 95. + m - 4. * (u + 1.)**2)
            for u, arch in ((-1., 0.), (-.5, 2.5), (0., 3.5), (.5, 2.), (1., -2.))]
    bridge = [head.sellion + f * (head.tip - head.sellion) for f in (.0, .34, .67)] + [head.tip]
    n, half = head.subnasale, head.nose_breadth / 2.
    base = [n + [0., .3, .5], n + [.36 * half, .5, 0.], n + [.68 * half, 2., -3.5]]
    return np.concatenate([
        onto(head, [*jaw, *brow]), project(head, np.array([*bridge, *base]), 4),
        lid_points(head, [-1., -.36, .36, 1.], [.36, -.36]), lip_points(head)])


def lid_points(head, upper, lower):
    """Points on the edges of the lids; in the arguments -1 is the inner corner and 1 the outer one."""
    t = np.array([*upper, *lower])
    x = head.eye[0] + .53 * t * head.eye_length
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
    z = front + out + 3. + np.where(np.arange(7) < 4, 0., head.jaw_drop[2])
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
    """Points [controls, 3] on both sides: the landmarks, points between them, and a few over the skull, neck and ears."""
    half_length, m, e, s = head.head_length / 2., head.midface, head.eye, head.stomion
    back = 96. + m - half_length
    top = head.head_height
    wide = head.face_breadth / 138.5
    skull = [(0., top, back), (0., 70., 88. + m), (0., 45., 95. + m), (0., 22., 97. + m + head.brow_ridge),
             (0., 24., back - half_length), (0., 80., back - .8 * half_length), (0., -25., back - .7 * half_length),
             (head.head_breadth / 2., 30., back), (.7 * head.head_breadth / 2., 90., back),
             (.75 * head.head_breadth / 2., 40., back - .65 * half_length), (.36 * head.head_breadth, 30., 50. + m),
             (.25 * head.head_breadth, 70., 70. + m), (24., 45., 90. + m), (e[0], 30. + .5 * head.brow_height, 86. + m),
             (head.neck_breadth / 2., -130., -15.), (0., -130., head.neck_breadth / 2. - 18.),
             (0., -130., -18. - head.neck_breadth / 2.), (.9 * head.neck_breadth / 2., -70., -40.),
             (0., head.menton[1] - 1., 45. + m), (26., head.menton[1] + 8., 40. + m)]
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
    left = np.concatenate([landmark_positions(head), onto(head, [*skull, *face]), lids, lips, pocket,
                           ear_points(head)])
    return np.concatenate([left, left[left[:, 0] != 0.] * MIRROR])


def ear_points(head):
    """Tip, lobe, rim and both roots of the ear, as the sculpture places its plate."""
    scale, angle = head.ear_length / 62., np.radians(25. + head.ear_angle)
    plate = np.array([(13., 33.), (9., -31.), (30., 4.), (27., 20.), (18., -16.), (0., 18.), (0., -14.)]) * scale
    u = plate[:, 0] + .22 * plate[:, 1]
    return np.stack([head.head_breadth / 2. - 3. + u * np.sin(angle), plate[:, 1] - 18., -6. - u * np.cos(angle)], 1)


def spline(controls, points, ridge=1e-3, softness=6.):
    """Matrix [N, controls]: displacements of the control points -> displacements of points [N, 3].

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
