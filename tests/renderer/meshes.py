"""Meshes and scenes that several tests of the renderer share."""
import numpy as np
import tensorflow as tf
import trimesh


def bumpy_head(subdivisions=3):
    """-> vertices [V, 3] mm and triangles [T, 3] of a closed head-sized ellipsoid with a nose and some waves."""
    sphere = trimesh.creation.icosphere(subdivisions=subdivisions, radius=1.)
    direction = sphere.vertices
    radius = 1. + .04 * np.sin(5. * direction[:, 0] + 1.) * np.cos(4. * direction[:, 1])
    radius += .25 * np.exp(-((direction - [0., -.1, 1.])**2).sum(-1) / .05)
    return (direction * radius[:, None] * [70., 100., 85.]).astype(np.float32), sphere.faces.astype(np.int32)


def soup(seed, triangles=12, batch=1):
    """-> clip [batch, 3 T, 4] and triangles [T, 3]: loose ones before a camera, some partly outside, w from .5 to 3."""
    random = np.random.RandomState(seed)
    w = random.uniform(.5, 3., [batch, 3 * triangles, 1])
    screen = random.uniform(-1.3, 1.3, [batch, 3 * triangles, 2])
    depth = random.uniform(-.9, .9, [batch, 3 * triangles, 1])
    clip = np.concatenate([screen * w, depth * w, w], -1).astype(np.float32)
    return tf.constant(clip), tf.reshape(tf.range(3 * triangles), [-1, 3])
