"""Where a photo's main face has its five points: MTCNN (Zhang et al. 2016), with the networks of the pip package mtcnn.

The package's own loop over the stages is not used: there a minimum face size other than 20 pixels shrinks the picture below what
the first network takes, which it then reports as "no face", and its points are rounded to whole pixels.
"""
import functools
import itertools

import cv2
import numpy as np
import tensorflow as tf

LONGEST_SIDE = 640  # pixels; a larger photo is shrunk to this before detection
FACES_PER_SIDE = 10  # the smallest face looked for, as a fraction of the photo's longer side,
SMALLEST_FACE = 20  # and in pixels
SMALLEST_INPUT = 12  # pixels; the window of the first network
PYRAMID_FACTOR = .709  # between scales, half the area: the authors' value
CONFIDENCE = .8  # of the last network: the package's value
BATCH = 32


def detect(photo):
    """The five points of the main face: the largest, those far from the centre counting for less.

    Args:
      photo: [H, W, 3] uint8 RGB.

    Returns:
      [5, 2] float32 pixels of the photo, x to the right and y down, the left and upper edges at 0: the eye that is left in the
      photo, the right one, nose tip, left and right corner of the mouth. None where there is no face.
    """
    return detect_all([photo])[0]


def detect_all(photos):
    """`detect` of a list of photos: faster, the more of them have one size. -> a list."""
    for photo in photos:
        if photo.dtype != np.uint8 or photo.ndim != 3 or photo.shape[2] != 3:
            raise ValueError(f"photo must be uint8 of shape [H, W, 3], but is {photo.dtype} of shape {list(photo.shape)}")
    small = [_shrink(photo) for photo in photos]
    points = [None] * len(photos)
    by_shape = sorted(range(len(photos)), key=lambda i: small[i].shape)
    for _, group in itertools.groupby(by_shape, key=lambda i: small[i].shape):
        group = list(group)
        for chunk in (group[start:start + BATCH] for start in range(0, len(group), BATCH)):
            for i, found in zip(chunk, _detect_stack(np.stack([small[i] for i in chunk]))):
                if found is not None:
                    scale = np.divide(photos[i].shape[1::-1], small[i].shape[1::-1])
                    points[i] = (found * scale).astype(np.float32)
    return points


def _shrink(photo):
    height, width = photo.shape[:2]
    scale = LONGEST_SIDE / max(height, width)
    if scale >= 1.:
        return photo
    return cv2.resize(photo, (max(1, round(scale * width)), max(1, round(scale * height))), interpolation=cv2.INTER_AREA)


def _detect_stack(photos):
    """[N, H, W, 3] uint8 -> N five points or None."""
    propose, refine, locate = _stages()
    images = (photos.astype(np.float32) - 127.5) / 128.
    boxes = _proposals(propose, images)
    for stage in refine, locate:
        if len(boxes):
            boxes = stage(bboxes_batch=boxes, images_normalized=images)
    faces = [boxes[(boxes[:, 0] == i) & (boxes[:, 5] >= CONFIDENCE)] for i in range(len(photos))]
    return [_main_face(found, photos.shape[2:0:-1]) for found in faces]


def _main_face(faces, photo_size):
    """faces [N, 16] as the last stage gives them: photo, x1, y1, x2, y2, confidence, 5 x, 5 y."""
    if not len(faces):
        return None
    side = np.max(faces[:, 3:5] - faces[:, 1:3], 1)
    off_centre = np.linalg.norm((faces[:, 1:3] + faces[:, 3:5]) / 2. - np.array(photo_size) / 2., axis=1)
    main = faces[np.argmax(side - off_centre)]
    # The networks' points count from the centre of the first pixel: mirrored photos give points whose x sum to W - 0.9.
    return np.stack([main[6:11], main[11:16]], 1) + .5


def _proposals(network, images):
    """The first stage: windows that may hold a face, at every scale -> [N, 6] photo, x1, y1, x2, y2, confidence; square."""
    from mtcnn.utils import bboxes
    height, width = images.shape[1:3]
    scale = SMALLEST_INPUT / max(SMALLEST_FACE, max(height, width) / FACES_PER_SIDE)
    found = []
    while scale * min(height, width) >= SMALLEST_INPUT:
        size = [round(scale * height), round(scale * width)]
        offsets, scores = network(tf.image.resize(images, size, "area"))
        boxes = bboxes.generate_bounding_box(offsets, scores, .6)
        boxes[:, 1:5] *= np.tile([width / size[1], height / size[0]], 2)
        found.append(bboxes.smart_nms_from_bboxes(boxes, .5, initial_sort=False))
        scale *= PYRAMID_FACTOR
    found = np.concatenate(found) if found else np.empty([0, 6])
    return bboxes.resize_to_square(bboxes.smart_nms_from_bboxes(found, .7, initial_sort=True))


@functools.cache
def _stages():
    """The three networks; the first as a graph that is traced once for every size of picture."""
    from mtcnn.stages import StageONet, StagePNet, StageRNet
    pictures = tf.TensorSpec([None, None, None, 3])
    return tf.function(StagePNet().model, input_signature=[pictures]), StageRNet(), StageONet()
