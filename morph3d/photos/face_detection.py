"""Face detection: five points of the main face of a photo, or of all its faces; upright and turned photos, with a box or without.

A photo that was turned without a word in its file is looked at from all four sides. MTCNN (mtcnn.py) often sees a wrong face in
one that lies or is upside down, but seldom the same at every look, and seldom as surely as an upright one. And where it is wrong,
the network of dense_landmarks.py sees another face or none.
"""
import concurrent.futures
import itertools
import math
from typing import NamedTuple

import numpy as np

from morph3d import images
from morph3d.photos import dense_landmarks, mtcnn

LONGEST_SIDE = 640  # pixels; a larger photo is shrunk to this before the search
BOXED_SIDE = 96  # pixels; the side to which a larger given box is shrunk, twice what the last network takes
BATCH = 32  # photos that go through the networks together: this bounds the memory
SURE = .995  # the confidence of a photo's surest face, from which on no other side is looked at
AGREED = .07  # sizes of a face, by which the two networks' five points differ: what is nearer is right too


class _Found(NamedTuple):
    """What is found in a photo from one side."""
    sureness: float  # the confidence of the surest face, 0 where there is none
    surest: np.ndarray | None  # [5, 2] float32 pixels of the photo, the points of that face
    points: np.ndarray  # [N, 5, 2] float32 pixels of the photo, the main face first


_NOTHING = _Found(0., None, np.zeros([0, 5, 2], np.float32))


def detect(photo, box=None):
    """The five points of the main face: the largest, those far from the center counting for less; or of the face in a box.

    Args:
      photo: [H, W, 3] uint8 RGB.
      box: (left, top, right, bottom) in pixels of the photo, roughly around one face, which may reach over the photo's edges;
        None where it is not known.

    Returns:
      [5, 2] float32 pixels of the photo, x to the right and y down, the left and upper edges at 0: the eye that is left in the
      photo, the right one, nose tip, left and right corner of the mouth; in a turned photo left and right are those of the upright
      one. None where there is no face.
    """
    return detect_all([photo], [box])[0]


def detect_all(photos, boxes=None):
    """`detect` of a list of photos, and of as many boxes if given: the same points, several times faster. -> a list.

    Where a box is given only the last network looks, and only there: the face of that person, where a photo shows several, in a
    fifth of the time. A box that holds no face gives None, even if the photo shows one elsewhere; so does one that is empty, not
    finite or outside the photo.
    """
    return [points[0] if len(points) else None for points in every_face(photos, boxes)]


def every_face(photos, boxes=None):
    """The five points of all faces in each of a list of photos, the main one first; of the one in a box, where it is given.

    Returns:
      A list of [N, 5, 2] float32, as `detect` gives each; N = 0 where there is no face.
    """
    for photo in photos:
        if photo.dtype != np.uint8 or photo.ndim != 3 or photo.shape[2] != 3:
            raise ValueError(f"photo must be uint8 of shape [H, W, 3], but is {photo.dtype} of shape {list(photo.shape)}")
    boxes = [None] * len(photos) if boxes is None else boxes
    if len(boxes) != len(photos):
        raise ValueError(f"there must be as many boxes as photos, but there are {len(boxes)} of {len(photos)}")
    good = [i for i, box in enumerate(boxes) if box is None or _holds_pixels(box, photos[i].shape)]
    found = [_NOTHING] * len(photos)
    for i, upright in zip(good, _find([(photos[i], boxes[i], 0) for i in good])):
        found[i] = upright
    unsure = [i for i in good if found[i].sureness < SURE and _apart(photos[i], found[i].surest) > AGREED]
    turned = iter(_find([(photos[i], boxes[i], quarters) for i in unsure for quarters in (1, 2, 3)]))
    for i, sides in zip(unsure, zip(turned, turned, turned)):
        found[i] = min([found[i], *sides], key=lambda side: _doubt(photos[i], side))
    return [each.points for each in found]


def degrees_turned(points):
    """How far a photo with a face's five points [5, 2] is turned clockwise, to the nearest of 0, 90, 180 and 270 degrees."""
    down = np.mean(points[3:], 0) - np.mean(points[:2], 0)
    return int(90 * round(float(np.arctan2(-down[0], down[1])) / (np.pi / 2.)) % 360)


def left_to_right(points):
    """The faces [N, 5, 2] of one photo, the main one first -> the same in their order from left to right, once it is upright."""
    angle = np.radians(degrees_turned(points[0]))
    return points[np.argsort(points.mean(1) @ [np.cos(angle), np.sin(angle)], kind="stable")]


