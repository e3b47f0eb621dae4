"""JPEG files of which only the end mark is missing, told from those that have lost pixels."""
import re

import numpy as np
import simplejpeg

END = b"\xff\xd9"
_MARKER = re.compile(rb"\xff([\x01-\xcf\xd8-\xfe])")  # what else follows a 255 is filling, a stuffed zero or a restart
_FRAMES = 0xc0, 0xc1, 0xc2  # baseline, extended and progressive: Huffman codes, whose decoder notices that it runs out of bits
_SCAN = 0xda


def lacks_only_its_end(data):
    """Whether all pixels are in a JPEG file that ends without END, so that with it appended the file is whole.

    libjpeg makes up what it does not find and only warns of that. Pillow keeps the warning to itself; simplejpeg raises it.
    """
    if data.endswith(END):
        return False
    try:
        simplejpeg.decode_jpeg(data + END, "RGB", min_height=1, min_width=1, min_factor=8)  # small: the pixels do not matter
    except ValueError:
        return False
    return _has_all_scans(data)


def _has_all_scans(data):
    """Whether every coefficient of every component has its last bit: a progressive file that is cut between two scans is a
    proper file of a coarser picture."""
    missing = {}
    for marker, segment in _segments(data):
        if marker in _FRAMES:
            missing = {component: np.full(64, True) for component in segment[6::3]}
        elif marker == _SCAN and missing:
            first, last, bits = segment[-3:]
            for component in segment[1:-3:2]:
                missing[component][first:last + 1] = bits % 16  # how many of the lowest bits are left for later scans
    return bool(missing) and not np.any(list(missing.values()))


def _segments(data):
    """Yields (marker, content) of the headers in a JPEG file."""
    position = len(END)  # as long as the mark of the beginning
    while found := _MARKER.search(data, position):
        start = found.end()
        position = start + int.from_bytes(data[start:start + 2], "big")
        yield found[1][0], data[start + 2:position]
