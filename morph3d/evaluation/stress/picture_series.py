"""Finished pictures that get worse, and the people whose pictures they are.

All is done to portraits: pictures of one size with the face at one place, so that a level means the same on each.
"""
import io

import cv2
import numpy as np
import PIL.Image
from absl import logging

from morph3d import colors, images, scene
from morph3d.data.sources import folders
from morph3d.encoders.base import Framing
from morph3d.evaluation.stress import degradations
from morph3d.morphable import landmarks
from morph3d.photos import crops, decoding

SIZE = 320  # pixels of a portrait's side
PIXELS_PER_MM = 1.15  # of an average face, whose eyes are then 72 pixels apart
ORIGIN = 160., 140.  # the pixel of the middle between the eyes
CENTER, HALF_AXES = (0., -17.), (72., 93.)  # mm, the oval from the hairline to the chin and from ear to ear
COVER = 60  # the gray level of what covers a face
LENS, TEMPLES = (24., 19.), (75., 6.)  # mm, half axes of a lens; how far out temples go, and how far above the eyes
DAYLIGHT = 6500.  # kelvin

PORTRAIT = Framing(SIZE, np.float32(landmarks.five_points(landmarks.AVERAGE_FACE)[:, :2] * [1., -1.] * PIXELS_PER_MM + ORIGIN))
EYES_APART = float(np.linalg.norm(PORTRAIT.template[1] - PORTRAIT.template[0]))  # pixels


class People:
    """People in one portrait each.

    Attributes:
      names: [N] texts.
      portraits: [N, SIZE, SIZE, 3] uint8.
      left_out: {name: why} of those of whom there is none.
      offered: names of the series that can be made.
    """
    offered = [name for name, series in degradations.SERIES.items() if not series.of_scenes]

    def __init__(self, names, portraits, left_out):
        self.names, self.portraits, self.left_out = names, portraits, left_out

    def pictures(self, name, level):
        """The portraits at a level of a series, [N, SIZE, SIZE, 3] uint8."""
        return np.stack([globals()[name](portrait, level) for portrait in self.portraits])

    def covered(self, name, level):
        """What an occlusion series covers at a level of all portraits, [SIZE, SIZE] bool."""
        return globals()[name](np.zeros([SIZE, SIZE, 3], np.uint8), level).any(-1)

    def truth(self, network):
        """The scene_series.Truth for the faces of a network; None, where it is not known."""


def photographed(paths):
    """The main faces of photos as People; a photo without one is left out with a warning.

    Raises:
      ValueError: none has one.
    """
    names = [decoding.printable(path) for path in paths]
    good, left_out = {}, {}
    for name, found in zip(names, crops.read_all(folders.contents(paths), PORTRAIT), strict=True):
        if isinstance(found, ValueError):
            left_out[name] = str(found)
            logging.warning("%s: %s; left out", name, found)
        else:
            good[name] = found[0]
    if not good:
        first, why = next(iter(left_out.items()))
        raise ValueError(f"none of {len(names)} photos can be used, the first, {first}: {why}; expected {crops.WANTED}")
    return People(list(good), np.stack(list(good.values())), left_out)


def face_oval():
    """Where an average face is in a portrait, [SIZE, SIZE] bool."""
    x, y = (np.arange(SIZE) + .5 - origin for origin in ORIGIN)
    across, down = x / PIXELS_PER_MM - CENTER[0], -y / PIXELS_PER_MM - CENTER[1]
    return (across / HALF_AXES[0])**2 + ((down / HALF_AXES[1])**2)[:, None] < 1.


def occlusion_below(portrait, percent):
    """All below a height is covered, the stated share of the face's oval."""
    return _covered(portrait, percent, 0)


def occlusion_side(portrait, percent):
    """All to the right of a line is covered, the stated share of the face's oval."""
    return _covered(portrait, percent, 1)


def glasses(portrait, thickness):
    """Frames of the stated thickness in mm around the eyes of an average face, with a bridge and temples, in gray."""
    x, y = (np.arange(SIZE) + .5 - ORIGIN[0]) / PIXELS_PER_MM, (ORIGIN[1] - np.arange(SIZE)[:, None] - .5) / PIXELS_PER_MM
    apart = EYES_APART / PIXELS_PER_MM / 2.
    inner, outer = (np.hypot((np.abs(x) - apart) / (LENS[0] + half), y / (LENS[1] + half))
                    for half in (-thickness / 2., thickness / 2.))
    rims = (inner > 1.) & (outer < 1.)
    bars = ((outer > 1.) & (np.abs(x) < TEMPLES[0]) & (np.abs(y - TEMPLES[1]) < thickness / 2.))
    return np.where((rims | bars)[..., None], np.uint8(COVER), portrait)


def _covered(portrait, percent, axis):
    """The rows (axis 0) or columns (axis 1) from the one on that leaves the rest of the oval free, in gray."""
    left = face_oval().sum(1 - axis).cumsum()
    first = np.searchsorted(left, (1. - percent / 100.) * left[-1])
    covered = portrait.copy()
    covered[(slice(None),) * axis + (slice(first, None),)] = COVER
    return covered


def blur(portrait, percent):
    """Blurred by a Gaussian whose deviation is the stated share of the distance of the eyes (figure 12)."""
    deviation = percent / 100. * EYES_APART
    return images.to_pixels(cv2.GaussianBlur(np.float32(portrait) / 255., (0, 0), deviation, borderType=cv2.BORDER_REFLECT))


def jpeg(portrait, quality):
    """Written as a JPEG file and read again."""
    file = io.BytesIO()
    PIL.Image.fromarray(portrait).save(file, "JPEG", quality=int(quality))
    return decoding.decode(file.getvalue())


def side_light(portrait, percent):
    """The light falls off evenly over the face, to that much less at the oval's left edge."""
    half = HALF_AXES[0] * PIXELS_PER_MM
    left = np.interp(np.arange(SIZE) + .5, [ORIGIN[0] - half, ORIGIN[0] + half], [1., 0.])
    return _in_light(portrait, (1. - percent / 100. * left)[:, None])


def exposure(portrait, stops):
    """Each stop halves the light."""
    return _in_light(portrait, 2.**-stops)


def temperature(portrait, kelvin):
    """In the light of a black body of that temperature, as a camera set to daylight records it."""
    return _in_light(portrait, (scene.blackbody_color(kelvin) / scene.blackbody_color(DAYLIGHT)).numpy())


def _in_light(portrait, factor):
    """The portrait with its linear light multiplied."""
    return images.to_pixels(colors.srgb_from_linear(colors.linear_from_srgb(portrait / 255.) * factor))
