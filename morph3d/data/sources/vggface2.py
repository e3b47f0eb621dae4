"""The boxes of VGGFace2 (Cao et al. 2018), from the tables bb_landmark/loose_bb_train.csv and loose_bb_test.csv.

Published as `NAME_ID,X,Y,W,H` and lines such as `"n000001/0001_01",60,60,79,109`: pixels of train/n000001/0001_01.jpg; the left
and upper ends may be negative.
"""
import os

from morph3d.data.sources.listing import printable, proper_box

_FOLDERS = ("bb_landmark", "meta/bb_landmark")
_TABLES = ("loose_bb_train.csv", "loose_bb_test.csv")


def tables(folder):
    """The paths of the tables in `folder`, or of those beside it."""
    folder = os.path.abspath(folder)
    for above in (folder, os.path.dirname(folder)):
        paths = [os.path.join(above, *below.split("/"), table) for below in _FOLDERS for table in _TABLES]
        if found := list(filter(os.path.isfile, paths)):
            return found
    return []


def boxes(tables):
    """-> {"n000001/0001_01": (left, top, right, bottom)}, the tables' rejects."""
    found, rejects = {}, []
    for path in tables:
        rejects += _read(path, found)
    return found, rejects


def box(boxes, path):
    """The box of the picture at `path`, None where there is none.

    Only pictures in train/ and test/ have one: under the same names people store crops in folders beside these.
    """
    parts = path.split("/")[-3:]
    if len(parts) < 3 or parts[0] not in ("train", "test"):
        return None
    return boxes.get(f"{parts[1]}/{os.path.splitext(parts[2])[0]}")


def _read(path, found):
    """Adds the boxes of one table to `found`. -> rejects."""
    rejects = []
    with open(path, encoding="utf-8", errors="surrogateescape") as file:
        for number, line in enumerate(file, 1):
            fields = [field.strip('"') for field in line.strip().split(",")]
            if fields[0] not in ("NAME_ID", ""):
                try:
                    if len(fields) != 5:
                        raise ValueError(f"{len(fields)} fields, not 5")
                    name, x, y, width, height = fields
                    found[name] = proper_box(x, y, float(x) + float(width), float(y) + float(height))
                except ValueError as error:
                    rejects.append((f"{printable(os.path.basename(path))}:{number}", f"broken line: {error}"))
    return rejects
