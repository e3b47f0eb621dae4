"""The colors of a face's skin, eyes, lips and brows: patches at fixed places of a picture that is framed by five points.

The places are drawn on the average face, in mm, so photos and renderings are measured with the same patches. What covers them
(glasses, bangs, a beard, make-up, a shadow) cannot be told from what they are to show. A head turned far to the side shows what is
beside it in place of the farther cheek, closed eyes show their lids, a mouth wide open its teeth and tongue, and under pale or
raised brows the shadow of the lid is darker than the hair.
"""
import functools
from typing import NamedTuple

import numpy as np

from morph3d import colors
from morph3d.encoders.base import Framing
from morph3d.morphable.albedo.masks import along_curve, inside
from morph3d.morphable.landmarks import AVERAGE_FACE, LEFT_BROW, LEFT_EYE, OUTER_LIPS, five_points

SIZE = 256  # pixels; an iris is 20 wide, and in the smallest photos that crops.crop takes 2
_SCALE = SIZE / 150.  # pixels for a mm
_ORIGIN = np.array([75., 45.]) * _SCALE  # pixels, where the average face has its origin: it shows 45 mm above, 105 mm below


class Region(NamedTuple):
    """A region of the face, and which of its pixels are looked at: those in a band of the ranks of one of L*, a*, b*."""
    patches: tuple[np.ndarray, ...]  # [SIZE, SIZE] bool each, the subject's right one first
    channel: int
    low: float  # shares in 0..1 of the pixels, in the order of that channel
    high: float


@functools.cache
def frame():
    """The Framing of pictures that are measured: that of the average face."""
    return Framing(SIZE, np.float32(five_points(AVERAGE_FACE)[:, :2] * [_SCALE, -_SCALE] + _ORIGIN))


@functools.cache
def regions():
    """{name: Region} of skin (the cheeks below the eyes, beside the nose), eyes (the irises), lips (their red) and brows."""
    centers = (np.indices([SIZE, SIZE])[::-1] + .5).reshape(2, -1)
    x, y = (centers.T - _ORIGIN).T / [[_SCALE], [-_SCALE]]  # mm on the average face
    place = AVERAGE_FACE[:, :2]
    eye, brow, lips = place[LEFT_EYE], place[LEFT_BROW], place[OUTER_LIPS]
    along, across = along_curve(x, y, brow)
    left = {"skin": np.hypot(x - 33., y + 31.) < 8.,
            "eyes": (np.hypot(*np.subtract([x, y], eye.mean(0)[:, None])) < 6.) & (inside(x, y, eye) > 0.),
            "brows": (along > 0.) & (along < .8) & (across > -16.) & (across < -1.)}  # people smile, and brows sink
    both = {name: (patch.reshape(SIZE, SIZE)[:, ::-1], patch.reshape(SIZE, SIZE)) for name, patch in left.items()}
    return {"skin": Region(both["skin"], 0, 0., 1.),
            "eyes": Region(both["eyes"], 0, .2, .7),  # neither pupil and lashes nor the white and highlights
            "lips": Region(((inside(x, y, lips) > 1.).reshape(SIZE, SIZE),), 1, .5, 1.),  # the redder half: no teeth, no skin
            "brows": Region(both["brows"], 0, 0., .3)}  # the dark hair, wherever it lies in there


def measure(pictures):
    """The color of each region: the median of the pixels looked at in each patch, averaged over right and left.

    Args:
      pictures: [N, SIZE, SIZE, 3] sRGB in 0..1, framed by `frame()`.

    Returns:
      [N, 4, 3] CIELAB, in the order of `regions()`.
    """
    return np.stack([np.mean([_median(pictures[:, patch], region) for patch in region.patches], 0)
                     for region in regions().values()], 1)


def _median(pixels, region):
    """[N, M, 3] sRGB of a patch -> [N, 3] CIELAB."""
    lab = colors.lab_from_srgb(pixels)
    order = np.argsort(lab[..., region.channel], axis=1, kind="stable")
    looked_at = order[:, int(region.low * order.shape[1]):int(np.ceil(region.high * order.shape[1]))]
    return np.median(np.take_along_axis(lab, looked_at[..., None], 1), axis=1)
