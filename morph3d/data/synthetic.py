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
