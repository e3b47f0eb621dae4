"""Validation of a training run: on people whose photos it has not seen, and on synthetic faces that it has not seen."""
import math
import pathlib
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf
from absl import logging

from morph3d import aligned_rendering, colors, scene
from morph3d.data.prepared.people import Gallery
from morph3d.data.synthetic_store import EncodedFaces, SyntheticStore
from morph3d.decoder import RENDERINGS, decode, readings
from morph3d.encoders import skin_color
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
            errors, likenesses, tones = self._figures()
            with self._writer.as_default(self._step(batch)):
                for group, figures in ("", likenesses), ("vertex_error_mm/", errors), ("skin/", tones):
                    for name, value in figures.items():
                        tf.summary.scalar(f"validation/{group}{name}", value)
            if likenesses:
                self._keep_best(likenesses)
            if self._step(batch) == self.params["stage"].last:
                self._at_the_end = errors, likenesses

    def on_train_end(self, logs=None):
        self._writer.flush()
        if self._at_the_end:  # told now that the progress bar is closed
            _tell(self.params["stage"].name, *self._at_the_end)

    def _figures(self):
        """-> what `vertex_errors` finds, what `likeness` does and what `skin` does; {} for the latter where nobody is held out."""
        model, encoder, unseen, gallery = self._measure
        errors = vertex_errors(self.model.decoder, model, unseen)
        if not gallery:
            return errors, {}, {}
        faces = frontal(self.model.decoder, model, encoder, gallery.photos)
        return errors, likeness(faces, encoder, gallery), skin(faces, encoder, gallery)

    def _keep_best(self, likenesses):
        best = self._checkpoints.best
        if best is None or (likenesses["top1"], likenesses["cosine"]) > (best["top1"], best["cosine"]):
            self._checkpoints.save_best(likenesses)


def frontal(decoder, model, encoder, photos):
    """The faces made of photos, an Encoding [N, .]: renderings from the front, [N, size, size, 3] NumPy, sRGB in 0..1."""
    drawn = []
    for first in range(0, len(photos.features), AT_A_TIME):
        coefficients = decode(decoder, photos.features[first:first + AT_A_TIME])
        drawn.append(aligned_rendering.draw_model(model, coefficients, scene.studio(len(coefficients.shape)), encoder))
    return np.concatenate(drawn)


def likeness(faces, encoder, gallery):
    """How alike the faces made of one photo of each person are, to the recognizer that they are trained with.

    It finds its own marks in them, so these figures rank the decoders of a run and say nothing of how alike faces are; that is for
    an independent one (morph3d-evaluate).

    Args:
      faces: of `frontal`, of the gallery's photos.
      encoder, gallery: see Measure.

    Returns:
      {"top1": share of the renderings that are nearer to another photo of their person (or to the same, where there is one) than to
      those of all others, "cosine": mean cosine with it}.
    """
    identities = np.concatenate([encoder(faces[first:first + AT_A_TIME]).identity for first in range(0, len(faces), AT_A_TIME)])
    cosines = identities @ gallery.others.T
    return {"top1": float(np.mean(cosines.argmax(1) == np.arange(len(cosines)))), "cosine": float(np.diagonal(cosines).mean())}


def skin(faces, encoder, gallery):
    """How near the skin of faces is to that of the other photo of their person, which light and camera have tinted; takes what
    `likeness` does.

    Skin is the mean color of both cheeks, in CIELAB. Gray photos are left out.

    Returns:
      {"correlation_L", "bias_L", the same of a and b, "dE": mean distance (CIE 1976)}, or {} where fewer than three photos are
      left, or crops are not stored.
    """
    colored = np.flatnonzero(~skin_color.is_gray(gallery.other_crops / 255.))
    if len(colored) < 3:
        return {}
    cheeks = skin_color.weights(encoder.template, encoder.image_size, skin_color.CHEEKS).mean(0)
    lab, others = (colors.lab_from_srgb(np.einsum("hw,nhwc->nc", cheeks, pictures))
                   for pictures in (faces[colored], gallery.other_crops[colored] / 255.))
    error, (one, other) = lab - others, ((part - part.mean(0)) / np.maximum(part.std(0), 1e-6) for part in (lab, others))
    found = {"correlation": (one * other).mean(0), "bias": error.mean(0)}
    channels = {f"{name}_{channel}": value for name, values in found.items() for channel, value in zip("Lab", values)}
    return channels | {"dE": np.linalg.norm(error, axis=1).mean()}


def unseen_faces(folder, model, encoder, seed):
    """EncodedFaces [UNSEEN, .] that a training with this seed does not see; they are kept in the run's folder."""
    return SyntheticStore(pathlib.Path(folder, "unseen_faces"), model, encoder, UNSEEN, seed + 1).first(UNSEEN)


def vertex_errors(decoder, model, faces):
    """Mean distances of the vertices of EncodedFaces from the truth, mm: {"expected", "read", "mean face"}.

    "expected" are the expected faces, "read" those that differ as people do. Nothing is aligned.
    """
    read, expected = (coefficients.shape for coefficients in readings(decoder, faces.features, RENDERINGS))
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
