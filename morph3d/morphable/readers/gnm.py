"""GNM Head, Google's head model of 2026 (Apache-2.0), read: gnm_head.npz of version 3.

Written from its public loader; the joints, and with them gaze and turns of the neck, are left at rest.
"""
import os
import zipfile
import zlib

import numpy as np

from morph3d.mesh import uv_atlas
from morph3d.morphable.readers import checks, order

VERTICES = 17821
UVS = "triangle_uvs"  # may be missing
WANTED = {"template_vertex_positions": (VERTICES, 3), "vertex_identity_basis": (None, VERTICES, 3),
          "expression_basis": (None, VERTICES, 3), "triangles": (None, 3), UVS: (None, 3, 2),
          "vertex_groups": (None, VERTICES), "identity_names": (None,), "expression_names": (None,), "vertex_group_names": (None,)}
MILLIMETERS = 1e3  # the file is in meters
REMEDY = "get gnm_head.npz of version 3 from huggingface.co/google/gnm-v3 or github.com/google/GNM"

# The modes of what is seen, by the beginnings of their names, with those of older files. Left out: 80 of teeth, and of the
# expressions 32 of the tongue and one of the pupils.
IDENTITIES = "head", "eye"
EXPRESSIONS = "left_eye", "right_eye", "lower_face", "mouth"

# The vertices kept, and which square of the texture they have for themselves: groups, each with its name in older files. Left
# out: the tongue, and the eyes' insides, which lie behind the transparent shells that the albedo paints as it does eyeballs.
PARTS = (("skin",), ("left_eye",), ("right_eye",), ("upper_teeth_and_gums", "upper_teeth"), ("lower_teeth_and_gums", "lower_teeth"))
SHELLS = "eye_exteriors", "eyeball_exterior"
# In the file all parts share one square. The skin gets the lower left three quarters, the others a row above it.
SQUARES = np.array([[0., 0., .75], [0., .75, .25], [.25, .75, .25], [.5, .75, .25], [.75, .75, .25]])  # left, bottom, side
MARGIN = .01  # of a square's side, left free

# The heaviest of the three vertices that each of GNM's 68 points is blended of. GNM has the points 2 to 6 of the jaw in the
# reverse order (its mirror images say so); here they are in iBUG's.
LANDMARKS = np.array("""
    11165 9836 9845 8737 6846 10090 9982 9740 12258 3612 3854 3962 718 2609 3717 3708 5037 7635 7574 7671 7565 7108 980 1437
    1543 1446 1507 12319 12329 12310 12296 10105 10225 12298 3354 3977 7426 7288 7404 11027 6739 7307 4899 1276 1160 1298 1179
    611 10653 10719 10731 12276 4603 4591 4525 4599 4593 12270 10721 10727 11285 10805 12285 4677 5157 4689 12271
    10817""".split(), np.int64)


def read(path):
    """The MorphableModel of the file: skin, eyeballs and teeth, 173 shape and 350 expression modes.

    GNM's identity coefficients are standard normal, and so are ours. Of its expression coefficients it says the same range, -3
    to 3: a unit is taken for a standard deviation. The origin is moved to where the other models have it. The colors are
    painted (morphable/albedo). Its uvs, if it has any, are kept, moved so that its parts, which overlap in the file, each have
    a square.

    Args:
      path: the file.

    Raises:
      ValueError: the file is missing or damaged, or holds something else.
    """
    path = os.fspath(path)
    if not os.path.isfile(path):
        raise ValueError(f"{path}: no such file; expected gnm_head.npz")
    arrays = _arrays(path)
    masks, part = _parts(path, arrays)
    vertices = arrays["template_vertex_positions"].astype(np.float64) * MILLIMETERS
    points = vertices[LANDMARKS]
    order.check(path, points, [vertices[masks["eyeballs"] & (part == eye)] for eye in (1, 2)], REMEDY)
    kept = np.flatnonzero(part >= 0)
    renumbered = np.full(VERTICES, -1)
    renumbered[kept] = np.arange(len(kept))
    if not (renumbered[LANDMARKS] >= 0).all():
        raise ValueError(f"{path}: found landmarks outside of the skin, expected the published groups of vertices; {REMEDY}")
    seen = (renumbered[arrays["triangles"]] >= 0).all(1)
    triangles = renumbered[arrays["triangles"][seen]]
    shape_modes, expression_modes = (
        _modes(path, arrays, basis, names, beginnings)[:, kept] * np.float32(MILLIMETERS) for basis, names, beginnings in (
            ("vertex_identity_basis", "identity_names", IDENTITIES), ("expression_basis", "expression_names", EXPRESSIONS)))
    atlas = _atlas(triangles, arrays[UVS][seen], part[kept]) if UVS in arrays else None
    return checks.assemble(path, checks.from_pivot(vertices, points)[kept], shape_modes, None, expression_modes, triangles,
                           renumbered[LANDMARKS], None, atlas, **{name: mask[kept] for name, mask in masks.items()})


