"""Where the triangles of a mesh lie in a square texture: cut into charts, flattened and packed by xatlas."""
import hashlib
import pathlib
import sys
from typing import NamedTuple

import numpy as np

from morph3d import atomic_files, cache

SIZE = 2048  # texels, the side of the texture: 0.3 mm each on a head, less than the triangles of an iris
GAP = 8  # texels between charts, so that the texture at a quarter of its size still keeps them apart


class Atlas(NamedTuple):
    uvs: np.ndarray  # [U, 2] float32 in 0..1, u to the right and v up; no two charts overlap
    corners: np.ndarray  # [F, 3] int32, the uv of each corner of the mesh's triangles


def read(vertices, triangles):
    """The Atlas of a mesh's triangles, kept under the user's cache folder from the first call on.

    Faces of one model have the same triangles and so the same atlas, laid out on the first of them: a texture of one fits all.

    Args and errors: those of `build`.
    """
    path = cache.folder() / f"atlas-{_key(triangles)}.npz"
    if not path.is_file():
        print(f"morph3d: laying out a texture for {len(triangles)} triangles, once, into {path}", file=sys.stderr, flush=True)
        atlas = build(vertices, triangles)
        with atomic_files.replacing(path) as beside:
            np.savez(beside, **atlas._asdict())
    with np.load(path) as file:
        return Atlas(**file)


def build(vertices, triangles):
    """Lays out an Atlas; the same mesh gives the same one. Takes 2 s for 26,000 triangles, 10 s for 106,000.

    Args:
      vertices: [V, 3] mm.
      triangles: [F, 3] vertex indices.

    Raises:
      ValueError: there are no triangles, or an index names no vertex, or the triangles have no area.
    """
    import xatlas
    vertices, triangles = np.asarray(vertices, np.float32), np.asarray(triangles)
    if not triangles.size or not 0 <= triangles.min() <= triangles.max() < len(vertices):
        found = f"{triangles.min()}..{triangles.max()}" if triangles.size else "none"
        raise ValueError(f"triangles must be vertex indices in 0..{len(vertices) - 1}, found {found}")
    charts, packing = xatlas.ChartOptions(), xatlas.PackOptions()
    # Straight borders are of no use in a texture that nobody cuts from paper; without that wish a head has a quarter of the
    # charts, which have no holes, in half of the time or less.
    charts.straightness_weight, charts.max_cost = 0., 8.
    charts.fix_winding, packing.rotate_charts = True, False  # no chart mirrored: xatlas turns them by swapping u and v
    packing.resolution, packing.padding = SIZE, GAP
    layout = xatlas.Atlas()
    layout.add_mesh(vertices, triangles.astype(np.uint32))
    layout.generate(charts, packing)
    _, corners, uvs = layout[0]
    if not np.isfinite(uvs).all():
        raise ValueError(f"found {len(triangles)} triangles without area, expected a surface in millimeters; see what made them")
    sides = np.array([layout.width, layout.height])  # near SIZE, hardly ever equal
    return Atlas((uvs * sides / sides.max()).astype(np.float32), corners.astype(np.int32))


def _key(triangles):
    """What an atlas depends on but for the shape of the first face, 12 hexadecimal digits: the triangles, and this source."""
    digest = hashlib.sha256(np.asarray(triangles, np.int32).tobytes())
    digest.update(pathlib.Path(__file__).read_bytes())
    return digest.hexdigest()[:12]
