"""A training of both stages that takes seconds, of a small decoder on a tiny model and a tiny encoder."""
import tempfile

import keras
import numpy as np
import tensorflow as tf

from morph3d import decoder
from morph3d.data.synthetic_store import SyntheticStore
from morph3d.encoders.base import Encoding
from morph3d.training import callbacks, checkpoints, loop, train
from morph3d.training.config import HybridStage, LossWeights, SyntheticStage, TrainingConfig


def config(steps, weights=LossWeights(), rate=1e-3):
    """Stages of four synthetic faces, and of four photos of which three are drawn twice."""
    synthetic = SyntheticStage(faces=256, steps=steps[0], batch=4, learning_rate=rate)
    hybrid = HybridStage(steps[1], photo_batch=4, drawn_photos=3, views=2, synthetic_batch=2, learning_rate=rate)
    return TrainingConfig("photos", "run", losses=weights, synthetic=synthetic, hybrid=hybrid)


def store(tiny_model, tiny_encoder):
    """The synthetic faces of the training, drawn anew each time."""
    return SyntheticStore(tempfile.mkdtemp(), tiny_model, tiny_encoder, 256, 0)


def build(tiny_model, tiny_encoder, steps=(4, 4), weights=LossWeights(), rate=1e-3):
    """A compiled FaceTraining, with its decoder standardized."""
    model = train.assemble(config(steps, weights, rate), tiny_model, tiny_encoder)
    seen = store(tiny_model, tiny_encoder).first(64).features
    decoder.standardize(model.decoder, seen, seen)
    return model


def two_stages(tiny_model, tiny_encoder, steps=(4, 4)):
    """The stages, of nine photos in all."""
    rng = np.random.default_rng(0)
    seen = tiny_encoder(rng.random([9, 32, 32, 3], np.float32))

    def photos(start):
        chosen = tf.data.Dataset.counter(start).map(lambda step: (tf.range(4, dtype=tf.int64) + step) % 9)
        return chosen.map(lambda numbers: Encoding(*(tf.gather(part, numbers) for part in seen)))

    return train.stages(config(steps), store(tiny_model, tiny_encoder), photos)


def run(model, folder, parts, extra=()):
    """Goes through the stages, saving each 3 steps. -> Checkpoints"""
    saved = checkpoints.Checkpoints(folder, model.decoder, model.optimizer)
    saved.restore()
    for stage in parts:
        loop.run(model, stage, saved, [callbacks.SaveCheckpoints(saved, 3), *extra])
    return saved


def numbers(model):
    return [variable.numpy() for variable in model.decoder.variables]


class History(keras.callbacks.Callback):
    """The losses of each step."""

    def __init__(self):
        super().__init__()
        self.logs = []

    def on_train_batch_end(self, batch, logs=None):
        self.logs.append({name: float(value) for name, value in logs.items()})