def _parts(path, arrays):
    """-> masks [V] by the names of albedo.Parts, and for each vertex [V] its number in PARTS, or -1 where it is left out."""
    names, weights = arrays["vertex_group_names"], arrays["vertex_groups"]
    if len(names) != len(weights):
        raise ValueError(f"{path}: found {len(names)} vertex_group_names for {len(weights)} vertex_groups, expected one each; "
                         f"{REMEDY}")
    groups = dict(zip(map(str, names), weights > 1e-4, strict=True))  # GNM's own threshold

    def group(names):
        found = [groups[name] for name in names if name in groups]
        if not found:
            raise ValueError(f"{path}: found no vertex group {names[0]} among {', '.join(sorted(groups))}; {REMEDY}")
        return found[0]

    shells = group(SHELLS)
    part = np.full(VERTICES, -1)
    for number, names in enumerate(PARTS):
        part[group(names) & shells if "eye" in names[0] else group(names)] = number
    dental = part >= 3
    teeth = groups.get("teeth", dental) & dental  # older files do not tell them from the gums
    inside = groups.get("mouth_sock", np.zeros(VERTICES, bool)) | dental
    return {"eyeballs": (part == 1) | (part == 2), "mouth_inside": inside & ~teeth, "teeth": teeth}, part


def _modes(path, arrays, basis, names, beginnings):
    wanted = np.array([str(name).startswith(beginnings) for name in arrays[names]], bool)
    if len(wanted) != len(arrays[basis]) or not wanted.any():
        raise ValueError(f"{path}: found {len(arrays[basis])} modes in {basis} and {len(wanted)} {names}, of which {wanted.sum()} "
                         f"begin with {' or '.join(beginnings)}; expected a name for each; {REMEDY}")
    return arrays[basis][wanted].astype(np.float32)


def _atlas(triangles, uvs, part):
    """The Atlas with a square for each part, or None if the file's uvs do not serve."""
    left, bottom, side = np.moveaxis(SQUARES[part[triangles[:, 0]]][:, None, :, None], 2, 0)
    moved = np.concatenate([left, bottom], 2) + side * (MARGIN + (1. - 2. * MARGIN) * uvs)
    atlas = uv_atlas.from_corners(triangles, moved)
    return atlas if uv_atlas.serves(atlas) else None


def _arrays(path):
    """-> the arrays of WANTED, UVS only where the file has them."""
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = {name: file[name] for name in WANTED if name in file}
    except (OSError, ValueError, EOFError, zlib.error, zipfile.BadZipFile) as error:
        raise ValueError(f"{path}: found a damaged .npz ({error}), expected a whole one with plain arrays; {REMEDY}") from error
    for name, shape in WANTED.items():
        if name == UVS and name not in arrays:
            continue
        array = arrays.get(name, np.empty(0))
        if not checks.has_shape(array, shape):
            raise ValueError(f"{path}: found {name} {array.shape if name in arrays else 'missing'}, expected {shape} as in GNM "
                             f"Head 3, None being any number but 0; {REMEDY}")
        if array.dtype.kind not in ("US" if name.endswith("_names") else "fiu") or not _in_range(name, array):
            raise ValueError(f"{path}: found {name} of type {array.dtype} that is no numbers, not finite, or beyond the vertices; "
                             f"expected what GNM Head 3 has there; {REMEDY}")
    if len(arrays.get(UVS, arrays["triangles"])) != len(arrays["triangles"]):
        raise ValueError(f"{path}: found {len(arrays[UVS])} {UVS} for {len(arrays['triangles'])} triangles, expected one each; "
                         f"{REMEDY}")
    return arrays


def _in_range(name, array):
    if name == "triangles":
        return array.dtype.kind in "iu" and 0 <= array.min() <= array.max() < VERTICES
    return array.dtype.kind in "US" or np.isfinite(array).all()
