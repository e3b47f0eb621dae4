"""What TensorBoard shows of a run in numbers: its scalars, its settings, and the profiler's traces."""
import time

import tensorflow as tf
from tensorboard.plugins.hparams import api as hparams

from morph3d.training.callbacks import RunCallback

EVERY = 10  # steps between scalars
WARM_UP = 10  # steps of a stage before the profiler's


class Scalars(RunCallback):
    """Writes every loss, the learning rate, the speed and where the time goes, each 10 steps.

    How long steps waited for their batches is measured: the share of time in input. What is inside a step cannot be: the shares of
    its parts are the seconds each takes alone, over those of a step.

    Args:
      writer: of TensorFlow's summaries.
      checkpoints: Checkpoints.
      part_seconds: gives {part: seconds}, of a step that draws; it is asked once in each start of such a stage. None: no parts.
    """

    def __init__(self, writer, checkpoints, part_seconds=None):
        super().__init__(checkpoints)
        self._writer, self._part_seconds = writer, part_seconds

    def on_train_begin(self, logs=None):
        super().on_train_begin(logs)
        self._parts = {}
        self._begin()

    def on_train_batch_begin(self, batch, logs=None):
        self._begun = time.perf_counter()

    def on_train_batch_end(self, batch, logs=None):
        if batch == 0:  # which made the graph, and filled what reads ahead
            self._begin()
        else:
            self._steps, self._seconds = self._steps + 1, self._seconds + time.perf_counter() - self._begun
        if self._step(batch) % EVERY == 0:
            self._write(self._step(batch), logs)
            self._begin()

    def on_train_end(self, logs=None):
        self._writer.flush()

    def _begin(self):
        self._steps, self._seconds, self._waited = 0, 0., self.params["waits"].seconds

    def _write(self, step, logs):
        with self._writer.as_default(step):
            for name, value in logs.items():
                tf.summary.scalar(f"loss/{name}", value)
            tf.summary.scalar("learning_rate", self.model.optimizer.learning_rate)
            if self._steps:
                stage = self.params["stage"]
                tf.summary.scalar(f"{stage.unit}_per_second", stage.faces * self._steps / self._seconds)
                for name, share in self._shares("identity" in logs).items():
                    tf.summary.scalar(f"share_of_time/{name}", share)

    def _shares(self, draws):
        if draws and self._part_seconds and not self._parts:
            self._parts = self._part_seconds()
        waited = self.params["waits"].seconds - self._waited
        return {"input": waited / self._seconds,
                **{name: seconds * self._steps / self._seconds for name, seconds in self._parts.items()}}


class Trace(RunCallback):
    """Has TensorFlow's profiler trace some steps of each stage, once they go their usual way.

    Args:
      folder: of the TensorBoard log.
      checkpoints: Checkpoints.
      steps: how many.
    """

    def __init__(self, folder, checkpoints, steps):
        super().__init__(checkpoints)
        self._folder, self._steps, self._running = str(folder), steps, False

    def on_train_batch_begin(self, batch, logs=None):
        if batch == WARM_UP:
            tf.profiler.experimental.start(self._folder)
            self._running = True

    def on_train_batch_end(self, batch, logs=None):
        if batch + 1 == WARM_UP + self._steps:
            self._stop()

    def on_train_end(self, logs=None):
        self._stop()

    def _stop(self):
        if self._running:
            tf.profiler.experimental.stop()
            self._running = False


def write_settings(writer, settings):
    """Puts a run's settings {name: value} into TensorBoard's table of hyperparameters, which shows the last scalars beside them."""
    with writer.as_default(0):
        hparams.hparams({name: value for name, value in settings.items() if value is not None})
