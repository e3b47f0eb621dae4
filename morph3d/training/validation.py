"""Validation of a training run on synthetic faces that it has not seen: how far what the decoder reads is from the truth."""
import math
import pathlib

import tensorflow as tf
from absl import logging

from morph3d.data.synthetic_store import SyntheticStore
from morph3d.decoder import RENDERINGS, decode
from morph3d.morphable.coefficients import Coefficients

UNSEEN = 2048  # faces
AT_A_TIME = 64


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


def tell(name, decoder, model, faces):
    """Logs the errors at the end of a stage."""
    errors = vertex_errors(decoder, model, faces)
    logging.info("%s stage: mean vertex error of %d unseen faces: %s", name, len(faces.shape), ", ".join(
        f"{kind} {error:.3f} mm" for kind, error in errors.items()))


def _mean_distance(model, differences):
    """Of faces whose shape coefficients differ by [N, S]."""
    def total(part):
        vertices, _ = model.instance(Coefficients(part, tf.zeros([len(part), model.texture_size])))
        return float(tf.reduce_sum(tf.norm(vertices - model.mean_vertices, axis=-1)))

    parts = (differences[first:first + AT_A_TIME] for first in range(0, len(differences), AT_A_TIME))
    return math.fsum(map(total, parts)) / (len(differences) * model.mean_vertices.shape[0])
