"""The 68 facial landmarks of iBUG 300-W and Multi-PIE: their order, their groups, and five points made of them.

"Left" and "right" are the subject's; the points are counted from the left of the picture (the subject's right).
"""
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


def five_points(positions):
    """The five points by which faces are framed.

    Args:
      positions: [..., 68, D] of the landmarks, in pixels or in mm.

    Returns:
      [..., 5, D]: the centre of the subject's right eye (left in the picture), of the left eye, the tip of the nose,
      the right corner of the mouth and the left one. An eye's centre is the mean of its six points.

    Raises:
      ValueError: there are not 68 points.
    """
    positions = tf.convert_to_tensor(positions)
    if positions.shape.rank < 2 or positions.shape[-2] != COUNT:
        raise ValueError(f"positions must have shape [..., 68, D], found {positions.shape}")
    eyes = [tf.reduce_mean(positions[..., eye, :], -2) for eye in (RIGHT_EYE, LEFT_EYE)]
    rest = [positions[..., point, :] for point in (NOSE_TIP, RIGHT_MOUTH_CORNER, LEFT_MOUTH_CORNER)]
    return tf.stack(eyes + rest, -2)
