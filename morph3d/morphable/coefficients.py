"""Coefficients of faces in a morphable model: three short vectors of standard normal numbers (paper, section 3.2: s, t and e)."""
from typing import NamedTuple

import tensorflow as tf


class Coefficients(NamedTuple):
    """A batch of faces. One unit is a standard deviation; where a vector is short, the rest is zero."""
    shape: tf.Tensor  # [B, S] the neutral shape
    texture: tf.Tensor  # [B, T] the skin's color
    expression: tf.Tensor | None = None  # [B, E] what the face does; None is the neutral face

    def neutral(self):
        """The same people at rest."""
        return self._replace(expression=None)


def sample(sizes, batch, seed):
    """Random faces, whose every coefficient is standard normal (paper, section 3.2) and drawn by itself (section 3.3).

    The paper draws shape and texture; that expressions are drawn too is ours.

    Args:
      sizes: a MorphableModel, or (S, T, E), the numbers of coefficients.
      batch: the number of faces.
      seed: [2] integers, or one, s, which is short for (0, s); the same seed gives the same faces.

    Returns:
      Coefficients of [batch, S], [batch, T] and [batch, E] float32.
    """
    sizes = getattr(sizes, "sizes", sizes)
    seed = tf.convert_to_tensor(seed)
    seed = tf.stack([tf.zeros_like(seed), seed]) if seed.shape.rank == 0 else seed
    seeds = tf.unstack(tf.random.split(seed, 3))
    parts = zip(sizes, seeds, strict=True)
    return Coefficients(*(tf.random.stateless_normal([batch, size], part_seed) for size, part_seed in parts))
