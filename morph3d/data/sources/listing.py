"""Listings of photographs, what a source is found to hold; and the words that all sources share."""
import os
import re
from typing import NamedTuple

_UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\\\\]")


class Photo(NamedTuple):
    """One picture and where it is. A tuple of what JSON can hold: Photo(*json.loads(json.dumps(photo))), with a list for a box."""
    key: str  # its name in the source: unique, one printable line
    person: str  # whom it shows; "" where nobody says
    location: str  # where any process finds its bytes, see sources.contents; may hold file names that are not UTF-8
    version: str  # another one when its file may have changed and has to be read again
    box: tuple = None  # the face's left, top, right and bottom, pixels of the upright photo; None where nobody says


class Listing(NamedTuple):
    photos: list  # of Photo, in an order that is always the same
    rejects: list  # of (key, reason): what was met that cannot be a photo; a reason is one line, "sort" or "sort: details"


def printable(text):
    r"""A name as one line of printable text; different names stay different. Bytes that are not UTF-8 become \xNN."""
    return _UNPRINTABLE.sub(_escape, text)


def _escape(match):
    code = ord(match[0])
    if match[0] == "\\":
        return "\\\\"
    return f"\\x{code - 0xdc00:02x}" if 0xdc80 <= code <= 0xdcff else f"\\u{code:04x}"


def file_version(entry):
    """-> the version of a file, by its size and the time it was changed; of the link itself where that leads nowhere.

    Args:
      entry: os.DirEntry or pathlib.Path.
    """
    for follow_symlinks in (True, False):
        try:
            status = entry.stat(follow_symlinks=follow_symlinks)
            return f"{status.st_size}-{status.st_mtime_ns}"
        except OSError:
            continue
    return "gone"


def is_folder(entry):
    """Whether an os.DirEntry is a folder or a link to one; False where the link leads nowhere or in circles."""
    try:
        return entry.is_dir()
    except OSError:
        return False


def entries_of(folder):
    """-> the list of os.DirEntry of a folder, sorted by name. Raises OSError."""
    with os.scandir(folder) as entries:
        return sorted(entries, key=lambda entry: entry.name)


def proper_box(left, top, right, bottom):
    """-> the box as floats; ValueError where it is none."""
    box = tuple(map(float, (left, top, right, bottom)))
    if not all(abs(side) < 1e6 for side in box) or box[2] <= box[0] or box[3] <= box[1]:
        raise ValueError(f"no box: left {box[0]:g}, top {box[1]:g}, right {box[2]:g}, bottom {box[3]:g}")
    return box
