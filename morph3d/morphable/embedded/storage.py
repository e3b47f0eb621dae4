"""The file of the embedded model: its modes on the cage and on the painted mesh, and the matrices that make meshes of the cage."""
import contextlib
import hashlib
import pathlib
import zipfile
import zlib
from typing import NamedTuple

import numpy as np
from scipy import sparse

from morph3d.atomic_files import replacing
from morph3d.mesh.uv_atlas import Atlas

PATH = pathlib.Path(__file__).parents[1] / "embedded.npz"
PARTS = "eyes", "mouth"
REMEDY = "install morph3d again, or make the file anew: python -m experiments.make_embedded"
# Of the integers: they leave 0.01 mm in a random face and a quarter of one of 255 steps in its colors (root mean squares).
MILLIMETERS, SRGB = .002, .0002
AT_A_TIME = 32  # modes: what a processor's cache holds


class Mesh(NamedTuple):
    """One of the meshes of the model, V vertices."""
    matrix: sparse.csr_matrix  # [V, cage]: its vertices are means of the cage's
    color_matrix: sparse.csr_matrix | None  # [V, painted]: its colors are means of those of the painted mesh; None: it is that mesh
    triangles: np.ndarray  # [F, 3]
    landmarks: np.ndarray  # [68]
    uvs: Atlas | None


class Contents(NamedTuple):
    """What the file holds, on the vertices of the cage and on those of the painted mesh."""
    mean: np.ndarray  # [cage, 3] mm
    shape_modes: np.ndarray  # [S, cage, 3] mm
    expression_modes: np.ndarray  # [E, cage, 3] mm
    blendshapes: dict  # {name: [cage, 3] mm}
    mean_colors: np.ndarray  # [painted, 3] sRGB
    texture_modes: np.ndarray  # [T, painted, 3] sRGB
    parts: dict  # {name: [painted] bool}: "eyes" and "mouth", with what of them hides
    correlations: np.ndarray  # [S, T] of people's shape and texture coefficients
    meshes: dict  # {name: Mesh}


def write(contents, path=PATH):
    """Writes the file."""
    arrays = dict(
        mean=contents.mean.astype(np.float32), shape_modes=_integers(contents.shape_modes, MILLIMETERS),
        expression_modes=_integers(contents.expression_modes, MILLIMETERS),
        blendshape_names=np.array(" ".join(contents.blendshapes)),
        blendshapes=_integers(np.stack(list(contents.blendshapes.values())), MILLIMETERS),
        mean_colors=contents.mean_colors.astype(np.float32), texture_modes=_integers(contents.texture_modes, SRGB),
        **{f"part_{name}": mask for name, mask in contents.parts.items()},
        correlations=contents.correlations.astype(np.float16), names=np.array(" ".join(contents.meshes)))
    for name, mesh in contents.meshes.items():
        arrays |= {f"{name}/{key}": value for key, value in (
            ("triangles", mesh.triangles.astype(np.int32)), ("landmarks", mesh.landmarks.astype(np.int32)),
            *_sparse("matrix", mesh.matrix))}
        arrays[f"{name}/has"] = np.array([mesh.color_matrix is not None, mesh.uvs is not None])
        if mesh.color_matrix is not None:
            arrays |= {f"{name}/{key}": value for key, value in _sparse("color_matrix", mesh.color_matrix)}
        if mesh.uvs is not None:
            arrays |= {f"{name}/uvs": mesh.uvs.uvs, f"{name}/corners": mesh.uvs.corners}
    with replacing(path) as beside, open(beside, "wb") as file:
        np.savez_compressed(file, **arrays)


def read(name, path=PATH):
    """A mesh of the model: its arrays, as `MorphableModel.from_arrays` takes them, and its fingerprint, of the file and the name.

    Raises:
      ValueError: the file is missing or damaged.
    """
    with _opened(path) as file:
        return _model(file, name), hashlib.sha256(path.read_bytes() + name.encode()).hexdigest()[:16]


def read_correlations(path=PATH):
    """`Contents.correlations`, float64; raises as `read`."""
    with _opened(path) as file:
        return file["correlations"].astype(np.float64)


@contextlib.contextmanager
def _opened(path):
    try:
        with np.load(path) as file:
            yield file
    except (OSError, KeyError, TypeError, ValueError, EOFError, RuntimeError, zlib.error, zipfile.BadZipFile) as error:
        raise ValueError(f"{path}: found no embedded model ({error}), expected the file that comes with morph3d; "
                         f"{REMEDY}") from error


def _model(file, name):
    matrix = _matrix(file, f"{name}/matrix")
    mean_colors, texture_modes = file["mean_colors"], np.float32(SRGB) * file["texture_modes"]
    parts = {part: file[f"part_{part}"] for part in PARTS}
    # Not by what the file has: a damaged name would be a model without.
    has_color_matrix, has_uvs = file[f"{name}/has"]
    if has_color_matrix:
        onto = _matrix(file, f"{name}/color_matrix")
        mean_colors, texture_modes = onto @ mean_colors, _carried(onto, texture_modes)
        parts = {part: onto @ mask.astype(np.float32) > .5 for part, mask in parts.items()}
    blendshapes = _carried(np.float32(MILLIMETERS) * matrix, file["blendshapes"])
    return dict(
        mean_vertices=matrix @ file["mean"], mean_colors=mean_colors, texture_modes=texture_modes,
        **{f"{kind}_modes": _carried(np.float32(MILLIMETERS) * matrix, file[f"{kind}_modes"]) for kind in ("shape", "expression")},
        triangles=file[f"{name}/triangles"], landmarks=file[f"{name}/landmarks"],
        uvs=Atlas(file[f"{name}/uvs"], file[f"{name}/corners"]) if has_uvs else None, known_parts=parts,
        blendshapes=dict(zip(str(file["blendshape_names"]).split(), blendshapes, strict=True)))


def _carried(matrix, modes):
    """[K, cage, 3] -> [K, V, 3] float32. Many modes at a time: for few numbers a row, sparse products take three times as long."""
    carried = np.empty([len(modes), matrix.shape[0], 3], np.float32)
    for first in range(0, len(modes), AT_A_TIME):
        some = modes[first:first + AT_A_TIME]
        columns = some.astype(np.float32).transpose(1, 0, 2).reshape(some.shape[1], -1)
        carried[first:first + AT_A_TIME] = (matrix @ columns).reshape(-1, len(some), 3).transpose(1, 0, 2)
    return carried


def _integers(values, step):
    found = np.rint(values / step)
    if np.abs(found).max() > np.iinfo(np.int16).max:
        raise ValueError(f"found values up to {np.abs(values).max()}, expected them below {step * np.iinfo(np.int16).max:g}")
    return found.astype(np.int16)


def _sparse(name, matrix):
    matrix = matrix.tocsr()
    matrix.sort_indices()
    return (f"{name}_data", matrix.data.astype(np.float32)), (f"{name}_indices", matrix.indices.astype(np.int32)), \
        (f"{name}_starts", matrix.indptr.astype(np.int32)), (f"{name}_shape", np.array(matrix.shape, np.int32))


def _matrix(file, name):
    data, indices, starts, shape = (file[f"{name}_{key}"] for key in ("data", "indices", "starts", "shape"))
    return sparse.csr_matrix((data, indices, starts), shape=tuple(shape))
