"""The Basel Face Model of 2009, read as MATLAB keeps it: 01_MorphableModel.mat of the archive BaselFaceModel.tgz."""
import os

import numpy as np

from morph3d.morphable.readers import basel_landmarks, checks, matlab
from morph3d.morphable.readers.basel import column_lengths

VARIABLES = ("shapeMU", "shapePC", "shapeEV", "texMU", "texPC", "texEV", "tl")
MILLIMETERS = 1e-3  # the file is in micrometers
REMEDY = "get 01_MorphableModel.mat again from faces.dmi.unibas.ch"


def read(path):
    """The MorphableModel of the file: 53,490 vertices, 199 shape and 199 texture modes, no expressions.

    What sets it apart from the later models: `shapeEV` and `texEV` are standard deviations, though EV reads as eigenvalues;
    triangles count from 1 and are wound the other way; lengths are micrometers, colors 0..255. It names no landmarks;
    published vertices serve (basel_landmarks.PUBLISHED). MATLAB's older format and its 7.3, which is HDF5, are read.

    Args:
      path: the file.

    Raises:
      ValueError: the file is missing or damaged, lacks a variable, or holds something of another shape, unit, direction or winding.
    """
    path = os.fspath(path)
    if not os.path.isfile(path):
        raise ValueError(f"{path}: no such file; expected the Basel Face Model of 2009, 01_MorphableModel.mat")
    arrays = matlab.variables(path, VARIABLES, "01_MorphableModel.mat", REMEDY)
    vertices, shape_modes = _linear_model(path, "shape", arrays, "V")
    colors = _linear_model(path, "tex", arrays, len(vertices))
    brightness = checks.color_range(path, colors[0])
    triangles = arrays["tl"]
    if triangles.ndim != 2 or triangles.shape[1] != 3 or not (triangles == np.floor(triangles)).all() or triangles.min() < 1:
        raise ValueError(f"{path}: found tl of shape {triangles.shape} from {triangles.min():g}, expected (106466, 3) whole "
                         f"numbers from 1; {REMEDY}")
    triangles = triangles.astype(np.int64)[:, ::-1] - 1
    vertices, shape_modes = vertices * MILLIMETERS, shape_modes * np.float32(MILLIMETERS)
    landmarks = basel_landmarks.indices(path, vertices, {})
    return checks.assemble(path, vertices, shape_modes, [array / brightness for array in colors], None, triangles, landmarks)


def _linear_model(path, prefix, arrays, count):
    """-> mean [V, 3], and modes [K, V, 3] of one standard deviation each, in the file's units."""
    mean, basis, deviations = (arrays[prefix + suffix] for suffix in ("MU", "PC", "EV"))
    mean, deviations = mean.reshape(-1), deviations.reshape(-1)
    if mean.size % 3 or count not in ("V", mean.size // 3) or basis.shape != mean.shape + deviations.shape:
        raise ValueError(f"{path}: found {prefix}MU {mean.shape}, {prefix}PC {basis.shape} and {prefix}EV {deviations.shape}, "
                         f"expected (160470,), (160470, 199) and (199,); {REMEDY}")
    lengths = column_lengths(basis)
    if not np.allclose(lengths, 1., atol=.01) or not (deviations >= 0).all():
        raise ValueError(f"{path}: found {prefix}PC with columns of length {lengths.min():.3g} to {lengths.max():.3g}, and "
                         f"{prefix}EV from {deviations.min():.3g}, expected unit vectors and no negative number; {REMEDY}")
    return mean.reshape(-1, 3), (basis * deviations).T.reshape(len(deviations), -1, 3)
