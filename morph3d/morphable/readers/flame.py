"""FLAME (Li et al. 2017), the head model of MPI Tübingen, read: FLAME 2023 Open (CC BY 4.0) and its sisters of one topology."""
import os
import zipfile
import zlib

import numpy as np

from morph3d.morphable.readers import basel_landmarks, checks, safe_pickle

VERTICES, SHAPES, EXPRESSIONS = 5023, 300, 100
WANTED = {"v_template": (VERTICES, 3), "shapedirs": (VERTICES, 3, SHAPES + EXPRESSIONS), "f": (None, 3)}
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
# mm, from the average face laid over them. The points compared are up to 8 mm off, those of the jaw, which FLAME has further
# back, 33 (measured with another average face, within 2 mm of this one).
MISFIT, JAW_MISFIT, EYEBALL_MISFIT = 15., 50., 25.

# Where the origin of a head lies, between the ears, as in the other models: mm from the middle of the outer eye corners.
PIVOT = 0., -32., -87.


def read(path):
    """The MorphableModel of a FLAME file in its zero pose: 300 shape and 100 expression modes, 5,023 vertices.

    FLAME scales its components by their standard deviations (T. Bolkart in github.com/TimoBolkart/TF_FLAME/issues/7), so its
    coefficients are ours. Left out are the joints (neck, jaw, eyeballs), so expressions open the mouth only as far as FLAME's
    expression space does, and the origin is moved to where the other models have it. The colors are painted
    (morphable/albedo). A pickle is read without running it (safe_pickle.py).

    Args:
      path: the file, a pickle (chumpy is not needed) or `.npz`.

    Raises:
      ValueError: the file is missing or damaged, is another model, or names things in its pickle that are no arrays.
    """
    path = os.fspath(path)
    if not os.path.isfile(path):
        raise ValueError(f"{path}: no such file; expected FLAME (.pkl or .npz)")
    template, directions, triangles = _arrays(path)
    vertices = template.astype(np.float64) * MILLIMETERS
    modes = np.moveaxis(directions, 2, 0).astype(np.float32) * np.float32(MILLIMETERS)
    points = vertices[LANDMARKS]
    _check_order(path, vertices, points)
    vertices -= (points[36] + points[45]) / 2. + PIVOT
    return checks.assemble(path, vertices, modes[:SHAPES], None, modes[SHAPES:], triangles, LANDMARKS,
                           eyeballs=np.arange(VERTICES) >= EYEBALLS)


def _check_order(path, vertices, points):
    """Refuses vertices among which the landmarks, points [68, 3], and the eyeballs are not where a face has them."""
    checks.check_size(path, points[36], points[45])
    misfits = basel_landmarks.misfits(points)
    balls = vertices[EYEBALLS:].reshape(2, -1, 3).mean(1)
    eyes = np.stack([points[36:42].mean(0), points[42:48].mean(0)])
    apart = np.linalg.norm(balls[:, None] - eyes, axis=-1).min(1)
    for found, most in ((misfits[17:], MISFIT), (misfits[:17], JAW_MISFIT), (apart, EYEBALL_MISFIT)):
        if not found.max() < most:
            raise ValueError(f"{path}: found landmarks or eyeballs up to {found.max():.0f} mm from where a face has them, expected "
                             f"FLAME's vertices in their order; {REMEDY}")


def _arrays(path):
    """-> the arrays of WANTED."""
    holds = _npz(path) if zipfile.is_zipfile(path) else safe_pickle.load(path)
    if not isinstance(holds, dict):
        raise ValueError(f"{path}: found a pickled {type(holds).__name__}, expected FLAME's dictionary; {REMEDY}")
    arrays = []
    for name, shape in WANTED.items():
        array = safe_pickle.array(holds.get(name))
        if array is None or array.dtype.kind not in "fiu":
            found = getattr(holds.get(name), "origin", None) or f"no array among {', '.join(sorted(map(str, holds))[:20])}"
            raise ValueError(f"{path}: found as {name} {found}, expected an array as in FLAME; {REMEDY}")
        if array.ndim != len(shape) or any(want not in (None, have) for want, have in zip(shape, array.shape, strict=True)):
            raise ValueError(f"{path}: found {name} {array.shape}, expected {shape} as in FLAME; other body models (SMPL, MANO, "
                             f"SMPL-X) and reduced ones are not read; {REMEDY}")
        if not np.isfinite(array).all() or (name == "f" and not 0 <= array.min() <= array.max() < VERTICES):
            raise ValueError(f"{path}: found {name} from {array.min()} to {array.max()}, expected finite numbers, and in f "
                             f"vertices 0..{VERTICES - 1}; {REMEDY}")
        arrays.append(array)
    arrays[2] = arrays[2].astype(np.int64)
    return arrays


def _npz(path):
    try:
        with np.load(path, allow_pickle=False) as file:
            return {name: file[name] if name in WANTED else None for name in file}
    except (OSError, ValueError, EOFError, zlib.error, zipfile.BadZipFile) as error:
        raise ValueError(f"{path}: found a damaged .npz ({error}), expected a whole one with plain arrays; {REMEDY}") from error
