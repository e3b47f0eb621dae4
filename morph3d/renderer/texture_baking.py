"""Bakes vertex colors into a texture."""
import numpy as np
import tensorflow as tf
from scipy import ndimage

from morph3d.mesh.uv_atlas import SIZE
from morph3d.renderer import srgb
from morph3d.renderer.interpolate import interpolate
from morph3d.renderer.rasterize import rasterize


def bake(colors, triangles, atlas):
    """The texture of a mesh: its vertex colors, interpolated in linear light as the renderer does.

    What no triangle covers has the color of the nearest chart, so that filtering at a chart's border mixes in nothing foreign.

    Args:
      colors: [V, 3] sRGB; clipped to 0..1.
      triangles: [F, 3] vertex indices.
      atlas: morphable.atlas.Atlas of these triangles.

    Returns:
      [SIZE, SIZE, 3] uint8 sRGB, row 0 at v = 1.

    Raises:
      ValueError: the atlas is that of other triangles.
    """
    owners = np.zeros(len(atlas.uvs), np.int32)  # the vertex of each uv
    owners[atlas.corners] = triangles
    if not np.array_equal(owners[atlas.corners], triangles):
        raise ValueError("the atlas is that of other triangles; lay out one for these")
    linear = srgb.linear_from_srgb(tf.gather(tf.cast(colors, tf.float32), owners))
    u, v = atlas.uvs.T
    clip = np.stack([2. * u - 1., 1. - 2. * v, np.zeros_like(u), np.ones_like(u)], 1)  # the rasterizer's row 0 is at y = -1
    raster = rasterize(clip[None], atlas.corners, SIZE, SIZE)
    texels = srgb.srgb_from_linear(interpolate(linear[None], raster, atlas.corners))[0].numpy()
    nearest = ndimage.distance_transform_edt(~raster.mask[0].numpy(), return_distances=False, return_indices=True)
    return np.rint(255. * texels[tuple(nearest)]).astype(np.uint8)
