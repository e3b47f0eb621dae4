"""The texture of a mesh, baked from its vertex colors."""
import functools

import numpy as np
from scipy import ndimage, sparse

from morph3d import colors, images
from morph3d.mesh.uv_atlas import SIZE, Atlas
from morph3d.renderer.rasterize import rasterize

# sRGB of linear light in steps so small, a twentieth of one of 8 bits in the dark, that rounding to them first changes nothing.
STEPS = 2**16 - 1
ENCODED = images.to_pixels(colors.srgb_from_linear(np.arange(STEPS + 1) / STEPS))


def bake(mesh):
    """The texture of a mesh: its vertex colors, interpolated in linear light as the renderer does.

    What no triangle covers has the color of the nearest chart, so that filtering at a chart's border mixes in nothing foreign.
    Of the next mesh with the same uvs, as faces of one model have, it takes a fifth of the time.

    Args:
      mesh: a Mesh with colors, which are clipped to 0..1, and uvs.

    Returns:
      [SIZE, SIZE, 3] uint8 sRGB, row 0 at v = 1.

    Raises:
      ValueError: the mesh has no colors or no uvs.
    """
    if mesh.colors is None or mesh.uvs is None:
        raise ValueError(f"found {mesh}, expected colors to bake and uvs to bake them by; lay these out with uv_atlas.read")
    linear = colors.linear_from_srgb(np.clip(mesh.colors, 0., 1.))[mesh.uvs.owners(mesh.triangles)]
    texels = _weights(mesh.uvs.uvs.tobytes(), mesh.uvs.corners.tobytes()) @ linear.astype(np.float32)
    return ENCODED[np.uint16(np.minimum(texels, 1.) * STEPS + .5)].reshape(SIZE, SIZE, 3)


@functools.lru_cache(1)
def _weights(uvs, corners):
    """How much of the color at each uv is in each texel, a sparse matrix [SIZE * SIZE, U]; of an Atlas, as bytes."""
    atlas = Atlas(np.frombuffer(uvs, np.float32).reshape(-1, 2), np.frombuffer(corners, np.int32).reshape(-1, 3))
    u, v = atlas.uvs.T
    clip = np.stack([2. * u - 1., 1. - 2. * v, np.zeros_like(u), np.ones_like(u)], 1)  # the rasterizer's row 0 is at y = -1
    raster = rasterize(clip[None], atlas.corners, SIZE, SIZE)
    nearest = tuple(ndimage.distance_transform_edt(~raster.mask[0].numpy(), return_distances=False, return_indices=True))
    columns = atlas.corners[raster.triangle_ids[0].numpy()[nearest]].ravel()
    shares = raster.barycentrics[0].numpy()[nearest].ravel()
    return sparse.csr_array((shares, columns, np.arange(0, len(columns) + 1, 3)), (SIZE * SIZE, len(atlas.uvs)))
