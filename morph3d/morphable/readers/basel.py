"""Basel Face Models in HDF5, read and written: the layout of 2017 and 2019, which scalismo-faces writes too; that of 2009, read."""
import io
import json
import os

import h5py
import numpy as np

from morph3d import atomic_files
from morph3d.morphable.readers import basel_landmarks, checks

REMEDY = "get the file again from faces.dmi.unibas.ch, or write it in the layout of model2017-1_bfm_nomouth.h5"
IDENTITY = "morph3d_identity"  # an attribute of the file, if its model is known by something else than its numbers
MICROMETERS = 1e4  # no face is that large in millimeters, and all are in micrometers


def read(path):
    """The MorphableModel of a file with the group `shape` and perhaps `color` and `expression`.

    A column of `pcaBasis` is a unit vector and `pcaVariance` its variance, so a mode is the column times the root. (Files of
    statismo 0.8 have columns with that length already; the lengths tell.) The mean of `expression` is left out: it is the
    average over recorded expressions, not zero, and would make the face of all-zero coefficients grimace by up to 17 mm. The
    neutral face is the mean of `shape` alone. A file without `color` gets painted colors (morphable/albedo). Micrometers and
    colors in 0..255, as in 2009, are converted.

    Args:
      path: the file.

    Raises:
      ValueError: the file is missing, is not HDF5, lacks a dataset, or holds something of another shape, unit,
        direction or winding.
    """
    path = os.fspath(path)
    if not os.path.isfile(path):
        raise ValueError(f"{path}: no such file; expected a Basel Face Model in HDF5 (.h5)")
    if not h5py.is_hdf5(path):
        raise ValueError(f"{path}: found a file that is not HDF5, expected a Basel Face Model (.h5); {REMEDY}")
    try:
        with h5py.File(path, "r") as file:
            mean, shape_modes = _linear_model(path, file, "shape")
            colors = _linear_model(path, file, "color") if "color" in file else None
            expression_modes = _linear_model(path, file, "expression")[1] if "expression" in file else None
            triangles, reference = _reference_mesh(path, file, len(mean))
            named = _named_landmarks(path, file)
            identity = file.attrs.get(IDENTITY)
    except OSError as error:  # what HDF5 says of a file that was cut short does not name it
        raise ValueError(f"{path}: found a damaged file ({error}), expected a whole Basel Face Model; {REMEDY}") from None
    if np.ptp(mean, axis=0).max() > MICROMETERS:
        mean, shape_modes, expression_modes, reference = (
            None if array is None else array / 1e3 for array in (mean, shape_modes, expression_modes, reference))
        named = {name: position / 1e3 for name, position in named.items()}
    if colors:
        colors = [array / checks.color_range(path, colors[0]) for array in colors]
    landmarks = basel_landmarks.indices(path, mean, named, reference)
    model = checks.assemble(path, mean, shape_modes, colors, expression_modes, triangles, landmarks)
    if identity is not None:
        model.fingerprint = str(identity)
    return model


def write(model, path, identity=None):
    """Writes a MorphableModel in the layout of 2019; a file of that name is replaced only when the new one is complete.

    A mode becomes a column of unit length and a variance, its squared length, whether or not the modes are orthogonal. So the
    coefficients keep their meaning, here and in every program that multiplies columns by roots of variances; but where the
    modes are not orthogonal (ICT-FaceKit's are not) the columns are unit vectors only, and a program that projects a
    face on the model by their transpose goes wrong. `read` gives each mode back to a float32's last bit, and the same
    landmarks: besides the standard names all 68 are there as "ibug.01" to "ibug.68".

    Args:
      model: a MorphableModel.
      path: the file, .h5 by custom.
      identity: the fingerprint that the model has when it is read again; None: the hash of its content, as of any file.
    """
    vertices, landmarks = model.mean_vertices.numpy(), model.landmarks.numpy()
    parts = [("shape", "POLYGON_MESH_MODEL", vertices, model.shape_basis),
             ("color", "POLYGON_MESH_DATA_MODEL", model.mean_colors.numpy(), model.texture_basis)]
    if model.expression_size:
        parts.append(("expression", "POLYGON_MESH_DATA_MODEL", np.zeros_like(vertices), model.expression_basis))
    content = io.BytesIO()  # for HDF5 on a full disk raises nearly anything, and not once
    with h5py.File(content, "w") as file:
        _write_version(file, "")
        if identity is not None:
            file.attrs[IDENTITY] = identity
        file["catalog/MorphableModel/modelType"] = np.bytes_("CUSTOM_MODEL")
        file["catalog/MorphableModel/modelPath"] = np.bytes_("/")
        for group, kind, mean, basis in parts:
            file[f"catalog/MorphableModel.{group}/modelType"] = np.bytes_(kind)
            file[f"catalog/MorphableModel.{group}/modelPath"] = np.bytes_(f"/{group}")
            _write_linear_model(file, group, mean, basis.numpy())
            _write_representer(file, group, vertices, model.triangles.numpy())
        file["color/representer/colorspace"] = np.bytes_("RGB")
        points = [{"id": name, "coordinates": vertices[landmarks[point]].tolist()}
                  for name, point in basel_landmarks.ALL_NAMES.items()]
        file["metadata/landmarks/json"] = np.bytes_(json.dumps(points))
    with atomic_files.replacing(path) as beside:
        beside.write_bytes(content.getbuffer())


