"""The Surrey Face Model (Huber et al. 2016) in the files of the library eos: its public shape level, sfm_shape_3448.bin."""
import glob
import os
import struct

import numpy as np

from morph3d.mesh import uv_atlas
from morph3d.mesh.uv_atlas import Atlas
from morph3d.morphable.readers import basel_landmarks, checks, eos_archive, order

REMEDY = "get sfm_shape_3448.bin again from github.com/patrikhuber/eos, folder share"
PUBLIC = 3448  # vertices
# The first 845 vertices are those of the reference mesh, in all of the model's resolutions.
REFERENCE = 845

# iBUG's points, counted from 0, as vertices: eos' ibug_to_sfm.txt. It leaves open the jaw but for the chin, and the inner
# corners of the mouth.
LANDMARKS = {
    8: 33, 17: 225, 18: 229, 19: 233, 20: 2086, 21: 157, 22: 590, 23: 2091, 24: 666, 25: 662, 26: 658, 27: 2842, 28: 379, 29: 272,
    30: 114, 31: 100, 32: 2794, 33: 270, 34: 2797, 35: 537, 36: 177, 37: 172, 38: 191, 39: 181, 40: 173, 41: 174, 42: 614,
    43: 624, 44: 605, 45: 610, 46: 607, 47: 606, 48: 398, 49: 315, 50: 413, 51: 329, 52: 825, 53: 736, 54: 812, 55: 841, 56: 693,
    57: 411, 58: 264, 59: 431, 61: 416, 62: 423, 63: 828, 65: 817, 66: 442, 67: 404}


def read(path, expression_scale=.3):
    """The MorphableModel of the file: 3,448 vertices, 63 shape modes, and six expressions if their file lies beside it.

    The landmarks that eos leaves open are where the average face, laid over the others, has them. The six blend shapes of
    `expression_blendshapes_3448.bin` (anger to surprise) have weights in 0..1 and no statistics; we take a standard deviation of
    0.3, for all act at once and half of the draws run one backward. Under their own names they are `blendshapes` too. Without
    colors, as at this level, the face is painted (morphable/albedo). The origin is moved to where the other models have it.

    Args:
      path: the file, or the folder that holds it.
      expression_scale: the blend shape weight that one standard deviation of an expression coefficient stands for.

    Raises:
      ValueError: a file is missing or damaged, or is no shape of a face.
    """
    path = os.fspath(path)
    file = find(path) if os.path.isdir(path) else path
    if not file or not os.path.isfile(file):
        raise ValueError(f"{path}: found no sfm_shape_*.bin, expected the Surrey Face Model; {REMEDY}")
    model = eos_archive.model(file, REMEDY)
    vertices = model.shape.mean.astype(np.float64)
    landmarks = _landmarks(file, vertices)
    order.check(file, vertices[landmarks], (), REMEDY)
    vertices = checks.from_pivot(vertices, vertices[landmarks])
    triangles = checks.outward(file, vertices, model.shape.triangles, vertices[landmarks])
    blendshapes = model.blendshapes or _beside(file, len(vertices))
    modes = model.expression.modes if model.expression else [expression_scale * shape for shape in blendshapes.values()]
    return checks.assemble(file, vertices, model.shape.modes, _colors(file, model.color), np.reshape(modes, [-1, *vertices.shape]),
                           triangles, landmarks, blendshapes, _atlas(model, triangles))


def begins(head):
    """Whether the first bytes of a file are those of such a model: a version, and the shape of its mean, [3 V, 1]."""
    version, rows, columns = struct.unpack_from("<Iii", head.ljust(12, b"\0"))
    return version < 10 and rows >= 3 * REFERENCE and rows % 3 == 0 and columns == 1


def find(folder):
    """The path of the model in a folder, the public level if it is there, or None."""
    found = sorted(glob.glob(os.path.join(glob.escape(os.fspath(folder)), "sfm_shape_*.bin")))
    return next((path for path in found if path.endswith(f"_{PUBLIC}.bin")), found[0] if found else None)


def _landmarks(path, vertices):
    """[68] vertex indices."""
    last = len(vertices) if len(vertices) == PUBLIC else REFERENCE
    known = {point: vertex for point, vertex in LANDMARKS.items() if vertex < last}
    if len(vertices) < REFERENCE:
        raise ValueError(f"{path}: found {len(vertices)} vertices, expected the {PUBLIC} of the Surrey Face Model; {REMEDY}")
    found = basel_landmarks.indices(path, vertices, {f"ibug.{point + 1:02d}": vertices[vertex] for point, vertex in known.items()})
    found[list(known)] = list(known.values())
    return found


def _colors(path, color):
    """-> mean and modes in 0..1, which the full model has, or None."""
    return color and [part / checks.color_range(path, color.mean) for part in (color.mean, color.modes)]


def _beside(path, count):
    """The blend shapes of the file beside a model of so many vertices, {name: [V, 3]}; none where there is no such file."""
    beside = os.path.join(os.path.dirname(path), f"expression_blendshapes_{count}.bin")
    if not os.path.isfile(beside):
        return {}
    remedy = REMEDY.replace("sfm_shape_3448.bin", os.path.basename(beside))
    blendshapes = eos_archive.blendshapes(beside, remedy)
    for name, shape in blendshapes.items():
        if len(shape) != count:
            raise ValueError(f"{beside}: found {len(shape)} vertices in {name}, expected the {count} of {path}; {remedy}")
    return blendshapes


def _atlas(model, triangles):
    """The model's Atlas, v turned up, which eos has down; or None if there is none or it does not serve."""
    if not len(model.uvs):
        return None
    corners = model.uv_triangles if len(model.uv_triangles) else model.shape.triangles
    if not np.array_equal(triangles, model.shape.triangles):
        corners = corners[:, ::-1]
    if corners.shape != triangles.shape or not 0 <= corners.min(initial=0) <= corners.max(initial=0) < len(model.uvs):
        return None
    atlas = Atlas(np.stack([model.uvs[:, 0], 1. - model.uvs[:, 1]], 1).astype(np.float32), corners)
    return atlas if uv_atlas.serves(atlas) else None
