"""FLAME (Li et al. 2017), the head model of MPI Tübingen, read: FLAME 2023 Open (CC BY 4.0), its sisters of one topology, and files
reduced to fewer modes."""
import os
import zipfile
import zlib

import numpy as np

from morph3d.morphable.readers import checks, order, safe_pickle

VERTICES, SHAPES, EXPRESSIONS = 5023, 300, 100
WANTED = {"v_template": (VERTICES, 3), "shapedirs": (VERTICES, 3, None), "f": (None, 3)}
APART = "exprdirs"  # where some programs keep the expressions
RISE = 1.2  # from the last shape to the first expression, whose sizes otherwise fall
EYEBALLS = 3931  # the first of the 2 x 546 vertices of the eyeballs, which are the last
MILLIMETERS = 1e3  # the files are in meters
REMEDY = "get FLAME 2023 Open from flame.is.tue.mpg.de"

# The vertices of the 68 points of Multi-PIE, as published with SAiD (Park and Cho 2023). The jaw, the middle of nose and lips
# and the inner ends of eyes and brows agree with the coordinates of a published template, the lips and the nose with lists in
# other programs; `read` compares all with a face.
LANDMARKS = np.array("""
    2210 1963 3056 3424 3423 3421 3419 3416 3414 3635 3643 3646 3650 3652 2004 568 728 2567 337 338 3154 3712 3868 2135
    27 18 1430 3560 3561 3501 3564 2751 2793 3556 1676 1623 2428 2453 2494 3631 2278 2359 3832 1343 1218 1154 995 829
    2820 2864 2774 3543 1657 1749 1703 1774 1802 3503 2905 2881 2845 2787 3531 1670 1730 1804 3504 2907""".split(), np.int64)


def read(path):
    """The MorphableModel of a FLAME file in its zero pose: 300 shape and 100 expression modes, or fewer, 5,023 vertices.

    A reduced file says nowhere which of its columns are expressions, but they come last, and the columns of each kind are sorted
    by size: the expressions begin where a column is larger than the one before it. Without such a place all are shapes.

    FLAME scales its components by their standard deviations (T. Bolkart in github.com/TimoBolkart/TF_FLAME/issues/7), so its
    coefficients are ours. Left out are the joints (neck, jaw, eyeballs), so expressions open the mouth only as far as FLAME's
    expression space does, and the origin is moved to where the other models have it. The colors are painted
    (morphable/albedo). A pickle is read without running it (safe_pickle.py).

    Args:
      path: the file, a pickle (chumpy is not needed) or `.npz`.

    Raises:
      ValueError: the file is missing or damaged, is another model, names things in its pickle that are no arrays, or has
        columns in which the expressions cannot be told.
    """
    path = os.fspath(path)
    if not os.path.isfile(path):
        raise ValueError(f"{path}: no such file; expected FLAME (.pkl or .npz)")
    arrays = _arrays(path)
    vertices = arrays["v_template"].astype(np.float64) * MILLIMETERS
    directions, shapes = _directions(path, arrays)
    modes = np.moveaxis(directions, 2, 0).astype(np.float32) * np.float32(MILLIMETERS)
    points = vertices[LANDMARKS]
    order.check(path, points, np.split(vertices[EYEBALLS:], 2), REMEDY)
    vertices = checks.from_pivot(vertices, points)
    return checks.assemble(path, vertices, modes[:shapes], None, modes[shapes:], arrays["f"].astype(np.int64), LANDMARKS,
                           eyeballs=np.arange(VERTICES) >= EYEBALLS)


def _directions(path, arrays):
    """-> directions [V, 3, K], and how many of them are shapes, which come first."""
    directions, count = arrays["shapedirs"], arrays["shapedirs"].shape[2]
    if count == SHAPES + EXPRESSIONS:
        return directions, SHAPES
    if APART in arrays:
        return np.concatenate([directions, arrays[APART]], 2), count
    sizes = np.linalg.norm(directions.reshape(-1, count), axis=0)
    rises = np.flatnonzero(sizes[1:] > RISE * sizes[:-1]) + 1
    if len(rises) > 1:
        raise ValueError(f"{path}: found {count} columns in shapedirs whose sizes rise at {', '.join(map(str, rises[:5]))}, "
                         f"expected one rise, where expressions begin; keep shapes and expressions sorted, or these as {APART}")
    return directions, rises[0] if len(rises) else count


def _arrays(path):
    """{name: array} of what is wanted, and of APART if it is there."""
    holds = _npz(path) if zipfile.is_zipfile(path) else safe_pickle.load(path)
    if not isinstance(holds, dict):
        raise ValueError(f"{path}: found a pickled {type(holds).__name__}, expected FLAME's dictionary; {REMEDY}")
    arrays = {}
    for name, shape in (WANTED | {name: WANTED["shapedirs"] for name in (APART,) if holds.get(name) is not None}).items():
        array = safe_pickle.array(holds.get(name))
        if array is None or array.dtype.kind not in "fiu":
            found = getattr(holds.get(name), "origin", None) or f"no array among {', '.join(sorted(map(str, holds))[:20])}"
            raise ValueError(f"{path}: found as {name} {found}, expected an array as in FLAME; {REMEDY}")
        if not checks.has_shape(array, shape):
            raise ValueError(f"{path}: found {name} {array.shape}, expected {shape} as in FLAME, None being any number but 0; "
                             f"other body models (SMPL, MANO, SMPL-X) are not read; {REMEDY}")
        if not np.isfinite(array).all() or (name == "f" and not _are_vertices(array)):
            raise ValueError(f"{path}: found {name} from {array.min()} to {array.max()}, expected finite numbers, and in f "
                             f"whole numbers in 0..{VERTICES - 1}; {REMEDY}")
        arrays[name] = array
    return arrays


def _are_vertices(array):
    return 0 <= array.min() <= array.max() < VERTICES and (array == np.floor(array)).all()


def _npz(path):
    try:
        with np.load(path, allow_pickle=False) as file:
            return {name: file[name] if name in (*WANTED, APART) else None for name in file}
    except (OSError, ValueError, EOFError, zlib.error, zipfile.BadZipFile) as error:
        raise ValueError(f"{path}: found a damaged .npz ({error}), expected a whole one with plain arrays; {REMEDY}") from error
