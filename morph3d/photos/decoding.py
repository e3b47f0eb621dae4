"""The decoding of photographs, whatever is in the file."""
import functools
import importlib.util
import io
import os
import pathlib
import re
import struct

import numpy as np
import PIL.ExifTags
import PIL.Image
import PIL.JpegImagePlugin

from morph3d import images
from morph3d.photos import jpeg

# By what the file holds; no other reader of Pillow is run. The first that can open a file has it: AVIF comes before HEIF, which
# takes an AVIF of the brand mif1 for its own and then cannot decode it.
FORMATS = "JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "PPM", "AVIF", "HEIF", "JPEG2000"
# Names that say it is a photo: those that Pillow knows of these formats. What a file is its content decides, but to open millions
# for that takes long.
SUFFIXES = frozenset([
    ".jpg", ".jpeg", ".jpe", ".jfif", ".mpo", ".png", ".apng", ".webp", ".gif", ".bmp", ".tif", ".tiff", ".ppm", ".pgm", ".pbm",
    ".pnm", ".pfm", ".avif", ".avifs", ".heic", ".heics", ".heif", ".heifs", ".hif", ".jp2", ".j2k", ".j2c", ".jpc", ".jpf",
    ".jpx"])
HEIC = re.compile(rb".{4}ftyp(hei[cxms]|hev[cxms]|mif1|msf1)", re.DOTALL)  # the brands of HEIF's files
LARGEST = 80_000_000  # pixels to be decoded; more are more likely to fill the memory than to be a portrait


def read(path):
    """The pixels [H, W, 3] uint8 RGB of a photo, upright (see `decode`); ValueError with path and reason for no good one."""
    name = printable(path)
    if not os.path.isfile(path):  # a pipe would block, a device never end
        raise ValueError(f"{name}: not a file")
    try:
        return decode(pathlib.Path(path).read_bytes())
    except OSError as error:
        raise ValueError(f"{name}: cannot be opened: {error.strerror}") from None
    except ValueError as error:
        raise ValueError(f"{name}: {error}; give another photo") from error


def printable(path):
    """A path as text that can be shown, whatever bytes its name has."""
    return os.fsencode(path).decode("utf-8", "replace")


def pixels(picture):
    """A picture in memory as pixels.

    Args:
      picture: a PIL picture, taken as from a file (turned upright, on white, RGB); or an array [H, W, 3], or [H, W] of gray,
        uint8 or floats in 0..1.

    Returns:
      [H, W, 3] uint8 RGB.

    Raises:
      ValueError: an array of another shape, type or range, or pixels that `decode` does not take.
    """
    if isinstance(picture, PIL.Image.Image):
        try:
            return _upright(_rgb(picture), picture)
        except _Refused as error:
            raise ValueError(str(error)) from None
    array = np.asarray(picture)
    if array.ndim == 2:
        array = np.repeat(array[..., None], 3, -1)
    if array.ndim != 3 or array.shape[2] != 3 or not array.size:
        raise ValueError(f"found an array of shape {list(np.shape(picture))}; expected [H, W, 3], or [H, W] of gray")
    if array.dtype == np.uint8:
        return array
    if not np.issubdtype(array.dtype, np.floating):
        raise ValueError(f"found an array of {array.dtype}; expected uint8, or floats in 0..1")
    if not 0. <= array.min() <= array.max() <= 1.:
        raise ValueError(f"found values from {array.min():g} to {array.max():g}; expected floats in 0..1; divide by their range")
    return images.to_pixels(array)


def decode(data):
    """An encoded picture, whatever its name says it is.

    The first picture of several, or the one that the file itself calls its main one. 16-bit values are scaled, transparent
    pictures are laid on white as on a page, CMYK is taken as Adobe writes it. Color profiles are ignored. A JPEG of more than
    LARGEST pixels is halved while it is decoded; one of which only the end mark is missing is read.

    Args:
      data: bytes of a file of one of FORMATS.

    Returns:
      [H, W, 3] uint8 RGB, not writable, turned upright as the file asks for.

    Raises:
      ValueError: "empty", "not an image", "too many pixels", "damaged image" or "unsupported pixels"; after a colon maybe more.
    """
    return decode_scaled(data)[0]


