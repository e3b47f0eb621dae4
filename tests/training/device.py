"""A device, as training sees it: a model that trains nothing and counts what is read of it."""
import keras
import numpy as np
import tensorflow as tf

from morph3d.training import loop


class Scalar:
    """A number on a device: sums and what TensorFlow makes of it stay there, and each reading is counted."""
    readings = 0

    def __init__(self, value):
        self._value = np.float32(value)

    def __add__(self, other):
        return Scalar(self._value + getattr(other, "_value", other))

    __radd__ = __add__

    def __float__(self):
        Scalar.readings += 1
        return float(self._value)

    def __array__(self, dtype=None, copy=None):
        return np.array(self._value, dtype)


class Device(keras.Model):
    """A model that trains nothing, and the Checkpoints of its run; what its step gives is `logs` of the step's number."""
    latest = "ckpt-7"

    def __init__(self, logs):
        super().__init__()
        self.logs, self.done, self.readings, self.saved, self.stages = logs, 0, 0, [], []
        self.compile(keras.optimizers.Adam())

    def make_train_function(self, force=False):
        def step(_):
            self.done += 1
            return {name: Scalar(value) for name, value in self.logs(self.done).items()}

        self.train_function = step

    @property
    def step(self):
        self.readings += 1
        return self.done

    def save(self):
        self.saved.append(self.done)
        return self.latest

    def save_stage(self, name):
        self.stages.append(name)

    def run(self, steps, *watchers):
        Scalar.readings = self.readings = 0
        stage = loop.Stage("synthetic", 0, steps, lambda start: tf.data.Dataset.counter().map(lambda step: step[None]), 1, "faces")
        loop.run(self, stage, self, watchers)
