"""Detection of the five points of a photo's main face: MTCNN (Zhang et al. 2016), with the weights of the pip package mtcnn.

Only the weights are the package's. Its own loop over the stages takes one size of photo at a time, spends most of a call outside
the networks, shrinks the picture below what the first network takes when faces larger than 20 pixels are looked for, and rounds
the points to whole pixels.

Photos of all sizes go through the networks together. The pyramid of each is computed from its own size; a level of a batch is
padded to its largest picture, and what the first network, which is fully convolutional, sees over a picture's edge is dropped.
So what is found in a photo does not depend on which others are in the batch.
"""
import concurrent.futures
import functools
import itertools

import cv2
import numpy as np
import tensorflow as tf

from morph3d import images

LONGEST_SIDE = 640  # pixels; a larger photo is shrunk to this before detection
FACES_PER_SIDE = 10  # the smallest face looked for, as a fraction of the photo's longer side,
SMALLEST_FACE = 20  # and in pixels
WINDOW = 12  # pixels; what the first network looks at,
STRIDE = 2  # at every second pixel
PYRAMID_FACTOR = .709  # between scales, half the area: the authors' value
PYRAMID_BASE = 160  # pixels of the longer side; well above the first level's 120
CONFIDENCES = .6, .7, .8  # of the three networks: the package's values
BATCH = 32  # photos, and
PATCHES = 512  # candidates, that a network sees at a time: this bounds the memory
OUTSIDE = 127  # the gray that a window sees beyond the photo's edges
BOXED_SIDE = 96  # pixels; the side to which a larger given box is shrunk, twice what the last network takes
LOOKS = 3  # at a given box: each moves it nearer to the face; 2 lose faces in boxes half as large again


def detect(photo, box=None):
    """The five points of the main face: the largest, those far from the center counting for less; or of the face in a box.

    Args:
      photo: [H, W, 3] uint8 RGB.
      box: (left, top, right, bottom) in pixels of the photo, roughly around one face, which may reach over the photo's edges;
        None where it is not known.

    Returns:
      [5, 2] float32 pixels of the photo, x to the right and y down, the left and upper edges at 0: the eye that is left in the
      photo, the right one, nose tip, left and right corner of the mouth. None where there is no face.
    """
    return detect_all([photo], [box])[0]


def detect_all(photos, boxes=None):
    """`detect` of a list of photos, and of as many boxes if given: the same points, several times faster. -> a list.

    Where a box is given only the last network looks, and only there: the face of that person, where a photo shows several, in a
    fifth of the time. A box that holds no face gives None, even if the photo shows one elsewhere; so does one that is empty, not
    finite or outside the photo.
    """
    for photo in photos:
        if photo.dtype != np.uint8 or photo.ndim != 3 or photo.shape[2] != 3:
            raise ValueError(f"photo must be uint8 of shape [H, W, 3], but is {photo.dtype} of shape {list(photo.shape)}")
    boxes = [None] * len(photos) if boxes is None else boxes
    if len(boxes) != len(photos):
        raise ValueError(f"there must be as many boxes as photos, but there are {len(boxes)} of {len(photos)}")
    points = [None] * len(photos)
    if photos:
        _networks()  # loads them before two threads ask for them
    whole = [i for i, box in enumerate(boxes) if box is None]
    boxed = [i for i, box in enumerate(boxes) if box is not None and _holds_pixels(box, photos[i].shape)]
    for numbers, find in (whole, _find_main_faces), (boxed, _find_boxed_faces):
        # Photos of like shape together waste little on padding. Two chunks at a time: one prepares while the other's networks run.
        numbers = sorted(numbers, key=lambda i: photos[i].shape)
        chunks = [numbers[start:start + BATCH] for start in range(0, len(numbers), BATCH)]
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            found = pool.map(lambda chunk: find([photos[i] for i in chunk], [boxes[i] for i in chunk]), chunks)
            for i, five in zip(itertools.chain(*chunks), itertools.chain.from_iterable(found)):
                points[i] = five
    return points


def _holds_pixels(box, shape):
    left, top, right, bottom = box
    return bool(np.isfinite(box).all() and max(left, 0.) < min(right, shape[1]) and max(top, 0.) < min(bottom, shape[0]))


def _find_main_faces(photos, _):
    """Up to BATCH photos -> a list of five points or None."""
    small, scales = zip(*(images.shrink(photo, LONGEST_SIDE / max(photo.shape[:2])) for photo in photos))
    propose, refine, locate = _networks()
    stack = _stack(small)
    owners, boxes = _proposals(propose, small)
    boxes, confidences, _ = _look(refine, stack, owners, boxes)
    kept = _suppress(owners, boxes, confidences, CONFIDENCES[1], .7)
    owners = owners[kept]
    boxes, confidences, points = _look(locate, stack, owners, _squares(boxes[kept]))
    kept = _suppress(owners, boxes, confidences, CONFIDENCES[2], .7, np.minimum)
    found = [None] * len(photos)
    for i in np.unique(owners[kept]):
        own = kept[owners[kept] == i]
        found[i] = (points[own[_main(boxes[own], small[i].shape)]] / scales[i]).astype(np.float32)
    return found


