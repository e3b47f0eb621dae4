"""The texture of a mesh, baked from its vertex colors."""
import functools
import threading

import cv2
import numpy as np
from scipy import sparse

from morph3d import colors, images
from morph3d.mesh.uv_atlas import SIZE, Atlas
from morph3d.renderer.rasterize import rasterize

# sRGB of linear light in steps so small, a twentieth of one of 8 bits in the dark, that rounding to them first changes nothing.
STEPS = 2**16 - 1
ENCODED = images.to_pixels(colors.srgb_from_linear(np.arange(STEPS + 1) / STEPS))
_ONE_AT_A_TIME = threading.Lock()


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
    weights, nearest = prepare(mesh.uvs)
    return encode(weights @ linear.astype(np.float32), nearest)


def encode(texels, nearest):
    """The texture [SIZE, SIZE, 3] uint8 sRGB of texels [N, 3] float32 linear light, not negative; `nearest` is of `prepare`."""
    return ENCODED[np.uint16(np.minimum(texels, 1.) * STEPS + .5)].take(nearest, 0)


def prepare(atlas):
    """Does ahead what the textures of an Atlas have in common, and keeps it for the last one; who bakes meanwhile waits for it.

    Returns:
      [N, U] a sparse matrix, how much of the color at each uv is in each of the N texels that a triangle covers; and
      [SIZE, SIZE] int32, the number of the nearest of these: near their edge, by 0.14 texels at most a farther one.
    """
    with _ONE_AT_A_TIME:
        return _plan(atlas.uvs.tobytes(), atlas.corners.tobytes())


@functools.lru_cache(1)
def _plan(uvs, corners):
    atlas = Atlas(np.frombuffer(uvs, np.float32).reshape(-1, 2), np.frombuffer(corners, np.int32).reshape(-1, 3))
    u, v = atlas.uvs.T
    clip = np.stack([2. * u - 1., 1. - 2. * v, np.zeros_like(u), np.ones_like(u)], 1)  # the rasterizer's row 0 is at y = -1
    raster = rasterize(clip[None], atlas.corners, SIZE, SIZE)
    covered, triangles, barycentrics = (part[0].numpy() for part in (raster.mask, raster.triangle_ids, raster.barycentrics))
    columns, shares = atlas.corners[triangles[covered]].ravel(), barycentrics[covered].ravel()
    weights = sparse.csr_array((shares, columns, np.arange(0, len(columns) + 1, 3)), (len(columns) // 3, len(atlas.uvs)))
    _, labels = cv2.distanceTransformWithLabels(np.uint8(~covered), cv2.DIST_L2, cv2.DIST_MASK_5, labelType=cv2.DIST_LABEL_PIXEL)
    numbers = np.zeros(labels.max() + 1, np.int32)
    numbers[labels[covered]] = np.arange(weights.shape[0])
    return weights, numbers[labels]
