"""MTCNN (Zhang et al. 2016), which finds faces and their five points in pictures, with the weights of the pip package mtcnn.

Only the weights are the package's. Its own loop over the stages takes one size of picture at a time, spends most of a call outside
the networks, shrinks the picture below what the first network takes when faces larger than 20 pixels are looked for, and rounds
the points to whole pixels.

Pictures of all sizes go through the networks together. The pyramid of each is computed from its own size; a level of a batch is
padded to its largest picture, and what the first network, which is fully convolutional, sees over a picture's edge is dropped.
So what is found in a picture does not depend on which others are in the batch.
"""
import functools
import importlib.util
import io
import pathlib
from typing import NamedTuple

import cv2
import joblib
import lz4.frame
import numpy as np
import tensorflow as tf

from morph3d import images

FACES_PER_SIDE = 10  # the smallest face looked for, as a fraction of the picture's longer side,
SMALLEST_FACE = 20  # and in pixels
WINDOW = 12  # pixels; what the first network looks at,
STRIDE = 2  # at every second pixel
PYRAMID_FACTOR = .709  # between scales, half the area: the authors' value
PYRAMID_BASE = 160  # pixels of the longer side; well above the first level's 120
CONFIDENCES = .6, .7, .8  # of the three networks: the package's values
PATCHES = 512  # candidates that a network sees at a time: this bounds the memory
OUTSIDE = 127  # the gray that a window sees beyond the picture's edges
LOOKS = 3  # of the last network at a face: each moves its box nearer; 2 lose faces in given boxes half as large again


class Faces(NamedTuple):
    """N faces in a picture, in its pixels: x to the right and y down, the left and upper edges at 0."""
    boxes: np.ndarray  # [N, 4] left, top, right, bottom
    points: np.ndarray  # [N, 5, 2]: the eye that is left in the picture, the right one, nose tip, left and right mouth corner
    confidences: np.ndarray  # [N] in 0..1, means over LOOKS looks, each at the box that the one before has moved


def search(pictures):
    """The faces in each of some pictures.

    Args:
      pictures: list of [H, W, 3] uint8 of any sizes, which are all in memory in several copies.

    Returns:
      A list of Faces, none or more in each.
    """
    propose, refine, locate = networks()
    stack = _stack(pictures)
    owners, boxes = _proposals(propose, pictures)
    boxes, confidences, _ = _look(refine, stack, owners, boxes)
    kept = _suppress(owners, boxes, confidences, CONFIDENCES[1], .7)
    owners = owners[kept]
    boxes, confidences, points = _look(locate, stack, owners, _squares(boxes[kept]))
    kept = _suppress(owners, boxes, confidences, CONFIDENCES[2], .7, np.minimum)
    owners, boxes, points, looks = owners[kept], boxes[kept], points[kept], [confidences[kept]]
    looked = boxes
    while len(looks) < LOOKS:
        looked, confidences, _ = _look(locate, stack, owners, _squares(looked))
        looks.append(confidences)
    faces = Faces(boxes, points, np.mean(looks, 0))
    return [Faces(*(part[owners == i] for part in faces)) for i in range(len(pictures))]


def examine(pictures, boxes):
    """The face in a box in each of some pictures, at which only the last network looks.

    Args:
      pictures: list of [H, W, 3] uint8 of any sizes.
      boxes: [N, 4] pixels, one in each, roughly around a face; they may reach over the edges.

    Returns:
      A list of Faces, none or one in each: none where the network sees none there, or one whose middle is not in the box.
    """
    stack, owners = _stack(pictures), np.arange(len(pictures))
    looked, looks = boxes, []
    while len(looks) < LOOKS:
        looked, confidences, points = _look(networks()[2], stack, owners, _squares(looked))
        looks.append(confidences)
    centers = points.mean(1)
    sure = (confidences > CONFIDENCES[2]) & ((boxes[:, :2] < centers) & (centers < boxes[:, 2:])).all(1)
    faces = Faces(looked, points, np.mean(looks, 0))
    return [Faces(*(part[i:i + 1][sure[i:i + 1]] for part in faces)) for i in owners]


