"""Callbacks of a training run: progress bar, guard against numbers that are none, checkpoints, TensorBoard.

On a GPU, reading a scalar waits until the device has caught up. So the scalars of a step come as tensors, and a callback reads
those that it needs.
"""
import io
import math

import keras
import matplotlib.figure
import numpy as np
import tensorflow as tf
import tqdm

from morph3d import aligned_rendering, images, scene
from morph3d.decoder import decode


class NonFiniteLoss(ArithmeticError):
    """A loss became infinite or not a number."""


class CallbackList(keras.callbacks.CallbackList):
    """Callbacks of `fit`, which are given the scalars of a step as tensors; Keras's own list would read all of them."""

    def on_train_batch_end(self, batch, logs=None):
        for callback in self.callbacks:
            callback.on_train_batch_end(batch, logs)


class RunCallback(keras.callbacks.Callback):
    """A callback with the step of the run, which is not read from the device each time.

    Args:
      checkpoints: Checkpoints.
    """

    def __init__(self, checkpoints):
        super().__init__()
        self._checkpoints = checkpoints

    def on_train_begin(self, logs=None):
        self._start = self._checkpoints.step

    def _step(self, batch):
        """How many steps the run has made at the end of this batch of `fit`."""
        return self._start + batch + 1


class Progress(keras.callbacks.Callback):
    """A progress bar with the rate in photos (or synthetic faces) a second, the time left and the losses.

    Args:
      stage: Stage.
      start: the step it goes on with.
    """

    def __init__(self, stage, start):
        super().__init__()
        self._faces = stage.faces
        self._bar = tqdm.tqdm(desc=f"{stage.name} stage", total=(stage.last - stage.first) * stage.faces, unit=f" {stage.unit}",
                              initial=(start - stage.first) * stage.faces, mininterval=1., dynamic_ncols=True)

    def on_train_batch_end(self, batch, logs=None):
        self._bar.update(self._faces)
        if batch % 10 == 0:
            self._bar.set_postfix({name: f"{float(value):.3g}" for name, value in logs.items()}, refresh=False)

    def on_train_end(self, logs=None):
        self._bar.close()


class StopOnNonFinite(RunCallback):
    """Ends training with NonFiniteLoss at the step that breaks; what was saved before stays the newest checkpoint."""

    def on_train_batch_end(self, batch, logs=None):
        if math.isfinite(float(sum(logs.values()))):  # one scalar to read, and not finite where any of them is not
            return
        broken = [name for name, value in logs.items() if not math.isfinite(float(value))]
        if broken:
            # The sum breaks with each of its terms; the term is what one wants to know.
            named = [name for name in broken if name not in ("loss", "gradient")] or broken
            raise NonFiniteLoss(f"step {self._step(batch)}: {', '.join(named)} is not finite; "
                                f"the last good checkpoint is {self._checkpoints.latest or 'none yet'}. "
                                f"Go on from it with smaller learning rates")


class SaveCheckpoints(RunCallback):
    """Saves every `every` steps and when training ends."""

    def __init__(self, checkpoints, every):
        super().__init__(checkpoints)
        self._every = every

    def on_train_batch_end(self, batch, logs=None):
        if self._step(batch) % self._every == 0:
            self._checkpoints.save()

    def on_train_end(self, logs=None):
        self._checkpoints.save()


class Scalars(RunCallback):
    """Writes every loss and the learning rate to TensorBoard, each 10 steps.

    Args:
      folder: for the event files.
      checkpoints: Checkpoints.
    """

    def __init__(self, folder, checkpoints):
        super().__init__(checkpoints)
        self._writer = tf.summary.create_file_writer(str(folder))

    def on_train_batch_end(self, batch, logs=None):
        step = self._step(batch)
        if step % 10 == 0:
            with self._writer.as_default(step):
                for name, value in logs.items():
                    tf.summary.scalar(f"loss/{name}", value)
                tf.summary.scalar("learning_rate", self.model.optimizer.learning_rate)

    def on_train_end(self, logs=None):
        self._writer.flush()


class Pictures(RunCallback):
    """Writes photos beside their faces and the distribution of the coefficients to TensorBoard, each `every` steps.

    Args:
      folder: for the event files.
      checkpoints: Checkpoints.
      morphable: MorphableModel.
      encoder: gives the framing of the pictures.
      features: [N, D] of photos, for the distribution of their coefficients.
      crops: [M, size, size, 3] uint8 photos to be shown beside their faces; there may be none.
      shown: their Encoding [M, .].
      every: steps.
    """

    def __init__(self, folder, checkpoints, morphable, encoder, features, crops, shown, every):
        super().__init__(checkpoints)
        self._writer, self._every = tf.summary.create_file_writer(str(folder)), every
        self._morphable, self._encoder = morphable, encoder
        self._features, self._crops, self._shown = features, crops, shown.features

    def on_train_batch_end(self, batch, logs=None):
        if self._step(batch) % self._every == 0:
            self._write_pictures(self._step(batch))

    def on_train_end(self, logs=None):
        if self._checkpoints.step % self._every:
            self._write_pictures(self._checkpoints.step)
        self._writer.flush()

    def _write_pictures(self, step):
        coefficients = decode(self.model.decoder, self._features)
        with self._writer.as_default(step):
            if len(self._crops):
                beside = self._beside(decode(self.model.decoder, self._shown))
                tf.summary.image("photo and face", beside, max_outputs=len(self._crops))
            for name in ("shape", "texture"):
                values = getattr(coefficients, name)
                tf.summary.histogram(f"coefficients/{name}", values)
                tf.summary.scalar(f"coefficients/{name}_standard_deviation", tf.reduce_mean(tf.math.reduce_std(values, 0)))
            tf.summary.image("coefficients", distribution_picture(coefficients)[None])

    def _beside(self, coefficients):
        count = len(self._crops)
        views = [aligned_rendering.draw_model(self._morphable, coefficients, scene.studio(count, yaw), self._encoder)
                 for yaw in (0., .6)]
        return tf.concat([images.to_float(self._crops), *views], 2)


def distribution_picture(coefficients):
    """Densities of all predicted coefficients over the standard normal density, uint8 [height, width, 3]."""
    figure = matplotlib.figure.Figure(figsize=(8, 3), dpi=100, layout="constrained")
    x = np.linspace(-4., 4., 200)
    for axes, name in zip(figure.subplots(1, 2), ("shape", "texture")):
        values = getattr(coefficients, name).numpy()
        axes.hist(np.clip(values, -4., 4.).ravel(), 80, density=True, label=f"predicted, deviation {values.std(0).mean():.2f}")
        axes.plot(x, np.exp(-x**2 / 2.) / np.sqrt(2. * np.pi), label="standard normal")
        axes.set(title=f"{name} coefficients", yticks=[])
        axes.legend(fontsize="small")
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png")
    return tf.io.decode_png(buffer.getvalue(), 3)
