"""Reads Basel Face Models from HDF5: the layout of 2017 and 2019, which scalismo-faces also writes, and of 2009."""
import json
import os
import pathlib

import h5py
import numpy as np

from morph3d.morphable import basel_landmarks
from morph3d.morphable.model import MorphableModel

REMEDY = "get the file again from faces.dmi.unibas.ch, or write it in the layout of model2017-1_bfm_nomouth.h5"


def read(path):
    """The MorphableModel of a file with groups `shape`, `color` and perhaps `expression`.

    A column of `pcaBasis` is a unit vector and `pcaVariance` its variance, so a mode is the column times the root. The
    mean of `expression` is left out: it is the average over recorded expressions, not zero, and would make the face of
    all-zero coefficients grimace by up to 17 mm. The neutral face is the mean of `shape` alone.

    Args:
      path: the file.

    Raises:
      ValueError: the file is missing, is not HDF5, lacks a dataset, or holds something of another shape, unit or
        winding.
    """
    path = os.fspath(path)
    if not os.path.isfile(path):
        raise ValueError(f"{path}: no such file; expected a Basel Face Model in HDF5 (.h5)")
    if not h5py.is_hdf5(path):
        raise ValueError(f"{path}: found a file that is not HDF5, expected a Basel Face Model (.h5); {REMEDY}")
    try:
        with h5py.File(path, "r") as file:
            mean, shape_modes = _linear_model(path, file, "shape")
            colors, texture_modes = _linear_model(path, file, "color")
            expression_modes = _linear_model(path, file, "expression")[1] if "expression" in file else None
            triangles = _triangles(path, file)
            named = _named_landmarks(path, file)
    except OSError as error:  # what HDF5 says of a file that was cut short does not name it
        raise ValueError(f"{path}: found a damaged file ({error}), expected a whole Basel Face Model; {REMEDY}") from None
    # The colours of 2009 are 8-bit. (Random models, as tests use, exceed 1 a little; no 8-bit face is as dark as 10.)
    brightness = 255. if colors.max() > 10. else 1.
    landmarks = basel_landmarks.indices(path, mean, named)
    model = MorphableModel.from_arrays(pathlib.Path(path).stem, mean, shape_modes, colors / brightness,
                                       texture_modes / brightness, expression_modes, triangles, landmarks)
    _check_winding(path, mean, triangles, landmarks[30])
    return model


def _linear_model(path, file, group):
    """-> mean [V, 3], and modes [K, V, 3] of one standard deviation each."""
    names = [f"{group}/model/{name}" for name in ("mean", "pcaBasis", "pcaVariance")]
    mean, basis, variance = (_dataset(path, file, name)[()] for name in names)
    if mean.ndim != 1 or mean.size % 3 or basis.shape != mean.shape + variance.shape:
        raise ValueError(f"{path}: found {group}/model with mean {mean.shape}, pcaBasis {basis.shape} and pcaVariance "
                         f"{variance.shape}, expected (3N,), (3N, K) and (K,); {REMEDY}")
    if not (variance >= 0).all():
        raise ValueError(f"{path}: found {names[2]} with {variance.min():g}, expected no negative number; {REMEDY}")
    modes = basis.T * np.sqrt(variance)[:, None]
    return mean.reshape(-1, 3), modes.reshape(len(variance), -1, 3)


def _triangles(path, file):
    """-> [F, 3] vertex indices, from where 2017 or 2009 keep them."""
    old = "shape/representer/reference-mesh/triangle-list"
    cells = _dataset(path, file, old if old in file else "shape/representer/cells")
    if cells.ndim != 2 or 3 not in cells.shape:
        raise ValueError(f"{path}: found {cells.name} of shape {cells.shape}, expected (3, M); {REMEDY}")
    triangles = cells[()].astype(np.int64)  # the files have int32 or uint32
    return triangles.T if len(triangles) == 3 else triangles


def _dataset(path, file, name):
    if not isinstance(file.get(name), h5py.Dataset):
        raise ValueError(f"{path}: found no dataset {name} (groups: {', '.join(sorted(file))}), expected one as in "
                         f"every Basel Face Model; {REMEDY}")
    return file[name]


def _named_landmarks(path, file):
    """-> {name: [x, y, z] mm} from the JSON of newer files or the lines "name visible x y z" of older ones."""
    for kind, parse in (("json", _parse_json), ("text", _parse_text)):
        name = f"metadata/landmarks/{kind}"
        if name in file:
            text = np.ravel(file[name][()])[0]
            try:
                return parse(text.decode() if isinstance(text, bytes) else text)
            except (ValueError, KeyError, TypeError, IndexError) as error:
                raise ValueError(f"{path}: found unreadable landmarks in {name} ({error!r}), expected names and "
                                 f"coordinates; {REMEDY}") from error
    return {}


def _parse_json(text):
    return {point["id"]: np.array(point["coordinates"], np.float64) for point in json.loads(text)}


def _parse_text(text):
    fields = (line.split() for line in text.splitlines() if line.strip())
    return {name: np.array(xyz, np.float64) for name, _visible, *xyz in fields}


def _check_winding(path, vertices, triangles, nose):
    if not _facing(vertices, triangles, vertices[nose]) > 0:
        raise ValueError(f"{path}: found triangles that face inwards at the nose's tip, expected them counter-"
                         "clockwise from outside and +z out of the face; swap two rows of shape/representer/cells")


def _facing(vertices, triangles, centre, radius=30.):
    """mm^2: the z component of the summed area vectors of the triangles around the centre."""
    triangles = triangles[(np.linalg.norm(vertices - centre, axis=1) < radius)[triangles].all(1)]
    a, b, c = np.moveaxis(vertices[triangles], 1, 0)
    return np.cross(b - a, c - a)[:, 2].sum()
