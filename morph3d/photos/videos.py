"""The frames of videos, by OpenCV."""
import os

import cv2
import numpy as np

from morph3d.photos import decoding

SUFFIXES = frozenset([".avi", ".m4v", ".mkv", ".mov", ".mp4", ".mpeg", ".mpg", ".webm", ".wmv"])


def frames(path, count):
    """Yields up to `count` frames of a video, spread evenly over it, one in memory at a time.

    The video is run through from its beginning: to jump in it lands on other frames in some files.

    Args:
      path: of a video.
      count: how many; of a shorter video all.

    Yields:
      [H, W, 3] uint8 RGB.

    Raises:
      ValueError: it cannot be read, or holds no frame.
    """
    name, found = decoding.printable(path), 0
    if not os.path.isfile(path):
        raise ValueError(f"{name}: not a file")
    try:
        open(path, "rb").close()
    except OSError as error:  # of which OpenCV says nothing
        raise ValueError(f"{name}: cannot be opened: {error.strerror}") from None
    total = _length(path)
    for frame in _read(path, set(((np.arange(count) + .5) * total / count).astype(int))):
        found += 1
        yield cv2.cvtColor(frame, cv2.COLOR_BGR2RGB)
    if not found:
        raise ValueError(f"{name}: no frame can be read; give a video that OpenCV reads, or its frames as photos in a folder")


def _length(path):
    """The number of frames: what the file says, or what is counted where it says nothing."""
    capture = cv2.VideoCapture(os.fspath(path))
    try:
        total = int(capture.get(cv2.CAP_PROP_FRAME_COUNT))
        if total <= 0:
            total = sum(1 for _ in iter(capture.grab, False))
        return total
    finally:
        capture.release()


def _read(path, wanted):
    """Yields the frames of these numbers, [H, W, 3] BGR."""
    capture = cv2.VideoCapture(os.fspath(path))
    try:
        for number in range(max(wanted, default=-1) + 1):
            if not capture.grab():
                return
            if number in wanted:
                good, frame = capture.retrieve()
                if good:
                    yield frame
    finally:
        capture.release()