def _doubt(photo, side):
    """How much is to be said against a _Found of a photo: by the one network, times by the other."""
    return max(1. - side.sureness, 1e-6) * _apart(photo, side.surest)


def _apart(photo, points):
    """How far five points [5, 2] are from those of the dense landmarks that are looked for there, the root mean square over the
    face's size; infinite where either network sees no face."""
    if points is None:
        return math.inf
    picture, scales = images.shrink(photo, LONGEST_SIDE / max(photo.shape[:2]))
    landmarks = dense_landmarks.detect(picture, points * scales)
    if landmarks is None:
        return math.inf
    five = dense_landmarks.five_points(landmarks) / scales
    return math.sqrt(np.square(points - five).sum(1).mean()) / dense_landmarks.face_size(five)


def _holds_pixels(box, shape):
    left, top, right, bottom = box
    return bool(np.isfinite(box).all() and max(left, 0.) < min(right, shape[1]) and max(top, 0.) < min(bottom, shape[0]))


def _find(sides):
    """A list of (photo, box or None, quarters that it is to be turned) -> a list of _Found."""
    found = [_NOTHING] * len(sides)
    if sides:
        mtcnn.networks()  # loads them before two threads ask for them
    boxed = [box is not None for _, box, _ in sides]
    # Pictures of like shape together waste little on padding. Two chunks at a time: one prepares while the other's networks run.
    numbers = sorted(range(len(sides)), key=lambda i: (boxed[i], sides[i][2] % 2, sides[i][0].shape))
    chunks = [chunk[start:start + BATCH] for _, group in itertools.groupby(numbers, boxed.__getitem__)
              for chunk in [list(group)] for start in range(0, len(chunk), BATCH)]
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        seen = pool.map(lambda chunk: _look([_Side(*sides[i]) for i in chunk]), chunks)
        for i, faces in zip(itertools.chain(*chunks), itertools.chain.from_iterable(seen)):
            found[i] = faces
    return found


def _look(sides):
    """Up to BATCH _Sides, all with a box or all without -> a list of _Found."""
    pictures = [side.picture for side in sides]
    seen = mtcnn.search(pictures) if sides[0].box is None else mtcnn.examine(pictures, np.stack([side.box for side in sides]))
    return [_found(side, faces) for side, faces in zip(sides, seen)]


def _found(side, faces):
    """The _Found of mtcnn.Faces that a _Side shows."""
    if not len(faces.boxes):
        return _NOTHING
    points, surest = side.in_photo(faces.points), np.argmax(faces.confidences)
    return _Found(float(faces.confidences[surest]), points[surest], points[_main_first(faces.boxes, side.picture)])


def _main_first(boxes, picture):
    """The order of a picture's faces [N, 4], the main one first."""
    side = np.max(boxes[:, 2:] - boxes[:, :2], 1)
    off_center = np.linalg.norm((boxes[:, :2] + boxes[:, 2:] - picture.shape[1::-1]) / 2., axis=1)
    return np.argsort(off_center - side, kind="stable")


class _Side:
    """A photo, or its part around a box, as it is looked at: maybe shrunk, and turned counter-clockwise by quarters.

    Attributes:
      picture: [h, w, 3] uint8.
      box: [4] pixels of the picture, or None.
    """

    def __init__(self, photo, box, quarters):
        self._corner, scale = np.zeros(2, int), LONGEST_SIDE / max(photo.shape[:2])
        if box is not None:  # the part is twice its side
            box = np.reshape(box, [2, 2]).astype(np.float64)
            side, center, limits = np.max(box[1] - box[0]), box.mean(0), photo.shape[1::-1]
            self._corner, end = (np.clip(ends, 0, limits).astype(int) for ends in (np.floor(center - side), np.ceil(center + side)))
            photo, scale = photo[self._corner[1]:end[1], self._corner[0]:end[0]], BOXED_SIDE / side
        picture, self._scales = images.shrink(photo, scale)
        self._quarters, self.picture = quarters, np.ascontiguousarray(np.rot90(picture, quarters))
        self.box = None
        if box is not None:
            self.box = np.sort(_turned((box - self._corner) * self._scales, picture.shape[1::-1], quarters), 0).ravel()

    def in_photo(self, points):
        """Points [..., 2] of the picture in pixels of the photo."""
        upright = _turned(points, self.picture.shape[1::-1], -self._quarters)
        return (upright / self._scales + self._corner).astype(np.float32)


def _turned(points, size, quarters):
    """Where points [..., 2] of a picture of that width and height come to lie when np.rot90 turns it by so many quarters."""
    for _ in range(quarters % 4):
        points, size = np.stack([points[..., 1], size[0] - points[..., 0]], -1), size[::-1]
    return points
