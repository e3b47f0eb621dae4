"""BFM_model_front.mat: the front of the Basel Face Model of 2009 with expressions, as Deep3D (Deng et al. 2019) and its many heirs
use it."""
import os

import numpy as np

from morph3d.morphable.readers import checks, matlab, order

VARIABLES = ("meanshape", "idBase", "exBase", "meantex", "texBase", "tri", "keypoints")
MILLIMETERS = 1e2  # the file is in decimeters: micrometers divided by 1e5
REMEDY = "make BFM_model_front.mat again with the program that came with it"


def read(path):
    """The MorphableModel of the file: 35,709 vertices, 80 shape, 80 texture and 64 expression modes.

    Its modes are scaled by their standard deviations; triangles and key points count from 1; colors are in 0..255. The
    expressions are those of Guo et al. 2018, whose mean is left out in it. The origin is moved to where the other models have
    it. What else the file has (masks for losses) is not read.

    Args:
      path: the file, in MATLAB's older format or in 7.3, or the same variables in HDF5 that another program wrote.

    Raises:
      ValueError: the file is missing or damaged, lacks a variable, or holds something of another shape, unit or direction.
    """
    path = os.fspath(path)
    if not os.path.isfile(path):
        raise ValueError(f"{path}: no such file; expected BFM_model_front.mat")
    arrays = matlab.variables(path, VARIABLES, "BFM_model_front.mat", REMEDY)
    if arrays["idBase"].shape[1:] == (arrays["meanshape"].size,):  # written by h5py, which does not transpose as MATLAB does
        arrays = {name: array.T for name, array in arrays.items()}
    vertices, shape_modes, expression_modes = _linear_model(path, arrays, "meanshape", "idBase", "exBase")
    colors = _linear_model(path, arrays, "meantex", "texBase")
    if len(colors[0]) != len(vertices):
        raise ValueError(f"{path}: found {len(vertices)} vertices and {len(colors[0])} colors, expected one each; {REMEDY}")
    triangles = _indices(path, "tri", arrays["tri"].reshape(-1, arrays["tri"].shape[-1]), 3, len(vertices))
    landmarks = _indices(path, "keypoints", arrays["keypoints"].reshape(1, -1), 68, len(vertices))[0]
    vertices = vertices * MILLIMETERS
    order.check(path, vertices[landmarks], (), REMEDY)
    vertices = checks.from_pivot(vertices, vertices[landmarks])
    brightness = checks.color_range(path, colors[0])
    return checks.assemble(path, vertices, shape_modes * np.float32(MILLIMETERS), [part / brightness for part in colors],
                           expression_modes * np.float32(MILLIMETERS),
                           checks.outward(path, vertices, triangles, vertices[landmarks]), landmarks)


def _linear_model(path, arrays, mean, *bases):
    """-> mean [V, 3], and modes [K, V, 3] of each basis, in the file's units."""
    size = arrays[mean].size
    for name in bases:
        if size % 3 or arrays[name].ndim != 2 or len(arrays[name]) != size:
            raise ValueError(f"{path}: found {mean} of {size} numbers and {name} {arrays[name].shape}, expected 107127 and "
                             f"(107127, 80), or 64 columns in exBase; {REMEDY}")
    return arrays[mean].reshape(-1, 3), *(arrays[name].T.reshape(-1, size // 3, 3) for name in bases)


def _indices(path, name, array, columns, count):
    """Integers [N, columns] in 1..count -> indices from 0."""
    if array.shape[1] != columns or not (array == np.floor(array)).all() or not 1 <= array.min() <= array.max() <= count:
        raise ValueError(f"{path}: found {name} of {array.shape[1]} columns from {array.min():g} to {array.max():g}, expected "
                         f"{columns} columns of whole numbers in 1..{count}; {REMEDY}")
    return array.astype(np.int64) - 1
