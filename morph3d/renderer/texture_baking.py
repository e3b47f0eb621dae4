"""The texture of a mesh, baked from its vertex colors."""
import numpy as np
import tensorflow as tf
from scipy import ndimage

from morph3d import images
from morph3d.mesh.uv_atlas import SIZE
from morph3d.renderer import srgb
from morph3d.renderer.interpolate import interpolate
from morph3d.renderer.rasterize import rasterize


def bake(mesh):
    """The texture of a mesh: its vertex colors, interpolated in linear light as the renderer does.

    What no triangle covers has the color of the nearest chart, so that filtering at a chart's border mixes in nothing foreign.

    Args:
      mesh: a Mesh with colors, which are clipped to 0..1, and uvs.

    Returns:
      [SIZE, SIZE, 3] uint8 sRGB, row 0 at v = 1.

    Raises:
      ValueError: the mesh has no colors or no uvs.
    """
    if mesh.colors is None or mesh.uvs is None:
        raise ValueError(f"found {mesh}, expected colors to bake and uvs to bake them by; lay these out with uv_atlas.read")
    linear = srgb.linear_from_srgb(tf.constant(mesh.colors[mesh.uvs.owners(mesh.triangles)]))
    u, v = mesh.uvs.uvs.T
    clip = np.stack([2. * u - 1., 1. - 2. * v, np.zeros_like(u), np.ones_like(u)], 1)  # the rasterizer's row 0 is at y = -1
    raster = rasterize(clip[None], mesh.uvs.corners, SIZE, SIZE)
    texels = srgb.srgb_from_linear(interpolate(linear[None], raster, mesh.uvs.corners))[0].numpy()
    nearest = ndimage.distance_transform_edt(~raster.mask[0].numpy(), return_distances=False, return_indices=True)
    return images.to_pixels(texels[tuple(nearest)])
