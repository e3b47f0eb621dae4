"""Sightings: the faces of photos as a network sees them, and what their owner may want to know about that."""
from typing import NamedTuple

import numpy as np

from morph3d import alignment, stopwatch
from morph3d.photos import crops, face_detection


class Framing(NamedTuple):
    """How a crop lies in its photo."""
    matrix: np.ndarray  # [2, 3] float32, from pixels of the photo to pixels of the crop; of both, left and upper edges are at 0
    photo_size: tuple[int, int]  # width and height in pixels


class Seen(NamedTuple):
    """What is seen of one photo."""
    crops: np.ndarray  # [N, image_size, image_size, 3] uint8; N is 1 if only the main face was asked for
    framings: list[Framing]
    notes: list[str]  # "3 faces were seen: the main one is taken" and the like


def look(named, frame, everybody=False):
    """The faces of photos, which are searched together.

    Args:
      named: a list of (name, photo [H, W, 3] uint8, or in place of it the error that says why it cannot be read).
      frame: whatever has an `image_size` and a `template` [5, 2] in pixels of it, see crops.crop.
      everybody: whether all faces are asked for, from left to right; those that are too small are left out.

    Returns:
      A list of Seen; in place of one the error given, or the ValueError that names the photo and says that it shows no face, or
      none that is large enough.
    """
    with stopwatch.timed("detection"):
        points = iter(face_detection.every_face([photo for _, photo in named if not isinstance(photo, Exception)]))
        return [photo if isinstance(photo, Exception) else see(name, photo, next(points), frame, everybody)
                for name, photo in named]


def see(name, photo, points, frame, everybody=False):
    """What `look` gives of one photo, with the points [N, 5, 2] of all its faces, the main one first."""
    large = [five for five in points if crops.large_enough(five)]
    wanted = face_detection.left_to_right(np.stack(large)) if everybody and large else points[:1]
    try:
        seen = np.stack([crops.crop(photo, five, frame) for five in wanted] or [crops.crop(photo, None, frame)])
    except ValueError as error:
        return ValueError(f"{name}: {error}; give a photo with {crops.WANTED}")
    others, degrees = len(large) - len(wanted), face_detection.degrees_turned(points[0])
    notes = [f"{len(large)} faces were seen: the main one is taken; ask for all to have each"] * (others > 0)
    notes += [f"the photo is turned by {degrees} degrees: taken upright"] * (degrees > 0)
    return Seen(seen, [framing(photo, five, frame) for five in wanted], notes)


def framing(photo, points, frame):
    """The Framing of the crop of a photo's face with these points [5, 2] pixels; see crops.crop."""
    return Framing(alignment.similarity(np.float32(points), np.float32(frame.template)).numpy(), photo.shape[1::-1])
