"""A program that trains alone and by two replicas, logical devices of the CPU, and keeps what came of it.

    python -m tests.training.replicas FILE.npz

A process has to split its CPU before TensorFlow does anything else; so this is one of its own.
"""
import dataclasses
import pathlib
import shutil
import sys
import tempfile
import time
import types

import keras
import numpy as np
import tensorflow as tf

import conftest
from morph3d import decoder
from morph3d.data.synthetic_store import SyntheticStore
from morph3d.encoders.base import Encoding
from morph3d.training import callbacks, checkpoints, loop, train
from morph3d.training.config import HybridStage, SyntheticStage, TrainingConfig
from morph3d.training.distribution import Distribution
from tests.training.tiny_training import History

LOSSES = ("parameter", "read_parameter", "identity", "batch", "loopback")
RATE = 1e-2
CONFIG = TrainingConfig(
    "photos", "run", synthetic=SyntheticStage(faces=256, steps=4, batch=4, learning_rate=RATE),
    hybrid=HybridStage(4, photo_batch=6, drawn_photos=4, views=2, synthetic_batch=2, learning_rate=RATE))


class Training:
    """A training of the tiny model and encoder in a folder."""

    def __init__(self, kind, folder, config=CONFIG):
        parts = conftest.tiny_model.__wrapped__(), conftest.tiny_encoder.__wrapped__()
        self.distribution = Distribution(kind)
        self.model = train.assemble(config, *parts, self.distribution)
        store = SyntheticStore(folder / "faces", *parts, 256, 0)
        seen = store.first(64).features
        decoder.standardize(self.model.decoder, seen, seen)
        encoded = parts[1](np.random.default_rng(0).random([9, 32, 32, 3], np.float32))

        def photos(start):
            chosen = tf.data.Dataset.counter(start).map(lambda step: (tf.range(6, dtype=tf.int64) + step) % 9)
            return chosen.map(lambda rows: Encoding(*(tf.gather(part, rows) for part in encoded)))

        first, last = train.stages(config, store, photos)
        self.stages = first._replace(finish=lambda: decoder.spread(self.model.decoder, encoded.features)), last

    def run(self, folder):
        """Goes on from what the folder holds. -> {name: the losses of each step}"""
        history = History()
        with self.distribution.strategy.scope():
            saved = checkpoints.Checkpoints(folder, self.model.decoder, self.model.optimizer)
        saved.restore()
        for stage in self.stages:
            loop.run(self.model, stage, saved, [callbacks.SaveCheckpoints(saved, 3), history], self.distribution)
        return {name: [logs[name] for logs in history.logs if name in logs] for name in history.logs[-1]}

    def step(self, batches, watchers=()):
        """A step on the first batch of a dataset."""
        self.model.fit(self.distribution.rows(batches, CONFIG.hybrid.drawn_photos), steps_per_epoch=1, shuffle=False, verbose=0,
                       callbacks=callbacks.CallbackList(watchers, model=self.model, add_history=True))

    def values(self):
        """The decoder's variables, {path: array}."""
        return {variable.path: variable.numpy() for variable in self.model.decoder.variables}


def shaken(values):
    """A decoder's variables, {path: array}, none of which is zero, as parts of the one that training begins with are."""
    rng = np.random.default_rng(0)
    return {path: value + np.float32(rng.normal(0., .02, value.shape)) for path, value in values.items()}


def gradients(training, before):
    """{loss: the gradient of it alone, {path: array}}: what a step of plain descent changes, which begins with these variables."""
    with training.distribution.strategy.scope():
        training.model.compile(keras.optimizers.SGD(1.), jit_compile=False)
    for variable in training.model.decoder.trainable_variables:
        variable.constraint = None  # which would move what a loss does not
    training.model.weights_of_losses = types.SimpleNamespace(**{name: tf.Variable(0.) for name in LOSSES})
    found = {}
    for loss in LOSSES:
        for name, weight in vars(training.model.weights_of_losses).items():
            weight.assign(float(name == loss))
        for variable in training.model.decoder.variables:
            variable.assign(before[variable.path])
        training.step(training.stages[1].batches(4))
        found[loss] = {path: before[path] - after for path, after in training.values().items()}
    return found


