"""Synthetic faces, drawn at random: coefficients, which are known, and the scenes they are seen in."""
from typing import NamedTuple

import tensorflow as tf

from morph3d import scene
from morph3d.morphable import coefficients


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
