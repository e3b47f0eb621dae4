"""The rendering of what is fitted, with the buffers that it is made of."""
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from morph3d import colors
from morph3d.fitting import lighting, view
from morph3d.renderer import phong, transforms
from morph3d.renderer.interpolate import interpolate
from morph3d.renderer.normals import vertex_normals
from morph3d.renderer.rasterize import rasterize


class Drawing(NamedTuple):
    """A rendering of a State, and what it is made of; [size, size] pixels."""
    image: np.ndarray  # [size, size, 3] sRGB, 0 where there is no face
    triangle_ids: np.ndarray  # [size, size] int32, -1 for none
    barycentrics: np.ndarray  # [size, size, 3]
    normals: np.ndarray  # [size, size, 3] of length 1, in the camera's frame
    positions: np.ndarray  # [size, size, 3] mm, likewise
    albedo: np.ndarray  # [size, size, 3] linear


def draw(model, state, center, size):
    """The Drawing of a State of a LinearModel; center: [2] pixels, of perspective."""
    pose, camera = view.scene_parts(state.view, center, size)
    world = transforms.world_from_model(model.vertices(state.expression, state.shape)[None], pose)
    raster = rasterize(transforms.raster_from_clip(transforms.clip_from_world(world, camera)), model.triangles, size, size)
    albedo = np.float32(colors.linear_from_srgb(model.colors(state.texture)))[None]
    albedo, normals, positions = (interpolate(each, raster, model.triangles) for each in (
        albedo, vertex_normals(world, model.triangles), world))
    normals = tf.math.l2_normalize(normals, -1)
    lights = lighting.point_lights(state.light, pose.translation[0].numpy())
    image = colors.srgb_from_linear(np.minimum(phong.shade(albedo, normals, positions, lights)[0].numpy(), 1.))
    return Drawing(image, *(each[0].numpy() for each in (raster.triangle_ids, raster.barycentrics, normals, positions, albedo)))
