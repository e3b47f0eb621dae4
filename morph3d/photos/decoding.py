"""Decoding of photographs, whatever is in the file."""
import io
import os
import pathlib

import numpy as np
import PIL.ExifTags
import PIL.Image

# Names that say it is a photo. What a file is its content decides, but to open millions for that takes long.
SUFFIXES = frozenset([".jpg", ".jpeg", ".jpe", ".png", ".webp", ".gif", ".bmp", ".tif", ".tiff", ".ppm", ".pgm"])
FORMATS = "JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "PPM"  # by what the file holds; no other reader of Pillow is run
LARGEST = 80_000_000  # pixels; larger ones are more likely to fill the memory than to be portraits, and Pillow warns of them


def read(path):
    """-> [H, W, 3] uint8 RGB, upright (see `decode`); ValueError, which names the path and the reason, for no good photo."""
    printable = os.fsencode(path).decode("utf-8", "replace")
    if not os.path.isfile(path):  # a pipe would block, a device never end
        raise ValueError(f"{printable}: not a file")
    try:
        return decode(pathlib.Path(path).read_bytes())
    except OSError as error:
        raise ValueError(f"{printable}: cannot be opened: {error.strerror}") from None
    except ValueError as error:
        raise ValueError(f"{printable}: {error}") from error


def decode(data):
    """An encoded picture, whatever its name says it is.

    The first picture of an animation. 16-bit values are scaled, transparent pictures are laid on white as on a page, CMYK is
    taken as Adobe writes it. Color profiles are ignored.

    Args:
      data: bytes of a file of one of FORMATS.

    Returns:
      [H, W, 3] uint8 RGB, not writable, turned upright by its EXIF orientation.

    Raises:
      ValueError: "empty", "not an image", "too many pixels", "damaged image" or "unsupported pixels"; after a colon maybe more.
    """
    if not data:
        raise ValueError("empty")
    try:
        with PIL.Image.open(io.BytesIO(data), formats=FORMATS) as image:  # reads the header only
            if image.width * image.height > LARGEST:
                raise PIL.Image.DecompressionBombError(f"{image.width} x {image.height}")
            image.load()
            return _upright(_rgb(image), image)
    except PIL.UnidentifiedImageError:
        raise ValueError("not an image") from None
    except (PIL.Image.DecompressionBombError, PIL.Image.DecompressionBombWarning) as error:
        raise ValueError(f"too many pixels: {error}, more than {LARGEST}") from None
    except _Unsupported as error:
        raise ValueError(f"unsupported pixels: {error}") from None
    except MemoryError:
        raise
    except Exception as error:  # Pillow's readers raise all kinds of errors on damaged data
        raise ValueError(f"damaged image: {' '.join(str(error).split())}") from error


def recognizes(beginning):
    """Whether a file that begins with these bytes, at least 16 of them, is in one of FORMATS."""
    PIL.Image.init()  # registers the readers of all formats, once
    return any(PIL.Image.OPEN[name][1](beginning) for name in FORMATS)


class _Unsupported(Exception):
    pass


def _rgb(image):
    """A loaded PIL.Image -> [H, W, 3] uint8."""
    if image.mode.startswith("I"):  # 16 bits of gray, which Pillow would clip to 8
        gray = np.uint8(np.clip(np.asarray(image), 0, 65535) >> 8)
        return np.repeat(gray[..., None], 3, -1)
    if image.mode == "F":
        raise _Unsupported("floating point, of no known range")
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
