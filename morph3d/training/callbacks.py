"""Callbacks of a training run: progress bar, guard against numbers that are none, checkpoints.

On a GPU, reading a scalar waits until the device has caught up. So the scalars of a step come as tensors, and a callback reads
those that it needs.
"""
import math

import keras
import tqdm


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

    def _due(self, batch, every):
        """Whether at the end of this batch comes what comes every so many steps and at the end of a stage."""
        return self._step(batch) % every == 0 or self._step(batch) == self.params["stage"].last


class Progress(keras.callbacks.Callback):
    """A progress bar with the rate in photos (or synthetic faces) a second, the time left and the losses.

    Args:
      stage: Stage.
      start: the step it goes on with.
      shown: whether it is.
    """

    def __init__(self, stage, start, shown=True):
        super().__init__()
        self._faces = stage.faces
        self._bar = tqdm.tqdm(desc=f"{stage.name} stage", total=(stage.last - stage.first) * stage.faces, unit=f" {stage.unit}",
                              initial=(start - stage.first) * stage.faces, mininterval=1., dynamic_ncols=True, disable=not shown)

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