def decode_scaled(data):
    """What `decode` gives, and its size over that of the file's picture: 1, or 0.5 where a JPEG was halved."""
    if not data:
        raise ValueError("empty")
    try:
        return _decoded(data)
    except _Refused as error:
        raise ValueError(str(error)) from None
    except (PIL.Image.DecompressionBombError, PIL.Image.DecompressionBombWarning) as error:  # of a TIFF's tiles
        raise ValueError(f"too many pixels: {error}") from None
    except MemoryError:
        raise
    except Exception as error:  # Pillow's readers raise all kinds of errors on damaged data
        raise ValueError(f"damaged image: {' '.join(str(error).split())}") from error


def recognizes(beginning):
    """Whether a file that begins with these bytes, at least 16 of them, is in one of FORMATS."""
    return any(accept(beginning) for _, accept in _readers())


class _Refused(Exception):
    pass


@functools.cache
def _readers():
    """For each of FORMATS what opens a file, and what knows its beginning; not of HEIF where its package is missing."""
    PIL.Image.init()
    if importlib.util.find_spec("pillow_heif"):  # of an extra: its wheels are under the GPL
        import pillow_heif
        pillow_heif.register_heif_opener()
    return [PIL.Image.OPEN[name] for name in FORMATS if name in PIL.Image.OPEN]


def _open(data):
    """The PIL.Image of a file, of which only the header is read.

    Not by PIL.Image.open: its limit, for the whole process, is the same for pictures that are halved and for those that are not.
    """
    problem = _Refused("not an image")
    for factory, accept in _readers():
        if accept(data[:16]):
            try:
                return factory(io.BytesIO(data), "")
            except (SyntaxError, IndexError, TypeError, struct.error) as error:  # a reader's ways to say no
                problem = error
    if "HEIF" not in PIL.Image.OPEN and HEIC.match(data):
        raise _Refused("not an image that can be read here: HEIC needs the extra 'heic', `pip install '.[heic]'`")
    raise problem


def _decoded(data):
    """-> what `decode_scaled` gives."""
    with _open(data) as image:
        is_jpeg = isinstance(image, PIL.JpegImagePlugin.JpegImageFile)
        scale = _fit(image, 2 if is_jpeg else 1)
        try:
            image.load()
        except OSError:
            if not (is_jpeg and jpeg.lacks_only_its_end(data)):
                raise
            return _decoded(data + jpeg.END)
        return _upright(_rgb(image), image), scale


def _fit(image, most):
    """Has a picture of more than LARGEST pixels shrunk when it is loaded, `most` times a side -> the size over the present one."""
    width, height = image.size
    if width * height <= LARGEST:
        return 1.
    if width * height > most**2 * LARGEST:
        raise _Refused(f"too many pixels: {width} x {height}, more than {most**2 * LARGEST}")
    image.draft(None, (width // most, height // most))
    return 1. / most


def _rgb(image):
    """A loaded PIL.Image -> [H, W, 3] uint8."""
    if image.mode.startswith("I"):  # 16 bits of gray, which Pillow would clip to 8
        gray = np.uint8(np.clip(np.asarray(image), 0, 65535) >> 8)
        return np.repeat(gray[..., None], 3, -1)
    if image.mode == "F":
        raise _Refused("unsupported pixels: floating point, of no known range")
    if image.has_transparency_data:
        image = image.convert("RGBA")
        image = PIL.Image.alpha_composite(PIL.Image.new("RGBA", image.size, "white"), image)
    return np.asarray(image.convert("RGB"))


def _upright(pixels, image):
    """Pixels as the EXIF orientation of their PIL.Image wants to be shown; what is not understood turns nothing."""
    try:
        orientation = image.getexif().get(PIL.ExifTags.Base.Orientation, 1)
    except Exception:  # a damaged header of a whole picture
        return pixels
    if orientation in (5, 6, 7, 8):
        pixels = pixels.swapaxes(0, 1)
    if orientation in (2, 3, 6, 7):
        pixels = pixels[:, ::-1]
    if orientation in (3, 4, 7, 8):
        pixels = pixels[::-1]
    return np.ascontiguousarray(pixels)
