"""The parts of a face as fixed fields over its vertices: what the painter needs and no parameter changes."""
from typing import Any, NamedTuple

import numpy as np
from scipy.interpolate import PchipInterpolator

from morph3d.morphable.albedo import canonical
from morph3d.morphable.albedo.masks import along_curve, front, inside, smoothstep
from morph3d.morphable.landmarks import AVERAGE_FACE

_L = AVERAGE_FACE[:, :2]

# The axis of the left ear, from its top down to the lobe, in (z, y).
_EAR_TOP, _EAR_DOWN = np.array([-90., -2.]), np.array([.364, -.931])
_EAR_AZIMUTH = 92., 108.  # degrees, of a mesh without ears
_EAR_VERTICES = 20  # fewer say nothing of where the ears begin and end


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
    opening: np.ndarray  # signed distance to the outline of the landmarks around the eye, mm, positive inside
    lids: np.ndarray  # 1 on the movable upper and lower lids
    lips: np.ndarray  # signed distance to the outline of the landmarks around the lips, mm, positive inside
    vermilion: np.ndarray  # 1 on the red of the lips
    upper_lip: np.ndarray  # 1 above the line between the lips, 0 below
    mouth_line: np.ndarray  # 1 where the lips meet
    jaw: Curve  # from the chin to the ear, across mm, positive above the jaw line
    hairline: np.ndarray  # mm above the hairline
    ear_depth: np.ndarray  # mm inward of the ears' outline, with the head beneath
    behind_ears: np.ndarray  # mm behind the ears' axis
    on_ear: np.ndarray  # 1 on what stands off the head
    front: np.ndarray
    eye: np.ndarray  # 1 on eyeballs
    iris_distance: np.ndarray  # mm from the iris's center
    mouth: np.ndarray  # 1 inside the mouth
    teeth: np.ndarray  # 1 on the teeth


def find(vertices, landmarks, normals, parts=Parts()):
    """The Anatomy of a mesh; arguments as those of `paint`."""
    face = canonical.warp(vertices, landmarks, normals)
    upper_lid, lower_lid = Curve(*along_curve(face.x, face.y, _L[42:46])), Curve(*along_curve(face.x, face.y, _L[[42, 47, 46, 45]]))
    outline = np.where(face.z > -30., inside(face.across, face.y, _lip_outline()), -99.)
    between = np.interp(face.x, _L[62:65, 0], (_L[62:65, 1] + _L[[66, 65, 64], 1]) / 2.)
    opening = np.where(face.z > -30., inside(face.x, face.y, _L[42:48]), -99.)
    ear_depth, behind_ears = _ears(face)

    def given(part, guess):
        return np.asarray(guess if part is None else part, np.float32)

    on_ear = given(parts.ears, _standing_off(face, ear_depth))
    return Anatomy(
        face=face,
        brow=Curve(*along_curve(face.x, face.y, _L[22:27] - [0., 2.5])),
        upper_lid=upper_lid,
        lower_lid=lower_lid,
        opening=opening,
        lids=given(parts.eyelids, _lids(face, upper_lid, lower_lid)),
        lips=outline,
        vermilion=given(parts.lips, smoothstep(-2.2, 2.2, outline)),
        upper_lip=smoothstep(-.8, .8, face.y - between),
        mouth_line=smoothstep(-1.6, .6, inside(face.across, face.y, _L[60:68])) * smoothstep(-30., -20., face.z),
        jaw=Curve(*along_curve(face.x, face.y, _L[8:17])),
        hairline=_above_hairline(face, on_ear),
        ear_depth=ear_depth,
        behind_ears=behind_ears,
        on_ear=on_ear,
        front=front(face),
        eye=given(parts.eyeballs, smoothstep(-.4, .4, opening) * (face.facing > 0.) * (face.z > -25.)),
        iris_distance=_iris_distance(vertices, landmarks, parts.eyeballs),
        mouth=given(parts.mouth_inside, np.zeros(len(vertices))),
        teeth=given(parts.teeth, np.zeros(len(vertices))))


