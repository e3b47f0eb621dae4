"""A training of both stages that takes seconds, of a small decoder on a tiny model and a tiny encoder."""
import keras
import numpy as np
import tensorflow as tf

from morph3d import decoder, losses
from morph3d.data import hybrid, synthetic
from morph3d.encoders.base import Encoding
from morph3d.training import callbacks, checkpoints, loop, schedule
from morph3d.training.face_training import FaceTraining


def build(tiny_model, tiny_encoder, steps=(4, 4), weights=losses.LossWeights(), rate=1e-3):
    """A compiled FaceTraining, with its decoder standardized."""
    keras.utils.set_random_seed(0)
    network = decoder.build(tiny_encoder.feature_size, tiny_model.shape_size, tiny_model.texture_size, hidden=(32,))
    model = FaceTraining(network, tiny_model, tiny_encoder, weights, views=2)
    model.compile(keras.optimizers.Adam(schedule.TwoStageSchedule(steps, (rate, rate), warm_up=1)), jit_compile=False)
    decoder.standardize(network, model.synthetic_features(synthetic.sample(tiny_model, 64, [1, 1])))
    return model


def two_stages(tiny_model, tiny_encoder, steps=(4, 4)):
    """Stages of four synthetic faces, and of four of nine photos."""
    rng = np.random.default_rng(0)
    seen = tiny_encoder(rng.random([9, 32, 32, 3], np.float32))

    def photos(start):
        chosen = tf.data.Dataset.counter(start).map(lambda step: (tf.range(4, dtype=tf.int64) + step) % 9)
        return chosen.map(lambda numbers: Encoding(*(tf.gather(part, numbers) for part in seen)))

    first, last = steps[0], sum(steps)
    return (loop.Stage("synthetic", 0, first, lambda start: synthetic.batches(tiny_model, 4, 0, start), 4, "faces"),
            loop.Stage("hybrid", first, last, lambda start: hybrid.batches(photos(start), tiny_model, 3, 2, 2, 0, start), 3,
                         "photos"))


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
