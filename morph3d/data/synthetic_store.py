"""Synthetic faces that are drawn and encoded once, kept, and trained on again and again.

To draw and encode a face takes some fifty times as long as a decoder's step on it. So each is used a dozen times, while new ones
come in.
"""
import itertools
import math
import pathlib
import time
from typing import NamedTuple

import numpy as np
import tensorflow as tf
from absl import logging

from morph3d import aligned_rendering
from morph3d.atomic_files import replacing
from morph3d.data import synthetic
from morph3d.morphable.coefficients import Coefficients

CHUNK = 128  # faces that are drawn together and kept in a file
AT_A_TIME = 32  # of them in the encoder


class EncodedFaces(NamedTuple):
    """What a decoder learns from: faces as the encoder sees them, and their truth."""
    features: tf.Tensor  # [B, D]
    shape: tf.Tensor  # [B, S]
    texture: tf.Tensor  # [B, T]

    @property
    def coefficients(self):
        """The true Coefficients [B, .], of the neutral face."""
        return Coefficients(self.shape, self.texture)


class SyntheticStore:
    """Encoded synthetic faces, of which face i is a function of model, encoder, seed and i alone.

    Attributes:
      faces: how many there will be, a multiple of CHUNK.
      there: how many there are.
      seconds: how long it took to draw those of them that were not kept from before.
      drawn: how many these are.

    Args:
      folder: where their features are kept, for who goes on later; of one model, encoder and seed.
      model: MorphableModel.
      encoder: Encoder.
      faces: how many there are to be, rounded up to a multiple of CHUNK.
      seed: an integer.
      writes: whether what is drawn is kept in the folder; of several programs at the same faces one does.
    """

    def __init__(self, folder, model, encoder, faces, seed, writes=True):
        self.faces = CHUNK * math.ceil(faces / CHUNK)
        self.there, self.drawn, self.seconds = 0, 0, 0.
        self._folder, self._model, self._encoder, self._seed = pathlib.Path(folder), model, encoder, seed
        self._writes = writes
        sizes = encoder.feature_size, *model.sizes[:2]
        self._arrays = tuple(np.empty([self.faces, size], np.float32) for size in sizes)
        self._encode = tf.function(self._encoded)

    def first(self, count):
        """The EncodedFaces of the first `count`, float32 NumPy; what is missing of them is drawn."""
        while self.there < count:
            self._add(self.there // CHUNK)
        return self._rows(slice(count))

    def batches(self, batch, complete, noise=0., start=0):
        """Endless batches of EncodedFaces [batch, .], random ones of those there are; a function of the step alone.

        Args:
          batch: faces in a batch.
          complete: the step from which on all faces are there; until then they come in evenly.
          noise: normal noise on the features, in their standard deviations: faces that are seen again look a little different, and
            what they differ in hardly, which the noise hides, is not relied on.
          start: the step to begin with, so that a restart gives what would have come.
        """
        def generate():
            scale = noise * self.first(CHUNK).features.std(0)
            for step in itertools.count(start):
                there = min(self.faces, max(4 * batch, math.ceil(self.faces * (step + 1) / max(complete, 1))))
                self.first(there)
                random = np.random.default_rng([self._seed, step])
                faces = self._rows(random.integers(there, size=batch))
                yield faces._replace(features=faces.features + scale * random.standard_normal(faces.features.shape, np.float32))

        spec = EncodedFaces(*(tf.TensorSpec([batch, part.shape[1]]) for part in self._arrays))
        return tf.data.Dataset.from_generator(generate, output_signature=spec).prefetch(16)

    def _rows(self, rows):
        return EncodedFaces(*(part[rows] for part in self._arrays))

    def _add(self, number):
        """Adds the chunk of this number, read or drawn."""
        faces, rows = synthetic.sample(self._model, CHUNK, [self._seed, number]), slice(number * CHUNK, (number + 1) * CHUNK)
        path = self._folder / f"{number:06}.npy"
        features = self._kept(path)
        if features is None:
            features = self._drawn(faces)
            if self._writes:
                with replacing(path) as beside:
                    np.save(beside, features)
        for array, part in zip(self._arrays, (features, *faces.coefficients[:2]), strict=True):
            array[rows] = part
        self.there += CHUNK

    def _drawn(self, faces):
        start = time.perf_counter()
        features = np.concatenate([self._encode(tf.nest.map_structure(lambda part: part[first:first + AT_A_TIME], faces))
                                   for first in range(0, CHUNK, AT_A_TIME)])
        self.drawn, self.seconds = self.drawn + CHUNK, self.seconds + time.perf_counter() - start
        return features

    def _encoded(self, faces):
        return self._encoder(aligned_rendering.draw_model(self._model, faces.coefficients, faces.scene, self._encoder)).features

    def _kept(self, path):
        """The features in a file, or None where there is none that is whole."""
        try:
            features = np.load(path)
            if features.shape == (CHUNK, self._encoder.feature_size):
                return features
        except FileNotFoundError:
            return None
        except (OSError, ValueError, EOFError) as error:
            logging.warning("%s: damaged (%s), drawn anew", path, error)
        return None
