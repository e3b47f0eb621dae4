"""Crops: the part of a photo that a face recognizer looks at, its five points on the recognizer's template.

The one way there, for preparation, reconstruction and evaluation.
"""
import concurrent.futures
import itertools
import os
from typing import NamedTuple

import numpy as np

from morph3d import alignment, images
from morph3d.photos import decoding, face_detection

MIRRORED = [1, 0, 2, 4, 3]  # the five points of a mirrored photo in order: as they lie in the picture, the left one first
EYES_APART = 13.  # pixels of the photo, whatever it is cropped for; a face with fewer, less than about 30 wide, is no portrait
WANTED = "a face of at least 30 pixels and a tenth of the photo's longer side, seen from the front or a little from the side"
VERSION = 3  # of what is read, which face is taken and how it is cropped: what was prepared by another is prepared anew
AT_A_TIME = 32  # photos whose faces are looked for together when many are read
LONGEST_SIDE = 3000  # pixels; of many photos, larger ones are shrunk to this, or they would fill the memory


class Cropped(NamedTuple):
    """A photo's face."""
    pair: np.ndarray  # [2, image_size, image_size, 3] uint8, its crop and that of the mirrored photo
    degrees: int  # by which the photo is turned clockwise: 0, 90, 180 or 270


def crop(photo, points, frame):
    """The part of a photo in which its five points lie on the template, reflected beyond the photo's edges; upright even if the
    photo is turned.

    Args:
      photo: [H, W, 3] uint8.
      points: [5, 2] pixels of the photo, or None, as face_detection.detect gives them.
      frame: whatever has an `image_size` and a `template` [5, 2] in pixels of it: every encoder does.

    Returns:
      [image_size, image_size, 3] uint8.

    Raises:
      ValueError: "no face found" or "face too small: eyes 9 pixels apart, expected 13 or more".
    """
    if points is None:
        raise ValueError("no face found")
    points, template = (np.asarray(five, np.float64) for five in (points, frame.template))
    if not large_enough(points):
        raise ValueError(f"face too small: eyes {int(eyes_apart(points))} pixels apart, expected {EYES_APART:.0f} or more")
    return images.warp(photo, alignment.similarity(points, template).numpy(), int(frame.image_size))


def eyes_apart(points):
    """How many pixels are between the eyes of a face's five points [5, 2]."""
    return np.linalg.norm(points[1] - points[0])


def large_enough(points):
    """Whether a face with these five points is cropped, in whatever program."""
    return eyes_apart(points) >= EYES_APART


def mirrored(photo, points):
    """A photo [H, W, 3] and its points [5, 2] as a mirror shows them.

    To be cropped then: on a template that is not symmetric, as dlib's is not, a mirrored crop has its face in the wrong place.
    """
    return np.ascontiguousarray(photo[:, ::-1]), points[MIRRORED] * [-1., 1.] + [photo.shape[1], 0.]


def crop_all(contents, boxes, frame):
    """Crops of encoded photos, whose faces are looked for together. All are in memory at once.

    Args:
      contents: for each photo its file's bytes, or the OSError that was met in their place.
      boxes: for each the box of its face, or None, as face_detection.detect takes them: in pixels of the upright photo as its
        file has it, also where that is shrunk while it is read.
      frame: see `crop`.

    Returns:
      For each a Cropped; or the ValueError that says why there is none: those of `decoding.decode` and `crop`, or
      "cannot be opened: ...".
    """
    return [found if isinstance(found, ValueError) else _attempt(_crop_both, *found, frame) for found in _faces(contents, boxes)]


def read_all(contents, *frames):
    """Yields, for each photo in order, its crops for each of the frames, [[image_size, image_size, 3] uint8, ...]; or the
    ValueError that says why there are none, as `crop_all`. Few photos are in memory at a time.

    Args:
      contents: iterable of files' bytes, or of the OSErrors met in their place, as sources.contents gives them; or of what is
        decoded already, [H, W, 3] uint8, or the ValueError that says why it is not.
      frames: see `crop`; without any, a photo [H, W, 3] uint8 and its points ([5, 2], or None) are given instead.
    """
    contents = iter(contents)
    while some := list(itertools.islice(contents, AT_A_TIME)):
        for found in _faces(some, [None] * len(some)):
            if isinstance(found, ValueError) or not frames:
                yield found
            else:
                yield _attempt(lambda *face: [crop(*face, frame) for frame in frames], *found)


def _faces(contents, boxes):
    """For each photo ([H, W, 3] uint8, its points [5, 2] or None), or the ValueError that says why it cannot be read."""
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        found = list(pool.map(_decode, contents, boxes))
    good = [pair for pair in found if not isinstance(pair, ValueError)]
    points = iter(face_detection.detect_all(*map(list, zip(*good))) if good else ())
    return [pair if isinstance(pair, ValueError) else (pair[0], next(points)) for pair in found]


def _decode(data, box):
    """-> ([H, W, 3] uint8, the box in it), or the ValueError that says why not."""
    if isinstance(data, ValueError):
        return data
    if isinstance(data, OSError):
        return ValueError(f"cannot be opened: {data.strerror or data}")
    try:
        photo, scale = (decoding.pixels(data), 1.) if isinstance(data, np.ndarray) else decoding.decode_scaled(data)
    except ValueError as error:
        return error
    photo, scales = images.shrink(photo, LONGEST_SIDE / max(photo.shape))
    return photo, box and tuple(np.multiply(box, np.tile(scale * scales, 2)))


def _crop_both(photo, points, frame):
    upright = crop(photo, points, frame)  # which raises where there are no points
    return Cropped(np.stack([upright, crop(*mirrored(photo, points), frame)]), face_detection.degrees_turned(points))


def _attempt(function, *arguments):
    """What the function gives, or the ValueError that it raises."""
    try:
        return function(*arguments)
    except ValueError as error:
        return error
