"""Meshes and scenes that several tests of the renderer share."""
import numpy as np
import tensorflow as tf
import trimesh


def bumpy_head(subdivisions=3):
    """-> vertices [V, 3] mm and triangles [F, 3] of a closed head-sized ellipsoid with a nose and some waves."""
    sphere = trimesh.creation.icosphere(subdivisions=subdivisions, radius=1.)
    direction = sphere.vertices
    radius = 1. + .04 * np.sin(5. * direction[:, 0] + 1.) * np.cos(4. * direction[:, 1])
    radius += .25 * np.exp(-((direction - [0., -.1, 1.])**2).sum(-1) / .05)
    return (direction * radius[:, None] * [70., 100., 85.]).astype(np.float32), sphere.faces.astype(np.int32)


def face(rings):
    """-> vertices [V, 3] mm and triangles [F, 3] of an open face-sized shell with a nose, about 3.14 rings^2 vertices.

    Its triangles are numerous and even, as those of scanned morphable models: 130.1 rings make 53,173 vertices and 105k
    triangles, the size of the Basel Face Model; 47.2 make 7,009.
    """
    axis = np.arange(-int(rings), int(rings) + 1)
    grid = np.stack(np.meshgrid(axis, axis), -1) / rings
    inside = (grid**2).sum(-1) <= 1.
    index = np.cumsum(inside).reshape(inside.shape) - 1
    a, b, c, d = (index[rows, columns] for rows in (np.s_[:-1], np.s_[1:]) for columns in (np.s_[:-1], np.s_[1:]))
    whole = inside[:-1, :-1] & inside[:-1, 1:] & inside[1:, :-1] & inside[1:, 1:]
    triangles = np.stack([a, b, d, a, d, c], -1)[whole].reshape(-1, 3)
    x, y = grid[inside].T
    radius = np.hypot(x, y) + 1e-9
    polar = 1.55 * radius  # equal steps along the shell
    shell = np.stack([np.sin(polar) * x / radius * 75., np.sin(polar) * y / radius * 105., np.cos(polar) * 80.], -1)
    shell[:, 2] += 25. * np.exp(-(x / .13)**2 - ((y + .03) / .2)**2)
    shell += np.random.RandomState(0).normal(0., .1, shell.shape)
    return shell.astype(np.float32), triangles.astype(np.int32)


def soup(seed, triangles=12, batch=1):
    """-> clip [batch, 3 F, 4] and triangles [F, 3]: loose ones before a camera, some partly outside, w from .5 to 3."""
    random = np.random.RandomState(seed)
    w = random.uniform(.5, 3., [batch, 3 * triangles, 1])
    screen = random.uniform(-1.3, 1.3, [batch, 3 * triangles, 2])
    depth = random.uniform(-.9, .9, [batch, 3 * triangles, 1])
    clip = np.concatenate([screen * w, depth * w, w], -1).astype(np.float32)
    return tf.constant(clip), tf.reshape(tf.range(3 * triangles), [-1, 3])
