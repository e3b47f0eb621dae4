"""The frames of videos, by OpenCV."""
import itertools
import os

import cv2
import numpy as np

from morph3d.photos import decoding

SUFFIXES = frozenset([".avi", ".m4v", ".mkv", ".mov", ".mp4", ".mpeg", ".mpg", ".webm", ".wmv"])
RATE = 25.  # frames a second of a video that does not say


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
    total = length(path)
    wanted = set(((np.arange(count) + .5) * total / count).astype(int))
    yield from (frame for _, frame in _read(path, wanted))


def timed(path):
    """Yields all frames of a video with their times, one in memory at a time.

    The times are the file's own. Where these do not increase, a frame comes as much after the one before as the frame rate has it.

    Yields:
      (seconds since the first frame; [H, W, 3] uint8 RGB).

    Raises:
      ValueError: as `frames`.
    """
    return _read(path)


def length(path):
    """The number of frames: what the file says, or what is counted where it says nothing; 0 where it cannot be read."""
    capture = cv2.VideoCapture(os.fspath(path))
    try:
        total = int(capture.get(cv2.CAP_PROP_FRAME_COUNT))
        if total <= 0:
            total = sum(1 for _ in iter(capture.grab, False))
        return total
    finally:
        capture.release()


def _read(path, wanted=None):
    """Yields (seconds, [H, W, 3] uint8 RGB) of the frames of these numbers, or of all."""
    name, found = decoding.printable(path), 0
    if not os.path.isfile(path):
        raise ValueError(f"{name}: not a file")
    try:
        open(path, "rb").close()
    except OSError as error:  # of which OpenCV says nothing
        raise ValueError(f"{name}: cannot be opened: {error.strerror}") from None
    capture = cv2.VideoCapture(os.fspath(path))
    try:
        times = _times(capture)
        for number in itertools.count() if wanted is None else range(max(wanted, default=-1) + 1):
            if not capture.grab():
                break
            time = next(times)
            good, frame = capture.retrieve() if wanted is None or number in wanted else (False, None)
            if good:
                found += 1
                yield time, cv2.cvtColor(frame, cv2.COLOR_BGR2RGB)
    finally:
        capture.release()
    if not found:
        raise ValueError(f"{name}: no frame can be read; give a video that OpenCV reads, or its frames as photos in a folder")


def _times(capture):
    """Yields the seconds from the first frame to that which the capture has grabbed, each time anew; they increase strictly."""
    step = 1. / (capture.get(cv2.CAP_PROP_FPS) or RATE)
    first, time = capture.get(cv2.CAP_PROP_POS_MSEC) / 1000., 0.
    while True:
        yield time
        told = capture.get(cv2.CAP_PROP_POS_MSEC) / 1000. - first
        time = told if told > time else time + step
