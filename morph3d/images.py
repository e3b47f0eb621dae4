"""Pictures as arrays and files: 8-bit pixels, floats in 0..1, PNG, shrinking and warping."""
import io

import cv2
import numpy as np
import PIL.Image
import PIL.PngImagePlugin
import tensorflow as tf

from morph3d import atomic_files, colors

LINEAR = np.float32(colors.linear_from_srgb(np.arange(256) / 255.))


def to_float(pixels):
    """[..., 3] uint8, an array or a tensor -> float32 tensor in 0..1."""
    return tf.cast(pixels, tf.float32) / 255.


def to_pixels(image):
    """[..., 3] floats, an array or a tensor, rounded and clipped to 0..1 -> uint8 NumPy array."""
    return np.uint8(np.rint(255. * np.clip(image, 0., 1.)))


def to_linear(pixels):
    """[...] uint8 sRGB -> float32 linear light in 0..1, by a table."""
    return LINEAR[pixels]


def png(pixels):
    """[H, W, 3] uint8 -> the bytes of a PNG file, which says that this package has written it."""
    content, information = io.BytesIO(), PIL.PngImagePlugin.PngInfo()
    information.add_text("Software", "morph3d")
    PIL.Image.fromarray(pixels).save(content, "PNG", pnginfo=information, compress_level=3)
    return content.getvalue()


def write_png(path, pixels):
    """Writes [H, W, 3] uint8 as a PNG file, whole or not at all."""
    with atomic_files.replacing(path) as beside:
        beside.write_bytes(png(pixels))


def shrink(pixels, scale):
    """Shrinks a picture by area averaging, so that nothing aliases; never enlarges it.

    Args:
      pixels: [H, W, 3] uint8 or float32.
      scale: the size wished for over the present one; from 1 on the picture is returned as it is.

    Returns:
      The smaller picture and its scales, [2] in x and y: exact, where `scale` is rounded to whole pixels.
    """
    if scale >= 1.:
        return pixels, np.ones(2)
    height, width = pixels.shape[:2]
    size = max(1, round(scale * width)), max(1, round(scale * height))
    return cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.divide(size, (width, height))


def warp(photo, matrix, size, beyond=cv2.BORDER_REFLECT):
    """The part of a photo that a similarity brings into a square.

    A larger photo is first shrunk by area averaging to about the scale of the square, so nothing aliases.

    Args:
      photo: [H, W, 3] uint8.
      matrix: [2, 3] from pixels of the photo to pixels of the square, without reflection, as alignment.similarity gives it.
      size: pixels of the square's side.
      beyond: what is seen beyond the photo's edges, one of OpenCV's borders.

    Returns:
      [size, size, 3] uint8.
    """
    photo, scales = shrink(photo, np.hypot(matrix[0, 0], matrix[1, 0]))
    linear = matrix[:, :2] / scales
    # OpenCV counts from the center of the first pixel, half a pixel from the edge: shift before and after.
    shift = matrix[:, 2:] + linear @ [[.5], [.5]] - .5
    return cv2.warpAffine(photo, np.hstack([linear, shift]), (size, size), flags=cv2.INTER_LINEAR, borderMode=beyond)


def resize(pixels, size):
    """A square picture [H, H, 3] uint8 -> [size, size, 3]: smooth where it is enlarged, by area averaging where it is shrunk."""
    interpolation = cv2.INTER_AREA if size < len(pixels) else cv2.INTER_CUBIC
    return cv2.resize(pixels, (size, size), interpolation=interpolation)