def _lip_outline():
    """The landmarks around the lips, joined by smooth curves, [N, 2] mm."""
    across = np.linspace(-25., 25., 41)
    upper, lower = (PchipInterpolator(*_L[order].T)(across) for order in (range(48, 55), [48, 59, 58, 57, 56, 55, 54]))
    return np.concatenate([np.stack([across, upper], 1), np.stack([across, lower], 1)[-2:0:-1]])


def _above_hairline(face, on_ear):
    """Mm above the mean hairline, which runs by way of forehead, temple, sideburn, behind the ear and nape."""
    there = face.azimuth[on_ear > .5]
    before, behind = np.clip(np.percentile(there, [8., 92.]), 70., 120.) if len(there) >= _EAR_VERTICES else _EAR_AZIMUTH
    behind = max(behind, before + 4.)  # what is no wider is no ear, and the hairline takes its time to go around
    azimuth = [0., 18., 34., 46., 56., before - 11., before - 6., before, behind, behind + 8., behind + 20., 150., 180.]
    height = [76., 77., 71., 58., 45., 18., -4., -22., -38., -50., -60., -65., -68.]
    return face.y - PchipInterpolator(azimuth, height)(face.azimuth).astype(np.float32)


def _ears(face):
    """The ears, ellipses around an axis that leans back: mm inward of their outline, and behind the axis."""
    from_top = np.stack([face.z, face.y], 1) - _EAR_TOP
    down, backward = from_top @ _EAR_DOWN, from_top @ [_EAR_DOWN[1], -_EAR_DOWN[0]]
    # Where along the head an ear sits differs by two centimeters between models, so its rim, the broadest place, is sought.
    rim = (down > -18.) & (down < 60.) & (np.abs(backward) < 28.) & (face.x > 79.) & (face.y < 12.)
    behind = (backward - (np.max(backward[rim], initial=0.) - 12.)).astype(np.float32)
    inward = 16. - np.hypot((down - 23.) * 16. / 38., behind)
    return np.where(rim.any() & (face.x > 55.), inward, -99.).astype(np.float32), behind


def _standing_off(face, inward):
    """1 well within the ears' outline, and near it where the surface stands off the side of the head, a quadric around it."""
    def terms(where):
        y, z = face.y[where] / 50., face.z[where] / 50.
        return np.stack([np.ones_like(y), y, z, y * y, y * z, z * z], 1)

    around = (inward < -5.) & (inward > -14.)
    if around.sum() < 20:
        return np.zeros(len(inward))
    side = terms(slice(None)) @ np.linalg.lstsq(terms(around), face.x[around], rcond=None)[0]
    return np.maximum(smoothstep(1.5, 4., face.x - side) * smoothstep(-7., -3., inward), smoothstep(1.5, 4.5, inward))


def _lids(face, upper_lid, lower_lid):
    """From the lashes to the brow bone, and as far again below the eye."""
    def band(lid, upward, width):
        within = smoothstep(-.25, .05, lid.along) * smoothstep(1.25, .95, lid.along)
        return smoothstep(-1., 1., upward * lid.across) * smoothstep(width + 2., width - 2., upward * lid.across) * within

    return np.maximum(band(upper_lid, 1., 9.), band(lower_lid, -1., 5.)) * front(face)


def _iris_distance(vertices, landmarks, eyeballs):
    """Distance from the nearer eye's optical axis, mm; far away on the back of an eyeball."""
    distance = np.full(len(vertices), 99., np.float32)
    centers = [landmarks[36:42].mean(0), landmarks[42:48].mean(0)]
    right = np.linalg.norm(vertices - centers[0], axis=1) < np.linalg.norm(vertices - centers[1], axis=1)
    for side, center in ((right, centers[0]), (~right, centers[1])):
        ball = vertices[side & np.asarray(eyeballs is not None and eyeballs, bool)]
        if len(ball):
            center = (ball.min(0) + ball.max(0)) / 2.
            side = side & (vertices[:, 2] > center[2])
        distance[side] = np.linalg.norm(vertices[side, :2] - center[:2], axis=1)
    return distance