def _main(boxes, shape):
    """Which of a photo's faces is the main one."""
    side = np.max(boxes[:, 2:] - boxes[:, :2], 1)
    off_center = np.linalg.norm((boxes[:, :2] + boxes[:, 2:] - [shape[1], shape[0]]) / 2., axis=1)
    return np.argmax(side - off_center)


def _find_boxed_faces(photos, boxes):
    """Up to BATCH photos and the box in each -> a list of five points or None."""
    regions, boxes, corners, scales = zip(*map(_region, photos, boxes))
    stack, owners, boxes = _stack(regions), np.arange(len(photos)), np.stack(boxes)
    looked = boxes
    for _ in range(LOOKS):
        looked, confidences, points = _look(_networks()[2], stack, owners, _squares(looked))
    centers = points.mean(1)
    sure = (confidences > CONFIDENCES[2]) & ((boxes[:, :2] < centers) & (centers < boxes[:, 2:])).all(1)
    return [(points[i] / scales[i] + corners[i]).astype(np.float32) if sure[i] else None for i in owners]


def _region(photo, box):
    """-> the photo's part around a box, twice its side and maybe shrunk; the box in it; the part's [2] corner and scales."""
    box = np.array(box, np.float64)
    side = np.max(box[2:] - box[:2])
    center = (box[:2] + box[2:]) / 2.
    limits = photo.shape[1::-1]
    corner = np.clip(np.floor(center - side), 0, limits).astype(int)
    end = np.clip(np.ceil(center + side), 0, limits).astype(int)
    region, scale = images.shrink(photo[corner[1]:end[1], corner[0]:end[0]], BOXED_SIDE / side)
    return region, (box - np.tile(corner, 2)) * np.tile(scale, 2), corner, scale


def _stack(pictures):
    """[h, w, 3] pictures of any sizes -> [N, H, W, 3] uint8, with at least a pixel of gray to the right and below of each."""
    height, width = np.max([picture.shape[:2] for picture in pictures], 0) + 1
    stack = np.full([len(pictures), height, width, 3], OUTSIDE, np.uint8)
    for place, picture in zip(stack, pictures):
        place[:picture.shape[0], :picture.shape[1]] = picture
    return stack


def _proposals(network, photos):
    """The first stage: windows that may hold a face, at every scale -> owners [N] (photo numbers), square boxes [N, 4]."""
    sizes = np.array([photo.shape[:2] for photo in photos])
    scales = WINDOW / np.maximum(SMALLEST_FACE, sizes.max(1) / FACES_PER_SIDE)
    # A large picture is first shrunk by about a whole number, which all levels profit from and hardly notice.
    pictures = [images.shrink(photo, 1. / max(1, max(photo.shape[:2]) // PYRAMID_BASE))[0].astype(np.float32) for photo in photos]
    found = [(np.empty(0, int), np.empty([0, 4]), np.empty(0))]
    while True:
        owners = np.flatnonzero(scales * sizes.min(1) >= WINDOW)
        if not len(owners):
            break
        level_sizes = np.round(scales[owners, None] * sizes[owners]).astype(int)
        level = np.zeros([len(owners), *level_sizes.max(0), 3], np.float32)
        for place, i, (height, width) in zip(level, owners, level_sizes):
            place[:height, :width] = cv2.resize(pictures[i], (int(width), int(height)), interpolation=cv2.INTER_AREA)
        found.append(_candidates(network, level, owners, level_sizes, sizes[owners]))
        scales *= PYRAMID_FACTOR
    owners, boxes, confidences = map(np.concatenate, zip(*found))
    kept = _suppress(owners, boxes, confidences, 0., .7)
    return owners[kept], _squares(boxes[kept])


def _candidates(network, level, owners, level_sizes, sizes):
    """What the first network finds in one level of the pyramids -> owners [N], boxes [N, 4] in photos' pixels, confidences."""
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
def _networks():
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

        return tf.function(look, input_signature=[stack, boxes, owners])

    first = tf.function(_network("pnet", [(2, "SAME"), None, None]), input_signature=[pictures])
    return (first, later("rnet", 24, [(3, "SAME"), (3, "VALID"), None, None]),
            later("onet", 48, [(3, "SAME"), (3, "VALID"), (2, "SAME"), None, None]))


def _network(name, pools):
    """One of the package's networks; each of its layers is a convolution, a leaky ramp and maybe a pooling (side, padding)."""
    from mtcnn.utils.tensorflow import load_weights
    weights = load_weights(f"{name}.lz4")
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
