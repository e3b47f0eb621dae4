"""Files of the 68 landmarks of a face in a photo, set by hand or found by another detector: .pts of iBUG 300-W, and JSON."""
import json
import pathlib
import re

import numpy as np

from morph3d.morphable import landmarks
from morph3d.photos import decoding

REMEDY = f"give the {landmarks.COUNT} landmarks of iBUG 300-W, or none"


def of(photo, folder):
    """The landmarks of a photo, `read` from the file of its name in a folder: me.pts, else me.json, for me.jpg.

    Raises:
      ValueError: there is none, or as `read`.
    """
    files = [pathlib.Path(folder, pathlib.Path(photo).name).with_suffix(ending) for ending in READERS]
    for file in files:
        if file.is_file():
            return read(file)
    raise ValueError(f"{decoding.printable(folder)}: found no {' and no '.join(decoding.printable(file.name) for file in files)}; "
                     "put one there, or have the landmarks detected")


def read(path):
    """The landmarks of a file, in the order of morphable/landmarks.py.

    Args:
      path: of a .pts as iBUG has it, which counts pixels from 1 at the first one's center; or of a .json with
        {"landmarks": [[x, y], ...]}, or that list alone, in the pixels that are returned.

    Returns:
      [68, 2] float32 pixels of the photo as decoding.read gives it, upright: x to the right and y down, the left and upper edges
      at 0.

    Raises:
      ValueError: the file cannot be opened, has another ending, or holds anything but 68 pairs of finite numbers; with its path.
    """
    path = pathlib.Path(path)
    name, reader = decoding.printable(path), READERS.get(path.suffix.lower())
    if reader is None:
        raise ValueError(f'{name}: found the ending "{path.suffix}", expected {" or ".join(READERS)}; convert the landmarks')
    if not path.is_file():  # a pipe would block
        raise ValueError(f"{name}: not a file; {REMEDY}")
    try:
        return _checked(reader(path.read_text("utf-8-sig")))
    except OSError as error:
        raise ValueError(f"{name}: cannot be opened: {error.strerror}; make it readable, or take it away") from None
    except UnicodeDecodeError:
        raise ValueError(f"{name}: found bytes that are no UTF-8, expected text; {REMEDY}") from None
    except ValueError as error:
        raise ValueError(f"{name}: {error}; {REMEDY}") from error


def _pts(text):
    """-> a list of points, each a list of numbers, or of words that are none."""
    braces = re.search(r"\{(.*)\}", re.sub(r"(#|//).*", "", text), re.DOTALL)
    if not braces:
        raise ValueError("found no { and }, expected the points between them, one a line")
    return [[_pixels(word) for word in line.split()] for line in braces[1].splitlines() if line.strip()]


def _pixels(word):
    """A word that counts from 1 at the first pixel's center -> its number from the edge; the word itself where it is no number."""
    try:
        return float(word) - .5
    except ValueError:
        return word


def _json(text):
    """-> a list of points, which may be anything."""
    try:
        content = json.loads(text, parse_int=float)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"found no JSON ({error})") from None
    points = content.get("landmarks") if isinstance(content, dict) else content
    if not isinstance(points, list):
        raise ValueError('found no list of points, expected {"landmarks": [[x, y], ...]} or [[x, y], ...]')
    return points


READERS = {".pts": _pts, ".json": _json}


def _checked(points):
    """A list of points -> [68, 2] float32."""
    if len(points) != landmarks.COUNT:
        raise ValueError(f"found {len(points)} points, expected {landmarks.COUNT}")
    for number, point in enumerate(points, 1):
        if not isinstance(point, list) or [type(part) for part in point] != [float, float]:
            raise ValueError(f"found {str(point)[:60]!r} as point {number}, expected two numbers, x and y")
    with np.errstate(over="ignore"):  # what is too large for single precision is infinite there
        array = np.array(points).astype(np.float32)
    if not np.isfinite(array).all():
        raise ValueError(f"found {points[np.flatnonzero(~np.isfinite(array).all(1))[0]]}, expected finite numbers")
    return array
