"""Synthetic faces, drawn at random: coefficients, which are known, and the scenes they are seen in."""
from typing import NamedTuple

import tensorflow as tf

from morph3d import scene
from morph3d.morphable import coefficients
from morph3d.renderer.render import render


class SyntheticFaces(NamedTuple):
    coefficients: coefficients.Coefficients  # [B, .] standard normal
    scene: scene.Scene  # [B]


def sample(model, batch, seed):
    """Random faces with random expressions in random scenes; the same `seed` [2] gives the same faces."""
    coefficient_seed, scene_seed = tf.unstack(tf.random.split(seed, 2))
    return SyntheticFaces(coefficients.sample(model, batch, coefficient_seed), scene.sample(batch, scene_seed))


def batches(model, batch, seed, start=0):
    """Endless batches for stage 1: {"synthetic": SyntheticFaces}, a function of (seed, step) alone.

    Args:
      model: the MorphableModel whose coefficients are drawn.
      batch: faces in a batch.
      seed: an integer.
      start: the step to begin with, so that a restart draws what would have come.
    """
    return tf.data.Dataset.counter(start).map(
        lambda step: {"synthetic": sample(model, batch, tf.stack([tf.cast(seed, tf.int64), step]))}).prefetch(2)


def photograph(model, faces, seed, size=250, margin=1.6):
    """Pictures of SyntheticFaces as a bad photographer would take them: from further away, partly hidden, blurred and noisy.

    Args:
      model: MorphableModel.
      faces: SyntheticFaces [B].
      seed: [2] integers.
      size: of the pictures, pixels.
      margin: how much of the surroundings is in the picture; 1 is what `scene.sample` shows.

    Returns:
      [B, size, size, 3] sRGB in 0..1.
    """
    hide_seed, noise_seed = tf.unstack(tf.random.split(seed, 2))
    pose = faces.scene.pose
    surroundings = faces.scene._replace(pose=pose._replace(translation=pose.translation * margin))
    vertices, colors = model.instance(faces.coefficients)
    images = _hide(render(vertices, colors, model.triangles, surroundings, size).image, hide_seed)
    small = tf.image.resize(images, [size // 2, size // 2], antialias=True)
    noise = .02 * tf.random.stateless_normal(tf.shape(images), noise_seed)
    return tf.clip_by_value(tf.image.resize(small, [size, size], "bicubic") + noise, 0., 1.)


def _hide(images, seed):
    """A plain disc, like a hand or a microphone, over the lower or outer part of about every third picture."""
    batch, size = images.shape[0], images.shape[1]
    where_seed, color_seed, whether_seed = tf.unstack(tf.random.split(seed, 3))
    where = tf.random.stateless_uniform([batch, 1, 1, 3], where_seed)
    x, y = tf.meshgrid(*[(tf.range(size, dtype=tf.float32) + .5) / size] * 2)
    distance = tf.sqrt((x - where[..., 0])**2 + (y - .6 - .4 * where[..., 1])**2)
    hidden = (distance < .05 + .1 * where[..., 2]) & (tf.random.stateless_uniform([batch, 1, 1], whether_seed) < .33)
    return tf.where(hidden[..., None], tf.random.stateless_uniform([batch, 1, 1, 3], color_seed), images)