def _stack(pictures):
    """[h, w, 3] pictures of any sizes -> [N, H, W, 3] uint8, with at least a pixel of gray to the right and below of each."""
    height, width = np.max([picture.shape[:2] for picture in pictures], 0) + 1
    stack = np.full([len(pictures), height, width, 3], OUTSIDE, np.uint8)
    for place, picture in zip(stack, pictures):
        place[:picture.shape[0], :picture.shape[1]] = picture
    return stack


def _proposals(network, pictures):
    """The first stage: windows that may hold a face, at every scale -> owners [N] (pictures' numbers), square boxes [N, 4]."""
    sizes = np.array([picture.shape[:2] for picture in pictures])
    scales = WINDOW / np.maximum(SMALLEST_FACE, sizes.max(1) / FACES_PER_SIDE)
    # A large picture is first shrunk by about a whole number, which all levels profit from and hardly notice.
    small = [images.shrink(each, 1. / max(1, max(each.shape[:2]) // PYRAMID_BASE))[0].astype(np.float32) for each in pictures]
    found = [(np.empty(0, int), np.empty([0, 4]), np.empty(0))]
    while True:
        owners = np.flatnonzero(scales * sizes.min(1) >= WINDOW)
        if not len(owners):
            break
        level_sizes = np.round(scales[owners, None] * sizes[owners]).astype(int)
        level = np.zeros([len(owners), *level_sizes.max(0), 3], np.float32)
        for place, i, (height, width) in zip(level, owners, level_sizes):
            place[:height, :width] = cv2.resize(small[i], (int(width), int(height)), interpolation=cv2.INTER_AREA)
        found.append(_candidates(network, level, owners, level_sizes, sizes[owners]))
        scales *= PYRAMID_FACTOR
    owners, boxes, confidences = map(np.concatenate, zip(*found))
    kept = _suppress(owners, boxes, confidences, 0., .7)
    return owners[kept], _squares(boxes[kept])


def _candidates(network, level, owners, level_sizes, sizes):
    """What the first network finds in one level of the pyramids -> owners [N], boxes [N, 4] in pictures' pixels, confidences."""
    offsets, confidences, _ = (part.numpy() for part in network(level))
    inside = [np.arange(length) * STRIDE + WINDOW <= level_sizes[:, axis, None]
              for axis, length in enumerate(confidences.shape[1:])]
    found = np.nonzero((confidences > CONFIDENCES[0]) & inside[0][:, :, None] & inside[1][:, None])
    corner = np.stack(found[:0:-1], 1) * STRIDE
    boxes = np.concatenate([corner + 1, corner + WINDOW], 1) + offsets[found] * (WINDOW - 1)
    boxes *= np.tile((sizes / level_sizes)[:, ::-1], 2)[found[0]]
    kept = _suppress(found[0], boxes, confidences[found], 0., .5)
    return owners[found[0][kept]], boxes[kept], confidences[found][kept]


def _look(network, stack, owners, boxes):
    """What a later network sees in square boxes [N, 4] of a stack's pictures -> boxes moved, confidences [N], points [N, 5, 2]."""
    if not len(boxes):  # which TensorFlow's convolutions stumble over
        return boxes, np.empty(0), np.empty([0, 5, 2])
    parts = [network(stack, boxes[start:start + PATCHES].astype(np.float32), owners[start:start + PATCHES].astype(np.int32))
             for start in range(0, len(boxes), PATCHES)]
    offsets, confidences, points = (np.concatenate(part) for part in zip(*parts))
    side = boxes[:, 2:3] - boxes[:, :1] + 1.
    center = (boxes[:, None, :2] + boxes[:, None, 2:]) / 2.
    points = center + side[:, None] * (points.reshape(len(boxes), 2, -1).swapaxes(1, 2) - .5)
    return boxes + side * offsets, confidences, points


def _suppress(groups, boxes, confidences, least, overlap, relative_to=None):
    """Which of N boxes are confident enough, and overlapped by no more confident one of the same group -> [M] numbers.

    Args:
      groups: [N] integers.
      boxes: [N, 4].
      confidences: [N], of which only those above `least` count.
      overlap: the intersection's area over the union's; or, with np.minimum in `relative_to`, over the smaller box's.
    """
    order = np.lexsort([-confidences, groups])
    order = order[confidences[order] > least]
    starts = np.flatnonzero(np.diff(groups[order]))
    kept = []
    for members in np.split(order, starts + 1):
        first, last = boxes[members, None, :2], boxes[members, None, 2:]
        common = np.prod(np.maximum(0., np.minimum(last, last.swapaxes(0, 1)) - np.maximum(first, first.swapaxes(0, 1))), -1)
        area = np.prod(last - first, -1)
        whole = area + area.T - common if relative_to is None else relative_to(area, area.T)
        kept.append(members[~np.triu(common > overlap * whole, 1).any(0)])
    return np.concatenate(kept)


def _squares(boxes):
    """The squares around boxes [N, 4], with the boxes' centers and larger sides."""
    center, half = (boxes[:, :2] + boxes[:, 2:]) / 2., np.max(boxes[:, 2:] - boxes[:, :2], 1, keepdims=True) / 2.
    return np.concatenate([center - half, center + half], 1)


@functools.cache
def networks():
    """The three networks as graphs, each traced once for pictures and batches of every size; they take pixels of 0..255.

    The first: pictures [N, H, W, 3] -> offsets of the sides [N, h, w, 4], confidences [N, h, w], nothing.
    The others: stack [M, H, W, 3] uint8, boxes [N, 4], owners [N] -> offsets [N, 4], confidences [N], points [N, 10 or 0].
    """
    pictures, stack = tf.TensorSpec([None, None, None, 3]), tf.TensorSpec([None, None, None, 3], tf.uint8)
    boxes, owners = tf.TensorSpec([None, 4]), tf.TensorSpec([None], tf.int32)

    def later(name, size, pools):
        network = _network(name, pools)

        def look(stack, boxes, owners):
            # From edges to the centers of the first and last pixels, as fractions of what lies between those.
            between = tf.cast(tf.tile(tf.shape(stack)[1:3] - 1, [2]), tf.float32)
            corners = (tf.gather(boxes, [1, 0, 3, 2], axis=1) - .5) / between
            patches = tf.image.crop_and_resize(stack, corners, owners, [size, size], extrapolation_value=OUTSIDE)
            return [part[:, 0, 0] for part in network(patches)]

        return tf.function(look, [stack, boxes, owners], autograph=False)

    first = tf.function(_network("pnet", [(2, "SAME"), None, None]), [pictures], autograph=False)
    return (first, later("rnet", 24, [(3, "SAME"), (3, "VALID"), None, None]),
            later("onet", 48, [(3, "SAME"), (3, "VALID"), (2, "SAME"), None, None]))


def _weights(name):
    """The arrays of one network, found without importing the package.

    Its own reader prefers a file of that name in the working folder, and leaves one open that Python 3.13 complains about.
    """
    folder = importlib.util.find_spec("mtcnn").submodule_search_locations[0]
    packed = pathlib.Path(folder, "assets", "weights", f"{name}.lz4").read_bytes()
    return joblib.load(io.BytesIO(lz4.frame.decompress(packed)))


def _network(name, pools):
    """One of the package's networks; each of its layers is a convolution, a leaky ramp and maybe a pooling (side, padding)."""
    weights = _weights(name)
    layers = [weights[start:start + 3] for start in range(0, 3 * len(pools), 3)]
    heads = weights[3 * len(pools):]  # offsets, maybe points, no face and face
    head = np.concatenate([kernel.reshape(-1, kernel.shape[-1]) for kernel in heads[::2]], 1)
    head_bias = np.concatenate(heads[1::2])
    layers[0][:2] = layers[0][0] / 128., layers[0][1] - 127.5 / 128. * layers[0][0].sum((0, 1, 2))  # from -1..1 to 0..255

    def run(x):
        for (kernel, bias, slope), pool in zip(layers, pools):
            if kernel.ndim == 2:  # looks at all of the map, which it counts column by column
                kernel = kernel.reshape(3, 3, -1, kernel.shape[-1]).swapaxes(0, 1)
            x = tf.nn.bias_add(tf.nn.conv2d(x, kernel, 1, "VALID"), bias)
            x -= (1. - slope.reshape(-1)) * tf.minimum(x, 0.)
            if pool:
                x = tf.nn.max_pool2d(x, pool[0], 2, pool[1])
        x = tf.nn.bias_add(tf.nn.conv2d(x, head[None, None], 1, "VALID"), head_bias)
        return x[..., :4], tf.sigmoid(x[..., -1] - x[..., -2]), x[..., 4:-2]

    return run
