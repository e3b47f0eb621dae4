"""Fake photographs: pictures of random synthetic people, whose truth is known, for demonstrations and benchmarks."""
import pathlib

import numpy as np
import tensorflow as tf

from morph3d import images
from morph3d.data import synthetic
from morph3d.renderer.render import render


def write(folder, model, count, seed, batch=20):
    """Writes 0000.png, 0001.png ... of random people.

    Args:
      folder: for the pictures; made if need be.
      model: the MorphableModel that the people are drawn from.
      count: how many.
      seed: [2] integers; others give other people.
      batch: pictures drawn at a time.

    Returns:
      [count, V, 3] mm, the vertices of each, neutral.
    """
    truth = []
    for first in range(0, count, batch):
        faces, pictures = take(model, min(batch, count - first), tf.random.fold_in(seed, first))
        for number, picture in enumerate(pictures, first):
            images.write_png(pathlib.Path(folder) / f"{number:04}.png", picture)
        truth.append(model.instance(faces.coefficients.neutral())[0].numpy())
    return np.concatenate(truth)


def take(model, count, seed, size=250):
    """-> SyntheticFaces [count] and their pictures [count, size, size, 3] uint8; the same `seed` [2] gives the same."""
    face_seed, picture_seed = tf.unstack(tf.random.split(seed, 2))
    faces = synthetic.sample(model, count, face_seed)
    return faces, images.to_pixels(photograph(model, faces, picture_seed, size))


def photograph(model, faces, seed, size=250, margin=1.6):
    """Pictures of SyntheticFaces as a bad photographer would take them: from further away, partly hidden, blurred and noisy.

    Args:
      model: MorphableModel.
      faces: SyntheticFaces [B].
      seed: [2] integers, not those that the faces were drawn by: both are split alike.
      size: of the pictures, pixels.
      margin: how much of the surroundings is in the picture; 1 is what `scene.sample` shows.

    Returns:
      [B, size, size, 3] sRGB in 0..1.
    """
    hide_seed, noise_seed = tf.unstack(tf.random.split(seed, 2))
    pose = faces.scene.pose
    surroundings = faces.scene._replace(pose=pose._replace(translation=pose.translation * margin))
    vertices, colors = model.instance(faces.coefficients)
    pictures = _hide(render(vertices, colors, model.triangles, surroundings, size).image, hide_seed)
    small = tf.image.resize(pictures, [size // 2, size // 2], antialias=True)
    noise = .02 * tf.random.stateless_normal(tf.shape(pictures), noise_seed)
    return tf.clip_by_value(tf.image.resize(small, [size, size], "bicubic") + noise, 0., 1.)


def _hide(pictures, seed):
    """A plain disc, like a hand or a microphone, over the lower or outer part of about every third picture."""
    batch, size = pictures.shape[0], pictures.shape[1]
    where_seed, color_seed, whether_seed = tf.unstack(tf.random.split(seed, 3))
    where = tf.random.stateless_uniform([batch, 1, 1, 3], where_seed)
    x, y = tf.meshgrid(*[(tf.range(size, dtype=tf.float32) + .5) / size] * 2)
    distance = tf.sqrt((x - where[..., 0])**2 + (y - .6 - .4 * where[..., 1])**2)
    hidden = (distance < .05 + .1 * where[..., 2]) & (tf.random.stateless_uniform([batch, 1, 1], whether_seed) < .33)
    return tf.where(hidden[..., None], tf.random.stateless_uniform([batch, 1, 1, 3], color_seed), pictures)
