"""The tone of the skin among a morphable model's texture coefficients, kept from losses that have no say in it.

A face recognizer forgets tone, as it forgets light: what gradient its identity loss has there pulls all faces toward dark, and
blurs what the colors of a photo tell (BUILD_NOTES, Training).
"""
import numpy as np
import tensorflow as tf

from morph3d.encoders import skin_color
from morph3d.morphable.landmarks import five_points

BEHIND = .4  # distances of the eyes: what lies farther behind them is no cheek


def leave_to_expected(decoder, model):
    """Has the tone of a decoder's faces be that of the expected ones: it is not spread, and nothing is added to it.

    Args:
      decoder: what `morph3d.decoder.build` gives; its optimizer then keeps to it at every step.
      model: the MorphableModel of its coefficients.
    """
    modes = tf.cast(model.texture_basis, tf.float32).numpy().reshape(model.texture_size, -1, 3)
    tone = tf.constant(directions(model.mean_vertices.numpy(), model.landmarks.numpy(), modes), tf.float32)
    kept = decoder.get_layer("spread_texture").kept
    kept.assign(tf.pad(tone, [[0, 0], [0, kept.shape[1] - tone.shape[1]]]))
    layer, without = decoder.get_layer("added_texture"), Without(tone)
    for weights in layer.kernel, layer.bias:
        weights.constraint = without


def directions(vertices, landmarks, modes):
    """Orthonormal directions of a morphable model's texture coefficients, [T, at most 3], that change the mean color of cheeks.

    Cheeks are where skin_color has them, seen from the front. Along all other directions their mean color stays as it is.

    Args:
      vertices: [V, 3] mm, of the mean face.
      landmarks: [68] vertex indices.
      modes: [T, V, 3], what a unit of each coefficient adds to the colors.
    """
    vertices = np.float64(vertices)
    right, left = five_points(vertices[landmarks]).numpy()[:2]
    middle, apart = (right + left) / 2., np.linalg.norm(right - left)
    x, y, z = ((vertices - middle) / apart).T
    weights = sum(np.exp(-.5 * ((x - across)**2 + (y + down)**2) / reach**2)
                  for across, down, reach in map(skin_color.PLACES.get, skin_color.CHEEKS)) * (z > -BEHIND)
    changes = np.einsum("v,tvc->tc", weights / weights.sum(), modes)
    found, sizes, _ = np.linalg.svd(changes, full_matrices=False)
    return found[:, sizes > 1e-6]


class Without:
    """A Keras constraint for the kernel [K, T] and the bias [T] of a layer: its outputs have nothing along `directions` [T, D]."""

    def __init__(self, directions):
        self._directions = directions

    def __call__(self, weights):
        along = tf.linalg.matmul(self._directions, self._directions, transpose_b=True)
        return weights - tf.tensordot(weights, along, 1)
