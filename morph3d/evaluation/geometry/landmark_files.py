"""Files with the landmarks of a scan: found beside it, and read.

Known are MeshLab's picked points (.pp), NumPy arrays (.npy), and text (.csv, .txt) with a line a point: x, y, z, or a name of
morphable/landmarks.py before them. Points without such names are known by their number: 5 (FIVE), 7 (SEVEN, those of NoW), 51 or 68
(iBUG's, without or with the jaw).
"""
import pathlib
import re
from xml.etree import ElementTree

import numpy as np

from morph3d.morphable import landmarks

FIVE = ("right.eye.center", "left.eye.center", "center.nose.tip", "right.lips.corner", "left.lips.corner")
SEVEN = ("right.eye.corner_outer", "right.eye.corner_inner", "left.eye.corner_inner", "left.eye.corner_outer",
         "center.nose.attachement_to_philtrum", "right.lips.corner", "left.lips.corner")
ORDERS = {len(order): order for order in (FIVE, SEVEN, tuple(landmarks.NAMES)[17:], tuple(landmarks.NAMES))}
KNOWN = {*FIVE, *landmarks.NAMES}
ENDINGS = (".csv", ".txt", ".npy", ".pp")


def beside(scan):
    """The path of the landmarks that lie beside a scan NAME.obj: NAME_landmarks, NAME_picked_points or NAME with one of ENDINGS.

    None where there are none.
    """
    scan = pathlib.Path(scan)
    names = (scan.with_name(scan.stem + between + ending) for between in ("_landmarks", "_picked_points", "") for ending in ENDINGS)
    return next((path for path in names if path.is_file()), None)


def read(path):
    """The landmarks in a file.

    Returns:
      {name: [3] float64, in the file's units}; points that are not finite are left out.

    Raises:
      ValueError: the file cannot be read, or its points are not known by name or number.
    """
    path = pathlib.Path(path)
    try:
        names, points = {".pp": _picked_points, ".npy": _array}.get(path.suffix.lower(), _text)(path)
    except (OSError, UnicodeDecodeError, ElementTree.ParseError, EOFError, ValueError) as error:
        raise ValueError(f"{path}: no landmarks can be read: {' '.join(str(error).split())}") from None
    if not KNOWN.issuperset(names):
        if len(points) not in ORDERS:
            raise ValueError(f"{path}: found {len(points)} landmarks without names of morph3d.morphable.landmarks.NAMES; expected "
                             f"{', '.join(map(str, ORDERS))}, or such names before them")
        names = ORDERS[len(points)]
    found = {name: point for name, point in zip(names, points, strict=True) if np.isfinite(point).all()}
    if len(found) < 3:
        raise ValueError(f"{path}: found {len(found)} landmarks, expected three or more")
    return found


def centers(found):
    """The two eye centers of landmarks {name: [3]}: [2, 3], the right one first; None where neither they nor enough points around
    the eyes are there.

    What is there of both corners, or of all six points, stands for the center; one lid alone does not.
    """
    both = [_center(found, side) for side in ("right", "left")]
    return None if any(center is None for center in both) else np.stack(both)


def _center(found, side):
    if f"{side}.eye.center" in found:
        return found[f"{side}.eye.center"]
    around = [name for name in landmarks.NAMES if name.startswith(f"{side}.eye.")]
    for names in around, [f"{side}.eye.corner_outer", f"{side}.eye.corner_inner"]:
        if all(name in found for name in names):
            return np.mean([found[name] for name in names], 0)
    return None


def _picked_points(path):
    points = [point.attrib for point in ElementTree.parse(path).iter("point") if {*"xyz"} <= point.attrib.keys()]
    places = [[float(point[axis].replace(",", ".")) for axis in "xyz"] if point.get("active", "1") != "0" else [np.nan] * 3
              for point in points]  # some locales of MeshLab write decimal commas
    return [point.get("name", "") for point in points], _shaped(places)


def _array(path):
    points = _shaped(np.load(path, allow_pickle=False))
    return [""] * len(points), points


def _text(path):
    rows = [re.split(r"[,;\s]+", line.strip()) for line in path.read_text(encoding="utf-8-sig").splitlines()
            if line.strip() and not line.lstrip().startswith("#")]
    if rows and [word.lower() for word in rows[0][-3:]] == ["x", "y", "z"]:
        rows = rows[1:]  # a line of headings
    return [row[0] if len(row) == 4 else "" for row in rows], _shaped([[float(number) for number in row[-3:]] for row in rows])


def _shaped(points):
    points = np.asarray(points, np.float64)
    if points.ndim != 2 or points.shape[1] != 3:
        raise ValueError(f"found numbers of shape {list(points.shape)}, expected [N, 3]")
    return points
