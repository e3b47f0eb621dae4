"""The parts of a face as fixed fields over its vertices: what the painter needs and no parameter changes."""
from typing import Any, NamedTuple

import numpy as np
from scipy.interpolate import PchipInterpolator

from morph3d.morphable.albedo import canonical
from morph3d.morphable.albedo.masks import along_curve, front, inside, smoothstep
from morph3d.morphable.landmarks import AVERAGE_FACE

_L = AVERAGE_FACE[:, :2]

# The mean hairline: azimuth in degrees -> canonical height in mm, by way of forehead, temple, sideburn, ear and nape.
_HAIRLINE = PchipInterpolator([0., 18., 34., 46., 56., 64., 70., 76., 82., 88., 95., 106., 114., 126., 140., 180.],
                              [76., 77., 71., 58., 45., 30., 12., -8., -24., -22., -8., -8., -34., -52., -64., -68.])
# The axis of the left ear, from its top down to the lobe, in (z, y).
_EAR_TOP, _EAR_DOWN = np.array([-90., -2.]), np.array([.364, -.931])


class Parts(NamedTuple):
    """What a model itself knows of its vertices, [V] each; None where it does not, and the landmarks decide."""
    eyeballs: Any = None  # bool: separate eyeball spheres
    mouth_inside: Any = None  # bool: the mouth's socket, with gums and tongue
    teeth: Any = None  # bool
    lips: Any = None  # 0..1: the vermilion
    ears: Any = None  # 0..1: the auricles
    eyelids: Any = None  # 0..1: the movable lids


class Curve(NamedTuple):
    """Coordinates of the vertices along and across a curve of the face, [V] each."""
    along: np.ndarray
    across: np.ndarray


class Anatomy(NamedTuple):
    """The fields of a mesh. Every one is [V] unless said otherwise."""
    face: canonical.CanonicalFace
    brow: Curve  # along 0..1 from the inner to the outer end, across mm upward
    upper_lid: Curve  # from the inner to the outer corner of the eye, across mm upward
    lower_lid: Curve  # across mm upward, so negative below the eye
    lips: np.ndarray  # signed distance to the vermilion's outline, mm, positive inside
    upper_lip: np.ndarray  # 1 above the line between the lips, 0 below
    mouth_line: np.ndarray  # 1 where the lips meet
    jaw: Curve  # from the chin to the ear, across mm, positive above the jaw line
    hairline: np.ndarray  # mm above the mean hairline
    ears: np.ndarray  # mm inward of the ears' outline, with the head beneath
    behind_ears: np.ndarray  # mm behind the ears' axis
    ear: np.ndarray  # 1 on what stands off the head
    front: np.ndarray
    eye: np.ndarray  # 1 on eyeballs
    iris_distance: np.ndarray  # mm from the iris's center
    eye_height: np.ndarray  # mm above the iris's center
    mouth: np.ndarray  # 1 inside the mouth
    teeth: np.ndarray


def find(vertices, landmarks, normals, parts=Parts()):
    """The Anatomy of a mesh; arguments as those of `paint`."""
    face = canonical.warp(vertices, landmarks, normals)
    lips, gap = inside(face.across, face.y, _L[48:60]), inside(face.across, face.y, _L[60:68])
    between = np.interp(face.x, _L[62:65, 0], (_L[62:65, 1] + _L[[66, 65, 64], 1]) / 2.)
    eye = _eye_region(face) if parts.eyeballs is None else np.asarray(parts.eyeballs, np.float32)
    iris_distance, eye_height = _iris_coordinates(vertices, landmarks, parts.eyeballs)
    hairline = face.y - _HAIRLINE(face.azimuth).astype(np.float32)
    ears, behind_ears = _ears(face)
    nowhere = np.zeros(len(vertices), np.float32)
    return Anatomy(
        face, Curve(*along_curve(face.x, face.y, _L[22:27] - [0., 2.5])),
        Curve(*along_curve(face.x, face.y, _L[42:46])), Curve(*along_curve(face.x, face.y, _L[[42, 47, 46, 45]])),
        np.where(face.z > -30., lips, -99.), smoothstep(-.8, .8, face.y - between),
        smoothstep(-1.6, .6, gap) * smoothstep(-30., -20., face.z),
        Curve(*along_curve(face.x, face.y, _L[8:17])), hairline, ears, behind_ears,
        smoothstep(73., 77., face.x) * smoothstep(-1., 2., ears), front(face), eye,
        iris_distance, eye_height, *(nowhere if part is None else np.asarray(part, np.float32)
                                     for part in (parts.mouth_inside, parts.teeth)))


def _ears(face):
    """The ears, ellipses around an axis that leans back: mm inward of their outline, and behind the axis."""
    from_top = np.stack([face.z, face.y], 1) - _EAR_TOP
    down, backward = from_top @ _EAR_DOWN, from_top @ [_EAR_DOWN[1], -_EAR_DOWN[0]]
    # Where along the head an ear sits differs by two centimeters between models, so its rim, the broadest place, is sought.
    rim = (down > -18.) & (down < 60.) & (np.abs(backward) < 28.) & (face.x > 79.) & (face.y < 12.)
    behind = (backward - (np.max(backward[rim], initial=0.) - 12.)).astype(np.float32)
    inward = 16. - np.hypot((down - 23.) * 16. / 38., behind)
    return np.where(rim.any() & (face.x > 55.), inward, -99.).astype(np.float32), behind


def _eye_region(face):
    """Inside the six-point contour, facing the front."""
    contour = inside(face.x, face.y, _L[[42, 43, 44, 45, 46, 47]])
    return smoothstep(-.4, .4, contour) * (face.facing > 0.) * (face.z > -25.)


def _iris_coordinates(vertices, landmarks, eyeballs):
    """Distance from the nearer eye's optical axis, and height above it, mm; far away on the back of an eyeball."""
    distance, height = np.full(len(vertices), 99., np.float32), np.zeros(len(vertices), np.float32)
    centers = [landmarks[36:42].mean(0), landmarks[42:48].mean(0)]
    right = np.linalg.norm(vertices - centers[0], axis=1) < np.linalg.norm(vertices - centers[1], axis=1)
    for side, center in ((right, centers[0]), (~right, centers[1])):
        if eyeballs is not None and np.any(eyeballs & side):
            ball = vertices[eyeballs & side]
            center = (ball.min(0) + ball.max(0)) / 2.
            side = side & (vertices[:, 2] > center[2])
        distance[side] = np.linalg.norm(vertices[side, :2] - center[:2], axis=1)
        height[side] = vertices[side, 1] - center[1]
    return distance, height