def overflow(alone, folder):
    """A step in half precision, with a face whose gradient is too large for it in the second replica alone.

    -> {"step", "scale", "gradient", "change"}.
    """
    training, history = Training("mirrored", folder, dataclasses.replace(CONFIG, precision="mixed_float16")), History()
    optimizer, before = training.model.optimizer, training.values()
    with training.distribution.strategy.scope():
        optimizer.build(training.model.decoder.trainable_variables)

    def with_a_giant(batch):
        faces = batch["synthetic"]
        return {"synthetic": faces._replace(shape=faces.shape * [[1.], [1.], [1.], [1e6]])}

    training.step(alone.stages[0].batches(0).map(with_a_giant), [history])
    change = max(np.abs(before[path] - after).max() for path, after in training.values().items())
    return {"step": optimizer.iterations.numpy(), "scale": optimizer.dynamic_scale.numpy(), "change": change, **history.logs[0]}


class Waited(keras.callbacks.Callback):
    """How long the batches of the steps after the first two were waited for, and how long these steps took."""

    def on_train_batch_begin(self, batch, logs=None):
        if batch == 2:
            self._begin = self._now()

    def on_train_end(self, logs=None):
        self.waited, self.passed = self._now() - self._begin

    def _now(self):
        return np.array([self.params["waits"].seconds, time.perf_counter()])


def slow_input(training, folder):
    """Twelve steps of stage 1 whose batches take a tenth of a second each. -> {"waited", "passed"}, seconds."""
    first, watcher = training.stages[0], Waited()

    def late(number):
        time.sleep(.1)
        return number

    def slow(start):
        numbers = tf.data.Dataset.counter().map(lambda number: tf.numpy_function(late, [number], tf.int64))
        return tf.data.Dataset.zip(first.batches(start), numbers).map(lambda batch, _: batch)

    saved = checkpoints.Checkpoints(folder, training.model.decoder, training.model.optimizer)
    training.model.optimizer.iterations.assign(0)
    loop.run(training.model, first._replace(last=12, batches=slow), saved, [watcher], training.distribution)
    return {"waited": watcher.waited, "passed": watcher.passed}


def main(file):
    found, folder = {}, pathlib.Path(tempfile.mkdtemp())

    def keep(name, parts):
        found.update({f"{name}/{key}": part for key, part in parts.items()})

    trainings = {kind: Training(kind, folder) for kind in ("none", "mirrored")}
    begin = shaken(trainings["none"].values())
    for kind, training in trainings.items():
        keep(f"before/{kind}", training.values())
        keep(f"losses/{kind}", training.run(folder / kind))
        keep(f"after/{kind}", training.values())
    for kind, training in trainings.items():  # which goes on where the other kind was at step 6
        other = {"none": "mirrored", "mirrored": "none"}[kind]
        resumed = shutil.copytree(folder / other, folder / f"resumed {kind}", ignore=shutil.ignore_patterns("ckpt-8.*"))
        training.run(resumed)
        keep(f"resumed/{kind}", training.values())
    for kind, training in trainings.items():
        keep(f"waits/{kind}", slow_input(training, folder / f"slow {kind}"))
        for loss, parts in gradients(training, begin).items():
            keep(f"gradient/{loss}/{kind}", parts)
    keep("overflow", overflow(trainings["none"], folder))
    np.savez(file, **found)


if __name__ == "__main__":
    tf.config.set_logical_device_configuration(tf.config.list_physical_devices("CPU")[0],
                                               [tf.config.LogicalDeviceConfiguration()] * 2)
    main(sys.argv[1])
