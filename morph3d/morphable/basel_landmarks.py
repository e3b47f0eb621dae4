"""The 68 landmarks of a Basel Face Model, whose files name only some of them."""
import numpy as np
from scipy import interpolate, spatial

# The names that the files use, as indices of iBUG.
NAMES = {
    "center.chin.tip": 8, "center.nose.tip": 30, "center.nose.attachement_to_philtrum": 33,
    "right.eye.corner_outer": 36, "right.eye.corner_inner": 39, "left.eye.corner_inner": 42,
    "left.eye.corner_outer": 45, "right.lips.corner": 48, "center.lips.upper.outer": 51, "left.lips.corner": 54,
    "center.lips.lower.outer": 57, "center.lips.upper.inner": 62, "center.lips.lower.inner": 66,
}

# The vertices of some landmarks in model2017-1_bfm_nomouth, as published with the eos library.
VERTICES_2017 = 53149
POINTS_2017 = (8, 30, 36, 39, 42, 45, *range(48, 68))
INDICES_2017 = (47846, 8156, 2602, 5830, 10390, 13481, 5522, 6026, 7355, 8181, 9007, 10329, 10857, 9730, 8670, 8199,
                7726, 6898, 6291, 7364, 8190, 9016, 10088, 8663, 8191, 7719)

# Where the points of an average adult's face lie, mm, the nose's tip at 0: rounded, after the mean face of ICT-FaceKit.
# The right half and the midline of the face; MIRROR gives the left half.
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
MIRROR = {**{i: 16 - i for i in range(8)}, **{i: 43 - i for i in range(17, 22)}, 31: 35, 32: 34, 36: 45, 37: 44, 38: 43,
          39: 42, 40: 47, 41: 46, 48: 54, 49: 53, 50: 52, 58: 56, 59: 55, 60: 64, 61: 63, 67: 65}
REQUIRED = {30, 36, 45, 48, 54}  # without the nose, eyes and mouth nothing can be framed or fitted


def indices(path, vertices, named):
    """The vertices of the 68 landmarks on a mean face.

    A named point goes to the nearest vertex. For the others a template face is laid over the known ones: by the
    similarity of least squares, then by spreading what it leaves (interpolated linearly in the distance, which far from
    all known points stays bounded, as a thin plate would not: the jaw has but the chin). Then they too go to the
    nearest vertex.

    Args:
      path: begins the error message.
      vertices: [V, 3] mm, the mean face.
      named: {name: [3] mm}, names as in NAMES; others are ignored.

    Returns:
      [68] int64 vertex indices.

    Raises:
      ValueError: too little is known, or the face has not the size of one.
    """
    tree = spatial.cKDTree(vertices)
    known = {NAMES[name]: tree.query(position)[1] for name, position in named.items() if name in NAMES}
    if len(vertices) == VERTICES_2017:
        known.update(zip(POINTS_2017, INDICES_2017, strict=True))
    if not REQUIRED <= known.keys():
        missing = ", ".join(name for name, point in NAMES.items() if point in REQUIRED - known.keys())
        raise ValueError(f"{path}: found no landmarks {missing}, expected at least these in metadata/landmarks/json; "
                         'write there [{"id": "' + missing.split(",")[0] + '", "coordinates": [x, y, z]}, ...], mm')
    eyes = np.linalg.norm(vertices[known[36]] - vertices[known[45]])
    if not 60. < eyes < 130.:  # nothing in a file states its unit, so ask the face
        raise ValueError(f"{path}: found outer eye corners {eyes:.3g} apart, expected about 90 mm; convert the file to "
                         "millimetres")
    points = np.array(sorted(known))
    anchors = np.array([known[point] for point in points])
    return tree.query(_lay(template(), points, vertices[anchors]))[1]


def template():
    """[68, 3] mm: the template face."""
    left = {MIRROR[i]: (-x, y, z) for i, (x, y, z) in RIGHT_HALF.items() if i in MIRROR}
    both = {**RIGHT_HALF, **left}
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
