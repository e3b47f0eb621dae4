"""The 68 landmarks of a Basel Face Model, whose files name only some of them."""
import numpy as np
from scipy import interpolate, spatial

from morph3d.morphable import landmarks
from morph3d.morphable.readers import checks

# The names of the published files, as far as they are points of iBUG.
NAMES = {name: landmarks.number(name) for name in """
    center.chin.tip center.nose.tip center.nose.attachement_to_philtrum right.eye.corner_outer right.eye.corner_inner
    left.eye.corner_inner left.eye.corner_outer right.lips.corner right.lips.philtrum_ridge center.lips.upper.outer
    left.lips.philtrum_ridge left.lips.corner center.lips.lower.outer center.lips.upper.inner
    center.lips.lower.inner""".split()}
# The names that our own files add for all 68 (iBUG counts from 1), so that they are read back exactly.
ALL_NAMES = {**NAMES, **{f"ibug.{point + 1:02d}": point for point in range(68)}}

# By the number of vertices: the vertices of some landmarks, as published with the eos library (counted from 0) for
# 01_MorphableModel.mat of 2009, whose feature points are MPEG-4's, and for model2017-1_bfm_nomouth.
PUBLISHED = {
    53490: {17: 38792, 19: 40087, 21: 40514, 22: 41091, 24: 41511, 26: 42825, 30: 8319, 33: 8334, 36: 2088, 39: 5959,
            42: 10603, 45: 14472, 48: 5006, 51: 8344, 54: 11714, 57: 8374, 62: 8354, 66: 8366},
    53149: {8: 47846, 30: 8156, 36: 2602, 39: 5830, 42: 10390, 45: 13481, 48: 5522, 49: 6026, 50: 7355, 51: 8181,
            52: 9007, 53: 10329, 54: 10857, 55: 9730, 56: 8670, 57: 8199, 58: 7726, 59: 6898, 60: 6291, 61: 7364,
            62: 8190, 63: 9016, 64: 10088, 65: 8663, 66: 8191, 67: 7719},
}
MISFIT = 20.  # mm: no landmark of the faces known is that far from where the template, laid over them, has it

# Where the points of an average adult's face lie, mm, the nose's tip at 0: rounded, after the mean face of ICT-FaceKit.
# The right half and the midline of the face; landmarks.MIRROR gives the left half.
RIGHT_HALF = {
    0: (-74, 32, -94), 1: (-73, 11, -92), 2: (-70, -9, -86), 3: (-66, -28, -79), 4: (-57, -49, -69), 5: (-44, -65, -57),
    6: (-30, -74, -43), 7: (-15, -78, -29), 8: (0, -80, -26),
    17: (-58, 48, -51), 18: (-50, 55, -41), 19: (-38, 58, -32), 20: (-25, 57, -26), 21: (-12, 54, -24),
    27: (0, 33, -24), 28: (0, 22, -16), 29: (0, 12, -8), 30: (0, 0, 0),
    31: (-13, -15, -21), 32: (-6, -16, -17), 33: (0, -16, -15),
    36: (-45, 30, -44), 37: (-38, 35, -37), 38: (-28, 35, -35), 39: (-18, 29, -38), 40: (-27, 27, -36),
    41: (-38, 27, -38),
    48: (-25, -39, -29), 49: (-17, -32, -18), 50: (-7, -28, -13), 51: (0, -29, -12),
    57: (0, -48, -15), 58: (-10, -47, -17), 59: (-18, -45, -22),
    60: (-22, -39, -29), 61: (-10, -37, -20), 62: (0, -37, -18), 66: (0, -38, -18), 67: (-10, -38, -20),
}
REQUIRED = {30, 36, 45, 48, 54}  # without the nose, eyes and mouth nothing can be framed or fitted


def indices(path, vertices, named, reference=None):
    """The vertices of the 68 landmarks on a mean face.

    A named point is a vertex of the reference mesh, so it goes to the nearest one there; where the names are missing, the
    published vertices of a mesh of that size serve. For the others a template face is laid over the known ones: by the
    similarity of least squares, then by spreading what it leaves (interpolated linearly in the distance, which far from
    all known points stays bounded, as a thin plate would not: the jaw has but the chin). Then they too go to the
    nearest vertex.

    Args:
      path: begins the error message.
      vertices: [V, 3] mm, the mean face.
      named: {name: [3] mm}, names as in ALL_NAMES; others are ignored.
      reference: [V, 3] mm, the mesh that the names lie on; the mean face if None.

    Returns:
      [68] int64 vertex indices.

    Raises:
      ValueError: too little is known, the face has not the size of one, or its vertices are not in the published order.
    """
    tree = spatial.cKDTree(vertices if reference is None else reference)
    points = {ALL_NAMES[name]: tree.query(named[name])[1] for name in ALL_NAMES if name in named}
    published = {point: vertex for point, vertex in PUBLISHED.get(len(vertices), {}).items() if point not in points}
    points.update(published)
    if not REQUIRED <= points.keys():
        missing = ", ".join(name for name, point in NAMES.items() if point in REQUIRED - points.keys())
        raise ValueError(f"{path}: found no landmarks {missing}, expected at least these in metadata/landmarks/json; "
                         'write there [{"id": "' + missing.split(",")[0] + '", "coordinates": [x, y, z]}, ...], mm')
    checks.check_size(path, vertices[points[36]], vertices[points[45]])
    known, anchors = np.array(list(points.items())).T
    _check_published(path, vertices, points, published)
    found = spatial.cKDTree(vertices).query(_lay(template(), known, vertices[anchors]))[1]
    found[known] = anchors
    return found


def _check_published(path, vertices, points, published):
    known, anchors = np.array(list(points.items())).T
    laid = _similarity(template()[known], vertices[anchors], template())
    for point, vertex in published.items():
        misfit = np.linalg.norm(laid[point] - vertices[vertex])
        if misfit > MISFIT:
            raise ValueError(f"{path}: found vertex {vertex} {misfit:.0f} mm from where a face has its landmark {point}, expected "
                             f"the vertices in the order of the published model of {len(vertices)}; write the landmarks into "
                             "metadata/landmarks/json")


def misfits(points):
    """[68] mm: how far landmarks, [68, 3] mm, are from the template, laid over brows, eyes, nose and lips."""
    laid = _similarity(template()[17:], points[17:], template())
    return np.linalg.norm(laid - points, axis=1)


def template():
    """[68, 3] mm: the template face."""
    both = {landmarks.MIRROR[i]: (-x, y, z) for i, (x, y, z) in RIGHT_HALF.items()} | RIGHT_HALF
    return np.array([both[i] for i in range(68)], np.float64)


def _lay(positions, points, targets):
    """Moves positions [68, 3] so that `points` come to lie on targets [n, 3] and the others follow."""
    positions = _similarity(positions[points], targets, positions)
    residual = interpolate.RBFInterpolator(positions[points], targets - positions[points], kernel="linear", degree=0)
    return positions + residual(positions)


def _similarity(source, target, positions):
    """Moves the positions by the least-squares similarity from source to target, no reflection (Umeyama 1991)."""
    source_mean, target_mean = source.mean(0), target.mean(0)
    u, strengths, vt = np.linalg.svd((target - target_mean).T @ (source - source_mean))
    signs = np.array([1., 1., np.sign(np.linalg.det(u @ vt))])
    scale = (strengths * signs).sum() / ((source - source_mean)**2).sum()
    return scale * (positions - source_mean) @ (u * signs @ vt).T + target_mean
