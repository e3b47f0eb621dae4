"""The 68 facial landmarks of iBUG 300-W and Multi-PIE: their order, names and groups, and five points made of them.

"Left" and "right" are the subject's; the points are counted from the left of the picture (the subject's right).
"""
import difflib

import numpy as np
import tensorflow as tf

COUNT = 68
JAW = slice(0, 17)  # from the subject's right ear over the chin (8) to the left ear
RIGHT_BROW = slice(17, 22)  # from the outer end
LEFT_BROW = slice(22, 27)  # from the inner end
NOSE_BRIDGE = slice(27, 31)  # from between the eyes down to the tip (30)
NOSE_BASE = slice(31, 36)  # under the nose, from the right wing to the left
RIGHT_EYE = slice(36, 42)  # outer corner, upper lid, inner corner (39), lower lid
LEFT_EYE = slice(42, 48)  # inner corner, upper lid, outer corner (45), lower lid
OUTER_LIPS = slice(48, 60)  # right corner, upper edge, left corner (54), lower edge
INNER_LIPS = slice(60, 68)  # the same around the opening
CHIN, NOSE_TIP, RIGHT_MOUTH_CORNER, LEFT_MOUTH_CORNER = 8, 30, 48, 54

# Name -> number, in order. Where Basel Face Models name the same point, it is their name (hence "attachement"). The jaw is
# counted from the chin to the ears; "outer" and "inner" are the lips' contours, "lateral" is toward the mouth's corner.
NAMES = {name: point for point, name in enumerate("""
    right.jaw.8 right.jaw.7 right.jaw.6 right.jaw.5 right.jaw.4 right.jaw.3 right.jaw.2 right.jaw.1 center.chin.tip
    left.jaw.1 left.jaw.2 left.jaw.3 left.jaw.4 left.jaw.5 left.jaw.6 left.jaw.7 left.jaw.8
    right.eyebrow.outer right.eyebrow.outer_quarter right.eyebrow.middle right.eyebrow.inner_quarter right.eyebrow.inner
    left.eyebrow.inner left.eyebrow.inner_quarter left.eyebrow.middle left.eyebrow.outer_quarter left.eyebrow.outer
    center.nose.root center.nose.bridge_upper center.nose.bridge_lower center.nose.tip
    right.nose.base_outer right.nose.base_inner center.nose.attachement_to_philtrum left.nose.base_inner left.nose.base_outer
    right.eye.corner_outer right.eye.upper_outer right.eye.upper_inner right.eye.corner_inner right.eye.lower_inner
    right.eye.lower_outer
    left.eye.corner_inner left.eye.upper_inner left.eye.upper_outer left.eye.corner_outer left.eye.lower_outer
    left.eye.lower_inner
    right.lips.corner right.lips.upper.outer_lateral right.lips.philtrum_ridge center.lips.upper.outer
    left.lips.philtrum_ridge left.lips.upper.outer_lateral left.lips.corner left.lips.lower.outer_lateral
    left.lips.lower.outer center.lips.lower.outer right.lips.lower.outer right.lips.lower.outer_lateral
    right.lips.corner_inner right.lips.upper.inner center.lips.upper.inner left.lips.upper.inner left.lips.corner_inner
    left.lips.lower.inner center.lips.lower.inner right.lips.lower.inner""".split())}


def _opposite(name):
    side, rest = name.split(".", 1)
    return NAMES[{"left": "right", "right": "left", "center": "center"}[side] + "." + rest]


MIRROR = np.array([_opposite(name) for name in NAMES])  # [68]: which landmark is which one's mirror image


def number(name):
    """The number, 0 to 67, of the landmark of that name.

    Raises:
      ValueError: there is no landmark of that name; the message lists similar ones.
    """
    if name not in NAMES:
        similar = difflib.get_close_matches(name, NAMES, n=3, cutoff=.5) or [each for each in NAMES if name in each] or NAMES
        raise ValueError(f'found no landmark "{name}"; similar are {", ".join(similar)}; all are in '
                         "morph3d.morphable.landmarks.NAMES")
    return NAMES[name]


def five_points(positions):
    """The five points by which faces are framed.

    Args:
      positions: [..., 68, D] of the landmarks, in pixels or in mm.

    Returns:
      [..., 5, D]: the center of the subject's right eye (left in the picture), of the left eye, the tip of the nose,
      the right corner of the mouth and the left one. An eye's center is the mean of its six points.

    Raises:
      ValueError: there are not 68 points.
    """
    positions = tf.convert_to_tensor(positions)
    if positions.shape.rank < 2 or positions.shape[-2] != COUNT:
        raise ValueError(f"positions must have shape [..., 68, D], found {positions.shape}")
    eyes = [tf.reduce_mean(positions[..., eye, :], -2) for eye in (RIGHT_EYE, LEFT_EYE)]
    rest = [positions[..., point, :] for point in (NOSE_TIP, RIGHT_MOUTH_CORNER, LEFT_MOUTH_CORNER)]
    return tf.stack(eyes + rest, -2)
