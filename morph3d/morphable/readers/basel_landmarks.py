"""The 68 landmarks of a Basel Face Model, whose files name only some of them."""
import numpy as np
from scipy import interpolate, spatial

from morph3d.mesh import registration
from morph3d.morphable import landmarks
from morph3d.morphable.landmarks import AVERAGE_FACE
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
MISFIT = 20.  # mm: no landmark of the faces known is that far from where the average face, laid over them, has it
REQUIRED = {30, 36, 45, 48, 54}  # without the nose, eyes and mouth nothing can be framed or fitted


def indices(path, vertices, named, reference=None):
    """The vertices of the 68 landmarks on a mean face.

    A named point is a vertex of the reference mesh, so it goes to the nearest one there; where the names are missing, the
    published vertices of a mesh of that size serve. For the others the average face is laid over the known ones: by the
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
    found = spatial.cKDTree(vertices).query(_lay(AVERAGE_FACE, known, vertices[anchors]))[1]
    found[known] = anchors
    return found


def _check_published(path, vertices, points, published):
    known, anchors = np.array(list(points.items())).T
    laid = registration.from_points(AVERAGE_FACE[known], vertices[anchors]).apply(AVERAGE_FACE)
    for point, vertex in published.items():
        misfit = np.linalg.norm(laid[point] - vertices[vertex])
        if misfit > MISFIT:
            raise ValueError(f"{path}: found vertex {vertex} {misfit:.0f} mm from where a face has its landmark {point}, expected "
                             f"the vertices in the order of the published model of {len(vertices)}; write the landmarks into "
                             "metadata/landmarks/json")


def _lay(positions, points, targets):
    """Moves positions [68, 3] so that `points` come to lie on targets [n, 3] and the others follow."""
    positions = registration.from_points(positions[points], targets).apply(positions)
    residual = interpolate.RBFInterpolator(positions[points], targets - positions[points], kernel="linear", degree=0)
    return positions + residual(positions)
