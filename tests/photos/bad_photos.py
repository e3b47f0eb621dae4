"""Files as they come from the web: good photos of every kind, and everything else that is named like one."""
import functools
import io
import os
import struct
import zlib

import cv2
import numpy as np
import PIL.Image
import pillow_heif
import skimage.data

pillow_heif.register_heif_opener()  # to write HEIF

EMPTY, NO_IMAGE, TOO_LARGE, DAMAGED, NO_FACE, NO_FILE = (
    "empty", "not an image", "too many pixels", "damaged image", "no face found", "not a file")
SIDE = 112  # pixels of the good photos
ORIENTATION = 0x112
NAMES = ["{}.{}", "with spaces {}.{}", "Ünïcödé 日本 {}.{}", "-dash'quote\"{}.{}", "{}.many.dots.{}", "tab\t{}.{}"]


def make(folder, count=1000, seed=0):
    """Writes `count` files, no two good ones alike, into a folder and folders in it; the same for the same seed.

    Returns:
      {relative path: reason}: why it is no good photo; None for those that show an upright face once they are decoded. NO_FACE
      marks what can be decoded but shows none. Paths whose names are not UTF-8 are as os.fsdecode gives them.
    """
    rng = np.random.default_rng(seed)
    expected = {}
    for i in range(count):
        suffix, content, reason = KINDS[i % len(KINDS)](rng)
        name = NAMES[i // len(KINDS) % len(NAMES)].format(i, suffix)
        if suffix == "jpg" and i % 7 == 0:
            name = os.fsdecode(b"latin \xe9 %d.JPG" % i)
        path = os.path.join(f"person {i % 10}", name)
        os.makedirs(os.path.join(folder, os.path.dirname(path)), exist_ok=True)
        content(os.path.join(folder, path)) if callable(content) else _write(os.path.join(folder, path), content)
        expected[path] = reason
    return expected


def portrait(rng):
    """[SIDE, SIDE, 3] uint8: an upright face, never twice the same."""
    left, top = rng.integers(0, 30, 2)
    face = cv2.resize(_astronaut()[top:top + 200, 110 + left:310 + left], (SIDE, SIDE), interpolation=cv2.INTER_AREA)
    return np.uint8(np.clip(face * rng.uniform(.7, 1.1), 0, 255))


@functools.cache
def _astronaut():
    return skimage.data.astronaut()


def _write(path, content):
    with open(path, "wb") as file:
        file.write(content)


def encoded(pixels, kind, **options):
    """-> bytes of an image file."""
    file = io.BytesIO()
    image = pixels if isinstance(pixels, PIL.Image.Image) else PIL.Image.fromarray(pixels)
    image.save(file, kind, **options)
    return file.getvalue()


def png(width, height, depth, color_type, rows, text=b"", data=None):
    """-> a PNG file put together by hand, of rows that begin with a zero each."""
    def chunk(kind, content):
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
    header = struct.pack(">IIBBBBB", width, height, depth, color_type, 0, 0, 0)
    return b"".join([b"\x89PNG\r\n\x1a\n", chunk(b"IHDR", header), chunk(b"tEXt", b"Comment\0" + text),
                     chunk(b"IDAT", zlib.compress(rows, 9) if data is None else data), chunk(b"IEND", b"")])


def with_orientation(pixels, kind, orientation, **options):
    """-> bytes of a file whose EXIF orientation shows pixels upright that are stored turned."""
    stored = pixels
    if orientation in (3, 4, 7, 8):
        stored = stored[::-1]
    if orientation in (2, 3, 6, 7):
        stored = stored[:, ::-1]
    if orientation in (5, 6, 7, 8):
        stored = stored.swapaxes(0, 1)
    exif = PIL.Image.Exif()
    exif[ORIENTATION] = orientation
    return encoded(np.ascontiguousarray(stored), kind, exif=exif.tobytes(), **options)


def sixteen_bits(pixels):
    """-> bytes of a PNG with 16 bits a channel."""
    return cv2.imencode(".png", pixels[..., ::-1].astype(np.uint16) * 257)[1].tobytes()


def huge_png(rng):
    """-> 20,000 x 20,000 pixels in few bytes."""
    return png(20000, 20000, 1, 0, b"", _words(rng), _huge_rows())


@functools.cache
def _huge_rows():
    return zlib.compress(bytes(20000 * 2501), 9)


def huge_jpeg(rng):
    """-> a small JPEG whose header says 20,000 x 20,000."""
    whole = encoded(portrait(rng), "JPEG")
    frame = whole.index(b"\xff\xc0") + 5
    return whole[:frame] + struct.pack(">HH", 20000, 20000) + whole[frame + 4:]


def _words(rng):
    return bytes(rng.integers(97, 123, 40, dtype=np.uint8))


def _transparent(rng):
    alpha = np.full([SIDE, SIDE, 1], 255, np.uint8)
    alpha[:8] = 0
    return encoded(np.concatenate([portrait(rng), alpha], -1), "PNG")


def _gray_and_alpha(rng):
    gray = PIL.Image.fromarray(portrait(rng)).convert("L")
    return encoded(PIL.Image.merge("LA", [gray, PIL.Image.new("L", gray.size, 255)]), "PNG")


def _animated(kind):
    def save(rng):
        frames = [PIL.Image.fromarray(portrait(rng)), PIL.Image.new("RGB", (SIDE, SIDE))]
        return encoded(frames[0], kind, save_all=True, append_images=frames[1:], duration=100)
    return save


def _cut(kind, least, most):
    """The first part of a file, between two fractions of its length."""
    def save(rng):
        whole = encoded(portrait(rng), kind)
        return whole[:int(len(whole) * rng.uniform(least, most))]
    return save


def _link(path):
    os.symlink("nowhere.jpg", path)


def _kind(suffix, save, reason=None):
    return lambda rng: (suffix, save(rng), reason)


KINDS = [
    *(_kind(suffix, lambda rng, kind=kind: encoded(portrait(rng), kind))
      for suffix, kind in [("jpg", "JPEG"), ("png", "PNG"), ("webp", "WEBP"), ("gif", "GIF"), ("bmp", "BMP"), ("tif", "TIFF"),
                           ("ppm", "PPM"), ("heic", "HEIF"), ("avif", "AVIF"), ("jp2", "JPEG2000"), ("jfif", "JPEG"),
                           ("jpg", "PNG"), ("png", "JPEG"), ("jpg", "HEIF")]),
    *(_kind(suffix, lambda rng, kind=kind, orientation=orientation: with_orientation(portrait(rng), kind, orientation))
      for suffix, kind in [("jpg", "JPEG"), ("png", "PNG"), ("webp", "WEBP"), ("tif", "TIFF"), ("heic", "HEIF"), ("avif", "AVIF")]
      for orientation in range(1, 9)),
    *(_kind(suffix, _animated(kind)) for suffix, kind in [("gif", "GIF"), ("webp", "WEBP"), ("png", "PNG"), ("mpo", "MPO")]),
    _kind("jpg", lambda rng: encoded(portrait(rng), "JPEG")[:-2]),
    _kind("jpg", lambda rng: encoded(PIL.Image.fromarray(portrait(rng)).convert("CMYK"), "JPEG", quality=95)),
    _kind("jpg", lambda rng: encoded(portrait(rng)[..., 0], "JPEG")),
    _kind("jpg", lambda rng: encoded(portrait(rng), "JPEG", progressive=True)),
    _kind("png", lambda rng: sixteen_bits(portrait(rng))),
    _kind("png", lambda rng: sixteen_bits(portrait(rng)[..., :1])),
    _kind("png", lambda rng: encoded(PIL.Image.fromarray(portrait(rng)).quantize(200), "PNG")),
    _kind("png", _transparent),
    _kind("png", _gray_and_alpha),
    _kind("png", lambda rng: png(24, 24, 1, 0, b"\0\xaa\xaa\xaa" * 24, _words(rng)), NO_FACE),
    _kind("jpg", lambda rng: encoded(rng.integers(0, 256, [1, 1, 3], np.uint8), "JPEG"), NO_FACE),
    _kind("png", lambda rng: png(1, 1, 8, 2, b"\0" + _words(rng)[:3], _words(rng)), NO_FACE),
    _kind("jpg", lambda rng: encoded(np.full([90, 70, 3], rng.integers(0, 256, 3), np.uint8), "JPEG"), NO_FACE),
    *(_kind(suffix, _cut(kind, .4, .9), DAMAGED)
      for suffix, kind in [("jpg", "JPEG"), ("png", "PNG"), ("webp", "WEBP"), ("gif", "GIF"), ("tif", "TIFF"), ("bmp", "BMP"),
                           ("ppm", "PPM"), ("heic", "HEIF"), ("avif", "AVIF"), ("jp2", "JPEG2000")]),
    _kind("png", lambda rng: b"\x89PNG\r\n\x1a\n" + _words(rng)[:3], DAMAGED),
    _kind("png", lambda rng: png(9, 9, 8, 2, b"", b"", _words(rng)), DAMAGED),
    _kind("jpg", lambda rng: b"\xff\xd8" + _words(rng), NO_IMAGE),
    _kind("webp", lambda rng: b"RIFF" + _words(rng)[:6], NO_IMAGE),
    _kind("jpg", lambda rng: b"not a photo " + _words(rng), NO_IMAGE),
    _kind("jpg", lambda rng: b"<!DOCTYPE html><html><body>404 " + _words(rng) + b"</body></html>", NO_IMAGE),
    _kind("jpg", lambda rng: b"%PDF-1.4\n%" + _words(rng), NO_IMAGE),
    _kind("png", lambda rng: b"PK\x03\x04" + _words(rng), NO_IMAGE),
    _kind("jpg", lambda rng: b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%" + _words(rng), NO_IMAGE),
    _kind("bmp", lambda rng: rng.bytes(300), NO_IMAGE),
    _kind("png", lambda rng: b"", EMPTY),
    _kind("png", huge_png, TOO_LARGE),
    _kind("jpg", huge_jpeg, TOO_LARGE),
    _kind("jpg", lambda rng: _link, NO_FILE),
    _kind("jpg", lambda rng: os.mkfifo, NO_FILE),
]
