"""Texture coordinates of a mesh: its triangles cut into charts, flattened and packed into a square by xatlas."""
import hashlib
from typing import NamedTuple

import numpy as np

from morph3d import cache
from morph3d.mesh import arrays

SIZE = 2048  # texels, the side of the texture: 0.3 mm each on a head, less than the triangles of an iris
GAP = 8  # texels between charts, so that the texture at a quarter of its size still keeps them apart
VERSION = 1  # of what `build` makes of a mesh: raised by whoever changes that, or caches would go on with the old


class Atlas(NamedTuple):
    """Texture coordinates of a mesh: each triangle corner has one, and those of one vertex differ where the texture is cut."""
    uvs: np.ndarray  # [U, 2] float32 in 0..1, u to the right and v up; no two charts overlap
    corners: np.ndarray  # [F, 3] int32, the uv of each corner of the mesh's triangles

    def checked(self, triangles: np.ndarray, label: str = "") -> "Atlas":
        """The same as float32 and int32, read only.

        Args:
          triangles: [F, 3], those that it is the atlas of.
          label: begins the error messages.

        Raises:
          ValueError: it is broken, or the atlas of other triangles.
        """
        uvs = arrays.frozen(arrays.floats(f"{label}uvs", self.uvs, ("U", 2)))
        corners = arrays.indices(f"{label}corners", self.corners, (len(triangles), 3), len(uvs))
        atlas = Atlas(uvs, arrays.frozen(corners))
        if not np.array_equal(atlas.owners(triangles)[atlas.corners], triangles):
            raise ValueError(f"{label}the atlas is that of other triangles; lay out one for these")
        return atlas

    def owners(self, triangles: np.ndarray) -> np.ndarray:
        """[U] int32: the vertex that each uv belongs to, by the triangles [F, 3] that the atlas is of."""
        owners = np.zeros(len(self.uvs), np.int32)
        owners[self.corners] = triangles
        return owners


def from_corners(triangles, uvs):
    """The Atlas of triangles [F, 3] whose corners have uvs [F, 3, 2]: corners of one vertex at one place share theirs."""
    flat = np.concatenate([triangles.reshape(-1, 1), uvs.reshape(-1, 2)], 1)
    places, corners = np.unique(flat, axis=0, return_inverse=True)
    return Atlas(places[:, 1:].astype(np.float32), corners.reshape(triangles.shape).astype(np.int32))


def serves(atlas, size=512):
    """Whether a texture can have this layout: it lies in 0..1, has an area, and no triangles lie on one another.

    Seen at the centers of size x size texels, of which one in a hundred may belong to several triangles.
    """
    if not 0. <= atlas.uvs.min(initial=0.) <= atlas.uvs.max(initial=0.) <= 1.:
        return False
    corners = atlas.uvs[atlas.corners].astype(np.float64) * size - .5
    sides = corners[:, 1:] - corners[:, :1]
    if np.abs(sides[:, 0, 0] * sides[:, 1, 1] - sides[:, 0, 1] * sides[:, 1, 0]).sum() / 2. > 1.01 * size**2:
        return False  # more than there is room for; and what follows would need memory for all of it
    low, high = np.ceil(corners.min(1)).astype(int), np.floor(corners.max(1)).astype(int)
    width, height = np.maximum(high - low + 1, 0).T
    triangle = np.repeat(np.arange(len(corners)), width * height)  # for each texel of its bounding box
    within = np.arange(len(triangle)) - np.repeat(np.cumsum(width * height) - width * height, width * height)
    texels = low[triangle] + np.stack([within % width[triangle], within // width[triangle]], 1)
    a, b, c = np.moveaxis(corners[triangle] - texels[:, None], 1, 0)
    sides = np.stack([start[:, 0] * end[:, 1] - start[:, 1] * end[:, 0] for start, end in ((a, b), (b, c), (c, a))])
    inside = texels[(sides > 0.).all(0) | (sides < 0.).all(0)]
    covering = np.bincount(inside[:, 1] * size + inside[:, 0])
    return bool(0 < np.sum(covering > 0) >= 100 * np.sum(covering > 1))


def read(mesh):
    """The Atlas of a Mesh, kept under the user's cache folder from the first call on.

    Faces of one model have the same triangles and so the same atlas, laid out on the first of them: a texture of one fits all.

    Raises:
      ValueError: there are no triangles, or they have no area.
    """
    def load(path):
        with np.load(path) as file:
            return Atlas(**file).checked(mesh.triangles)

    return cache.read_or_make(f"atlas-{_key(mesh.triangles)}.npz", f"a texture layout for {len(mesh.triangles)} triangles",
                              lambda: build(mesh), load, lambda atlas, path: np.savez(path, **atlas._asdict()))


def build(mesh):
    """Lays out the Atlas of a Mesh; the same mesh gives the same one. Takes 2 s for 26,000 triangles, 10 s for 106,000.

    Raises:
      ValueError: there are no triangles, or they have no area.
    """
    import xatlas
    if not len(mesh.triangles):
        raise ValueError("found no triangles, expected a surface to lay out")
    charts, packing = xatlas.ChartOptions(), xatlas.PackOptions()
    # Straight borders are of no use in a texture that nobody cuts from paper; without that wish a head has a quarter of the
    # charts, which have no holes, in half of the time or less.
    charts.straightness_weight, charts.max_cost = 0., 8.
    charts.fix_winding, packing.rotate_charts = True, False  # no chart mirrored: xatlas turns them by swapping u and v
    packing.resolution, packing.padding = SIZE, GAP
    layout = xatlas.Atlas()
    layout.add_mesh(mesh.vertices, mesh.triangles.astype(np.uint32))
    layout.generate(charts, packing)
    _, corners, uvs = layout[0]
    if not np.isfinite(uvs).all():
        raise ValueError(f"found {len(mesh.triangles)} triangles without area, expected a surface in millimeters; see what made "
                         "them")
    sides = np.array([layout.width, layout.height])  # near SIZE, hardly ever equal
    return Atlas((uvs * sides / sides.max()).astype(np.float32), corners.astype(np.int32))


def _key(triangles):
    """12 hexadecimal digits of all that an atlas depends on but for the shape of the first face."""
    return hashlib.sha256(f"{VERSION} {SIZE} {GAP} ".encode() + triangles.tobytes()).hexdigest()[:12]
