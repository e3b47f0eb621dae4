"""Training loop: runs a stage from where it was left to its end, or until a signal asks it to stop."""
import contextlib
import signal
import threading
from collections.abc import Callable
from typing import NamedTuple

import keras
from absl import logging

from morph3d.training import callbacks, timing
from morph3d.training.distribution import ALONE


class Stage(NamedTuple):
    """A part of a run, its steps from `first` to `last`."""
    name: str
    first: int
    last: int
    batches: Callable  # the first step to draw -> an endless tf.data.Dataset
    faces: int  # in a batch, of the kind that `unit` names: synthetic ones, or the photos that are drawn
    unit: str
    finish: Callable = lambda: None  # called once all steps are done, before the decoder is kept; maybe again on a restart


class Terminated(SystemExit):
    """The end of a program, with exit code 0, whose run SIGTERM has stopped; it is saved."""


def run(model, stage, checkpoints, watchers, distribution=ALONE):
    """Trains `model` for what is left of `stage`, and keeps the decoder at its end under the stage's name.

    SIGINT (Ctrl-C) and SIGTERM let the step finish and have it saved; another SIGINT stops at once. Callbacks find the stage and
    the timing.Waits of its batches in their `params`.

    Args:
      model: FaceTraining, compiled.
      stage: Stage.
      checkpoints: Checkpoints; their step says where to go on.
      watchers: further Keras callbacks.
      distribution: Distribution; a signal to one worker stops all of them at the same step.

    Raises:
      KeyboardInterrupt, Terminated: the run was stopped by SIGINT or SIGTERM.
      NonFiniteLoss: a loss became infinite or not a number.
    """
    start = max(checkpoints.step, stage.first)
    with _signals() as received:
        if start < stage.last:
            stop = _StopOn(lambda: distribution.any(bool(received)))
            _fit(model, stage, start, [callbacks.StopOnNonFinite(checkpoints), *watchers, stop], distribution)
        if checkpoints.step == stage.last:  # also when the last try was stopped just before this
            stage.finish()
            checkpoints.save_stage(stage.name)
        if distribution.any(bool(received)):
            path = checkpoints.save()
            logging.info("stopped at step %d, saved: %s; start again to go on", checkpoints.step, path)
            raise KeyboardInterrupt if received[:1] == [signal.SIGINT] else Terminated


def _fit(model, stage, start, watchers, distribution):
    progress, waits = callbacks.Progress(stage, start, shown=distribution.chief), timing.Waits()
    batches = distribution.rows(waits.of(stage.batches(start)), stage.faces)
    try:
        # One Keras epoch: what happens every so many steps is the callbacks' affair.
        model.fit(batches, steps_per_epoch=stage.last - start, shuffle=False, verbose=0, callbacks=callbacks.CallbackList(
            [progress, *watchers], add_history=True, model=model, stage=stage, waits=waits))
    finally:
        progress.on_train_end()  # also after an error, whose line would otherwise come before the bar's last


class _StopOn(keras.callbacks.Callback):
    def __init__(self, asked):
        super().__init__()
        self._asked = asked

    def on_train_batch_end(self, batch, logs=None):
        if self._asked():
            self.model.stop_training = True


@contextlib.contextmanager
def _signals():
    """Yields the list of SIGINT and SIGTERM received so far, which so interrupt nothing; but a SIGINT after another signal does."""
    received = []

    def receive(number, frame):
        if received and number == signal.SIGINT:
            raise KeyboardInterrupt
        received.append(number)

    before = {}
    if threading.current_thread() is threading.main_thread():  # no other may have handlers
        before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    before = {number: handler for number, handler in before.items() if handler not in (signal.SIG_IGN, None)}
    try:
        for number in before:
            signal.signal(number, receive)
        yield received
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
