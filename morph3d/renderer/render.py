"""The differentiable renderer, a deferred shader: a colored mesh in a scene -> a picture (paper, sections 3.2.1 and 3.2.2)."""
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from morph3d.mesh.mesh import Mesh
from morph3d.renderer import phong, srgb, transforms
from morph3d.renderer.interpolate import interpolate
from morph3d.renderer.normals import vertex_normals
from morph3d.renderer.rasterize import rasterize
from morph3d.scene import Scene


class Rendering(NamedTuple):
    """A picture, and the buffers that it was made of."""
    image: tf.Tensor  # [B, H, W, 3] sRGB in 0..1, row 0 at the top, over the scene's background
    mask: tf.Tensor  # [B, H, W] bool, true where the mesh is seen
    triangle_ids: tf.Tensor  # [B, H, W] int32, -1 where there is only background
    barycentrics: tf.Tensor  # [B, H, W, 3] perspective-correct, background 0
    albedo: tf.Tensor  # [B, H, W, 3] linear reflectance, background 0
    normals: tf.Tensor  # [B, H, W, 3] in the camera's frame, as interpolated: not of length 1; background 0
    positions: tf.Tensor  # [B, H, W, 3] mm in the camera's frame, background 0


def render(vertices, colors, triangles, scene, size, gradient="fused", backend="auto"):
    """Renders one mesh topology in B shapes, colors and scenes.

    Differentiable with respect to vertices, colors and every field of the scene, except that silhouettes do not move
    (see rasterize). Gradients are finite, also of pixels that see only background.

    Everything is computed in float32, also for callers that hand over halves.

    Args:
      vertices: [B, V, 3] mm in model space.
      colors: [B, V, 3] sRGB-encoded reflectance; what leaves 0..1 is clipped.
      triangles: [F, 3] int32, counter-clockwise from outside.
      scene: Scene of B pictures.
      size: side of the square pictures, pixels.
      gradient: see rasterize.
      backend: see backends.ops.

    Returns:
      Rendering.
    """
    vertices, colors, scene = tf.nest.map_structure(lambda tensor: tf.cast(tensor, tf.float32), (vertices, colors, scene))
    world = transforms.world_from_model(vertices, scene.pose)
    clip = transforms.raster_from_clip(transforms.clip_from_world(world, scene.camera))
    raster = rasterize(clip, triangles, size, size, gradient, backend)
    albedo = interpolate(srgb.linear_from_srgb(colors, backend), raster, triangles, backend)
    normals = interpolate(vertex_normals(world, triangles, backend), raster, triangles, backend)
    positions = interpolate(world, raster, triangles, backend)
    image = srgb.srgb_from_linear(phong.shade(albedo, normals, positions, scene.lights, backend=backend), backend)
    background = tf.image.resize(scene.background, [size, size])
    image = tf.where(raster.mask[..., None], image, background)
    return Rendering(image, raster.mask, raster.triangle_ids, raster.barycentrics, albedo, normals, positions)


def render_mesh(mesh: Mesh, scene: Scene, size: int = 448) -> np.ndarray:
    """A picture of one mesh: `render` without batches and without gradients.

    Args:
      mesh: a Mesh with colors.
      scene: a Scene of one picture, such as scene.studio(yaw=.5).
      size: side of the square picture, pixels.

    Returns:
      [size, size, 3] float32, sRGB in 0..1.

    Raises:
      ValueError: the mesh has no colors, or the scene is one of several pictures.
    """
    if mesh.colors is None:
        raise ValueError(f"found {mesh}, expected a mesh with colors; dataclasses.replace(mesh, colors=...) gives it some")
    pictures = len(scene.pose.rotation)
    if pictures != 1:
        raise ValueError(f"found a scene of {pictures} pictures, expected one; draw a batch with morph3d.renderer.render.render")
    return render(mesh.vertices[None], mesh.colors[None], mesh.triangles, scene, size).image[0].numpy()