def _linear_model(path, file, group):
    """-> mean [V, 3], and modes [K, V, 3] of one standard deviation each."""
    names = [f"{group}/model/{name}" for name in ("mean", "pcaBasis", "pcaVariance")]
    mean, basis, variance = (_dataset(path, file, name)[()] for name in names)
    mean, variance = mean.reshape(-1), variance.reshape(-1)
    if not mean.size or mean.size % 3 or basis.shape != mean.shape + variance.shape:
        raise ValueError(f"{path}: found {group}/model with mean {mean.shape}, pcaBasis {basis.shape} and pcaVariance "
                         f"{variance.shape}, expected (3N,), (3N, K) and (K,); {REMEDY}")
    if not np.isfinite(mean).all():
        raise ValueError(f"{path}: found {names[0]} with values that are not finite numbers; {REMEDY}")
    if not (variance >= 0).all():
        raise ValueError(f"{path}: found {names[2]} with {variance.min():g}, expected no negative number; {REMEDY}")
    lengths, deviations = column_lengths(basis), np.sqrt(variance)
    if np.all((np.abs(lengths - 1.) < .01) | (variance == 0)):
        basis = basis * deviations
    elif not np.allclose(lengths, deviations, rtol=.01):
        raise ValueError(f"{path}: found {names[1]} with columns of length {lengths.min():.3g} to {lengths.max():.3g}, expected "
                         f"unit vectors, or in files of statismo 0.8 the roots of pcaVariance; {REMEDY}")
    return mean.reshape(-1, 3), basis.T.reshape(len(variance), mean.size // 3, 3)


def column_lengths(basis):
    """The Euclidean lengths of the columns, summed in double: a column of Basel's has 160,000 entries."""
    return np.sqrt(np.einsum("ij,ij->j", basis, basis, dtype=np.float64))


def _reference_mesh(path, file, count):
    """-> [F, 3] vertex indices; and [V, 3] points, the mesh that the landmarks lie on, or None: as 2017 or 2009 keep them."""
    old = "shape/representer/reference-mesh"
    cells, points = ((f"{old}/triangle-list", f"{old}/vertex-coordinates") if old in file else
                     ("shape/representer/cells", "shape/representer/points"))
    triangles = np.asarray(_dataset(path, file, cells)[()])
    if triangles.ndim != 2 or 3 not in triangles.shape or triangles.dtype.kind not in "iu":
        raise ValueError(f"{path}: found {cells} {triangles.shape} of {triangles.dtype}, expected (3, M) integers; {REMEDY}")
    triangles = triangles.astype(np.int64)  # the files have int32 or uint32
    triangles = triangles.T if len(triangles) == 3 else triangles
    if points not in file:
        return triangles, None
    reference = file[points][()]
    if reference.shape not in ((3, count), (count, 3)) or not np.isfinite(reference).all():
        raise ValueError(f"{path}: found {points} of shape {reference.shape}, expected (3, {count}) numbers; {REMEDY}")
    return triangles, reference.T if len(reference) == 3 else reference


def _dataset(path, file, name):
    if not isinstance(file.get(name), h5py.Dataset):
        raise ValueError(f"{path}: found no dataset {name} (groups: {', '.join(sorted(file))}), expected one as in "
                         f"every Basel Face Model; {REMEDY}")
    return file[name]


def _named_landmarks(path, file):
    """-> {name: [x, y, z]} from the JSON of newer files or the lines "name visible x y z" of older ones."""
    for kind, parse in (("json", _parse_json), ("text", _parse_text)):
        name = f"metadata/landmarks/{kind}"
        if name in file:
            text = np.ravel(file[name][()])[0]
            try:
                text = text if isinstance(text, str) else bytes(text).decode()
                return parse(text.rstrip("\0"))  # C++ ends its strings with it
            except (ValueError, KeyError, TypeError, IndexError) as error:
                raise ValueError(f"{path}: found unreadable landmarks in {name} ({error!r}), expected names and "
                                 f"coordinates; {REMEDY}") from error
    return {}


def _parse_json(text):
    return {point["id"]: _position(point["coordinates"]) for point in json.loads(text)}


def _parse_text(text):
    fields = (line.split() for line in text.splitlines() if line.strip())
    return {name: _position(xyz) for name, _visible, *xyz in fields}


def _position(xyz):
    x, y, z = (float(value) for value in xyz)
    if not np.isfinite([x, y, z]).all():
        raise ValueError("a position that is not finite")
    return np.array([x, y, z])


def _write_linear_model(file, group, mean, basis):
    """mean: [V, 3], basis: [K, 3 V]."""
    basis = basis.astype(np.float32)  # a model may be stored in halves
    variance = np.float32(column_lengths(basis.T)**2)
    variance[variance < np.finfo(np.float32).tiny] = 0.  # below it float32 has no length to divide by
    lengths = np.sqrt(variance, dtype=np.float64)[:, None]
    columns = np.divide(basis, lengths, out=np.zeros_like(basis), where=lengths > 0)
    file[f"{group}/model/mean"] = mean.reshape(-1)
    file[f"{group}/model/pcaBasis"] = columns.T
    file[f"{group}/model/pcaVariance"] = variance
    file[f"{group}/model/noiseVariance"] = np.zeros(1, np.float32)
    _write_version(file, f"{group}/")


def _write_representer(file, group, vertices, triangles):
    file[f"{group}/representer/points"] = vertices.T
    file[f"{group}/representer/cells"] = triangles.T
    file[f"{group}/representer"].attrs.update(name=np.bytes_(f"gravis::Mesh{group.capitalize()}Representer"),
                                              datasetType=np.bytes_("POLYGON_MESH"))


def _write_version(file, prefix):
    for name, number in (("majorVersion", 0), ("minorVersion", 9)):  # the version of statismo's format in 2017 and 2019
        file[f"{prefix}version/{name}"] = np.int32(number)
