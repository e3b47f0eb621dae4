"""Pictures of a mesh with a texture: as render.py draws meshes with vertex colors, for looking at, without gradients."""
import cv2
import numpy as np
import tensorflow as tf

from morph3d import colors, images
from morph3d.renderer import phong, transforms
from morph3d.renderer.interpolate import interpolate
from morph3d.renderer.normals import vertex_normals
from morph3d.renderer.rasterize import rasterize

FINER = 2  # samples of a pixel in x and in y, whose light is averaged
SMALLEST = .25  # of a texture's size: charts are still apart then (uv_atlas.GAP)


def render(vertices, triangles, atlas, texture, scene, size):
    """A picture of one mesh.

    Args:
      vertices: [V, 3] mm in model space.
      triangles: [F, 3] int32, counter-clockwise from outside.
      atlas: the Atlas of these triangles.
      texture: [H, W, 3] uint8 sRGB, row 0 at v = 1.
      scene: Scene of one picture.
      size: side of the square picture, pixels.

    Returns:
      [size, size, 3] float32 sRGB in 0..1, row 0 at the top.
    """
    fine = FINER * size
    world = transforms.world_from_model(tf.constant(vertices, tf.float32)[None], scene.pose)
    raster = rasterize(transforms.raster_from_clip(transforms.clip_from_world(world, scene.camera)), triangles, fine, fine)
    places = interpolate(atlas.uvs[None], raster, atlas.corners)[0].numpy() * [1., -1.] + [0., 1.]
    albedo = _look_up(texture, np.float32(places), raster.mask[0].numpy())
    normals = interpolate(vertex_normals(world, triangles), raster, triangles)
    shaded = phong.shade(albedo[None], normals, interpolate(world, raster, triangles), scene.lights)
    background = colors.linear_from_srgb(tf.image.resize(scene.background, [fine, fine])[0].numpy())
    light = np.where(raster.mask[0].numpy()[..., None], np.minimum(shaded[0].numpy(), 1.), background)
    return np.float32(colors.srgb_from_linear(cv2.resize(light, (size, size), interpolation=cv2.INTER_AREA)))


def _look_up(texture, places, mask):
    """[H, W, 3] float32 linear light of a texture at places [H, W, 2], shares of its sides, where there is a mesh.

    Where the texture is finer than the picture, it is first shrunk to the picture's scale.
    """
    steps = [np.abs(np.diff(places * texture.shape[1::-1], axis=axis)).max(2)[_both(mask, axis)] for axis in (0, 1)]
    texels = np.median(np.concatenate(steps)) if mask.any() else 1.  # from pixel to pixel
    linear, _ = images.shrink(images.to_linear(texture), max(1. / max(texels, 1.), SMALLEST))
    pixels = np.float32(places * linear.shape[1::-1] - .5)
    found = cv2.remap(linear, pixels, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.where(mask[..., None], found, np.float32(0.))


def _both(mask, axis):
    """Where a pixel and the next one along the axis are both true."""
    return np.logical_and(*(np.delete(mask, end, axis) for end in (0, -1)))
