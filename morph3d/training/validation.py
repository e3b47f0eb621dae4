"""Validation of a training run: on people whose photos it has not seen, and on synthetic faces that it has not seen."""
import math
import pathlib
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf
from absl import logging

from morph3d import aligned_rendering, scene
from morph3d.data.prepared.people import Gallery
from morph3d.data.synthetic_store import EncodedFaces, SyntheticStore
from morph3d.decoder import RENDERINGS, decode
from morph3d.morphable.coefficients import Coefficients
from morph3d.training.callbacks import RunCallback

UNSEEN = 512  # faces
AT_A_TIME = 64


class Measure(NamedTuple):
    """All that a decoder is measured by."""
    model: Any  # MorphableModel
    encoder: Any  # Encoder
    unseen: EncodedFaces  # [UNSEEN, .]
    gallery: Gallery | None  # of the people held out of training, if some are


class Validation(RunCallback):
    """Measures the decoder each `every` steps and at the end of a stage, and keeps the best: see `likeness`.

    The best is who finds the right person the most often, and of equals who has the greater cosine.

    Args:
      writer: of TensorFlow's summaries.
      checkpoints: Checkpoints.
      measure: Measure.
      every: steps.
    """

    def __init__(self, writer, checkpoints, measure, every):
        super().__init__(checkpoints)
        self._writer, self._measure, self._every = writer, measure, every

    def on_train_begin(self, logs=None):
        super().on_train_begin(logs)
        self._at_the_end = None

    def on_train_batch_end(self, batch, logs=None):
        if self._due(batch, self._every):
            errors, likenesses = self._figures()
            with self._writer.as_default(self._step(batch)):
                for name, value in (likenesses | {f"vertex_error_mm/{kind}": error for kind, error in errors.items()}).items():
                    tf.summary.scalar(f"validation/{name}", value)
            if likenesses:
                self._keep_best(likenesses)
            if self._step(batch) == self.params["stage"].last:
                self._at_the_end = errors, likenesses

    def on_train_end(self, logs=None):
        self._writer.flush()
        if self._at_the_end:  # told now that the progress bar is closed
            _tell(self.params["stage"].name, *self._at_the_end)

    def _figures(self):
        """-> what `vertex_errors` finds, and what `likeness` does, or {} where nobody is held out."""
        model, encoder, unseen, gallery = self._measure
        decoder = self.model.decoder
        return vertex_errors(decoder, model, unseen), likeness(decoder, model, encoder, gallery) if gallery else {}

    def _keep_best(self, likenesses):
        best = self._checkpoints.best
        if best is None or (likenesses["top1"], likenesses["cosine"]) > (best["top1"], best["cosine"]):
            self._checkpoints.save_best(likenesses)


def likeness(decoder, model, encoder, gallery):
    """How alike the faces made of one photo of each person are, to the recognizer that they are trained with.

    It finds its own marks in them, so these figures rank the decoders of a run and say nothing of how alike faces are; that is for
    an independent one (morph3d-evaluate).

    Returns:
      {"top1": share of the frontal renderings that are nearer to another photo of their person (or to the same, where there is one)
      than to those of all others, "cosine": mean cosine with it}.
    """
    drawn = []
    for first in range(0, len(gallery.others), AT_A_TIME):
        coefficients = decode(decoder, gallery.photos.features[first:first + AT_A_TIME])
        faces = aligned_rendering.draw_model(model, coefficients, scene.studio(len(coefficients.shape)), encoder)
        drawn.append(encoder(faces).identity)
    cosines = np.concatenate(drawn) @ gallery.others.T
    return {"top1": float(np.mean(cosines.argmax(1) == np.arange(len(cosines)))), "cosine": float(np.diagonal(cosines).mean())}


def unseen_faces(folder, model, encoder, seed):
    """EncodedFaces [UNSEEN, .] that a training with this seed does not see; they are kept in the run's folder."""
    return SyntheticStore(pathlib.Path(folder, "unseen_faces"), model, encoder, UNSEEN, seed + 1).first(UNSEEN)


def vertex_errors(decoder, model, faces):
    """Mean distances of the vertices of EncodedFaces from the truth, mm: {"expected", "read", "mean face"}.

    "expected" are the expected faces, "read" those that differ as people do. Nothing is aligned.
    """
    read, expected = (decode(decoder, faces.features, RENDERINGS, choice).shape for choice in (False, True))
    found = {"expected": expected, "read": read, "mean face": tf.zeros_like(read)}
    return {name: _mean_distance(model, shape - faces.shape) for name, shape in found.items()}


def _tell(stage, errors, likenesses):
    logging.info("%s stage: mean vertex error of unseen faces: %s%s", stage, ", ".join(
        f"{kind} {error:.3f} mm" for kind, error in errors.items()), f"; {told(likenesses)}" if likenesses else "")


def told(likenesses):
    """What `likeness` has found, in words."""
    return "on the people held out top-1 {top1:.3f}, mean cosine {cosine:.3f}, by the encoder of the training".format(**likenesses)


def _mean_distance(model, differences):
    """Of faces whose shape coefficients differ by [N, S]."""
    def total(part):
        vertices, _ = model.instance(Coefficients(part, tf.zeros([len(part), model.texture_size])))
        return float(tf.reduce_sum(tf.norm(vertices - model.mean_vertices, axis=-1)))

    parts = (differences[first:first + AT_A_TIME] for first in range(0, len(differences), AT_A_TIME))
    return math.fsum(map(total, parts)) / (len(differences) * model.mean_vertices.shape[0])
