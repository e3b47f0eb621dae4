"""Barycentrics and their gradient on a mesh as fine as a morphable model's, against their definition in float64."""
import math

import numpy as np
import tensorflow as tf

from morph3d import scene as scenes
from morph3d.renderer import transforms
from morph3d.renderer.rasterize import rasterize
from tests.renderer import meshes

SIZE = 224


def fine_head():
    """-> clip [1, 40962, 4] and triangles [81920, 3] of a turned head, large in the picture."""
    vertices, triangles = meshes.bumpy_head(6)
    scene = scenes.studio(1, yaw=.5, distance=700., field_of_view=math.radians(18.))
    world = transforms.world_from_model(tf.constant(vertices[None]), scene.pose)
    return transforms.raster_from_clip(transforms.clip_from_world(world, scene.camera)), tf.constant(triangles)


def definition(clip, triangles, ids):
    """b = a / sum(a), V a = p, at the covered pixels of one raster. clip: [V, 4] float64; ids: [H, W]; -> [N, 3]."""
    row, column = np.nonzero(ids >= 0)
    height, width = ids.shape
    pixels = np.stack([(2. * column + 1.) / width - 1., (2. * row + 1.) / height - 1., np.ones(len(row))], -1)
    corners = tf.gather(tf.gather(clip, [0, 1, 3], axis=1), tf.gather(triangles, ids[row, column]))  # [N, 3, (x, y, w)]
    a = tf.linalg.solve(corners, pixels[..., None], adjoint=True)[..., 0]
    return a / tf.reduce_sum(a, -1, keepdims=True)


def test_weights_and_gradient_on_triangles_smaller_than_a_pixel():
    clip, triangles = fine_head()
    exact = tf.cast(clip[0], tf.float64)
    upstream = tf.random.stateless_normal([1, SIZE, SIZE, 3], [3, 4])
    with tf.GradientTape(persistent=True) as tape:
        tape.watch([clip, exact])
        raster = rasterize(clip, triangles, SIZE, SIZE)
        expected = definition(exact, triangles, raster.triangle_ids[0].numpy())
    mask = raster.mask[0]
    assert tf.math.count_nonzero(mask) > 20000 and len(np.unique(raster.triangle_ids)) > 15000
    error = np.abs(expected - raster.barycentrics[0][mask].numpy()).max(-1)
    # Which triangle is seen is decided on coordinates rounded to float: at an edge a weight would be a little below zero.
    assert np.quantile(error, .999) < 1e-6 and error.max() < 1e-4
    gradient = tape.gradient(raster.barycentrics, clip, upstream)[0].numpy()
    reference = tape.gradient(expected, exact, tf.cast(upstream[0][mask], tf.float64)).numpy()
    error, size = np.linalg.norm(gradient - reference, axis=-1), np.linalg.norm(reference, axis=-1)
    assert np.count_nonzero(size) > 10000
    assert (error <= 1e-4 * size).all()
