"""Crops of encoded photos as a TensorFlow graph, which needs no Python once it is saved: decoding.py and crops.py in its ops.

Files are read by TensorFlow, which knows JPEG, PNG, GIF and BMP, ignores how EXIF says that a photo is to be turned, and takes the
colors of CMYK otherwise. A turned photo needs no turning: its crop is upright if the points are where they lie in the file.
"""
import tensorflow as tf

from morph3d import alignment
from morph3d.photos.crops import EYES_APART


def crop_all(contents, points, frame):
    """Crops of encoded photos, each as `crops.crop` has it: shrunk by area averaging, then warped, reflected beyond the edges.

    Args:
      contents: [B] strings, the photos' files.
      points: [B, 5, 2] float32 pixels of each photo as it lies in its file; order and origin as in alignment.py.
      frame: whatever has an `image_size` and a `template` [5, 2] in pixels of it.

    Returns:
      [B, image_size, image_size, 3] uint8.

    Raises:
      tf.errors.InvalidArgumentError: a file is no picture, or a face is too small or has no points.
    """
    size = int(frame.image_size)
    template = tf.cast(frame.template, tf.float64)
    return tf.map_fn(lambda face: _crop(_decode(face[0]), tf.cast(face[1], tf.float64), size, template), (contents, points),
                     fn_output_signature=tf.TensorSpec([size, size, 3], tf.uint8))


def _decode(content):
    """The bytes of a file -> [H, W, 3] uint8, transparent pictures on white."""
    def on_white():
        pixels = tf.cast(tf.io.decode_png(content, 4), tf.float32)  # reads all but JPEG
        return _to_pixels(255. + pixels[..., 3:] / 255. * (pixels[..., :3] - 255.))

    return tf.cond(tf.io.is_jpeg(content), lambda: tf.io.decode_jpeg(content, 3, dct_method="INTEGER_ACCURATE"), on_white)


def _crop(photo, points, size, template):
    large = tf.debugging.assert_greater_equal(tf.norm(points[1] - points[0]), tf.constant(EYES_APART, tf.float64),
                                              "face too small, or no points; pixels between its eyes")
    with tf.control_dependencies([large]):  # or what is no similarity could be inverted before it is refused
        matrix = alignment.similarity(points, template)
    extent = tf.shape(photo)[:2]
    scale = tf.minimum(tf.norm(matrix[:, 0]), 1.)
    shrunk = tf.maximum(tf.cast(tf.round(scale * tf.cast(extent, tf.float64)), tf.int32), 1)
    small = tf.round(tf.image.resize(photo[None], shrunk, "area")[0])
    y, x = tf.meshgrid(*2 * [tf.range(size, dtype=tf.float64) + .5], indexing="ij")
    places = tf.linalg.matvec(tf.linalg.inv(matrix[:, :2]), tf.stack([x, y], -1) - matrix[:, 2])
    return _to_pixels(_sample(small, places * tf.cast(shrunk / extent, tf.float64)[::-1]))


def _sample(picture, places):
    """Bilinear colors of a picture [H, W, 3] at places [..., 2], x and y in pixels, reflected beyond its edges."""
    places -= .5  # pixel i's center is at i + 0.5
    first = tf.floor(places)
    share = tf.cast(places - first, tf.float32)
    size = tf.shape(picture)[1::-1]

    def neighbor(x, y):
        index = (tf.cast(first, tf.int32) + [x, y]) % (2 * size)
        color = tf.gather_nd(picture, tf.minimum(index, 2 * size - 1 - index)[..., ::-1])
        weight = tf.where(tf.constant([x, y]) == 1, share, 1. - share)
        return tf.reduce_prod(weight, -1, keepdims=True) * color

    return tf.add_n([neighbor(x, y) for x in (0, 1) for y in (0, 1)])


def _to_pixels(values):
    return tf.cast(tf.round(values), tf.uint8)
