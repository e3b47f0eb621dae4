"""Training loop: runs a stage from where it was left to its end, or until a signal asks it to stop."""
import contextlib
import signal
import threading
from collections.abc import Callable
from typing import NamedTuple

import keras
from absl import logging

from morph3d.training import callbacks, timing


class Stage(NamedTuple):
    """A part of a run, its steps from `first` to `last`."""
    name: str
    first: int
    last: int
    batches: Callable  # the first step to draw -> an endless tf.data.Dataset
    faces: int  # in a batch, of the kind that `unit` names
    unit: str
    finish: Callable = lambda: None  # called once all steps are done, before the decoder is kept; maybe again on a restart


class Terminated(SystemExit):
    """The end of a program, with exit code 0, whose run SIGTERM has stopped; it is saved."""


def run(model, stage, checkpoints, watchers):
    """Trains `model` for what is left of `stage`, and keeps the decoder at its end under the stage's name.

    SIGINT (Ctrl-C) and SIGTERM let the step finish and have it saved; another SIGINT stops at once. Callbacks find the stage and
    the timing.Waits of its batches in their `params`.

    Args:
      model: FaceTraining, compiled.
      stage: Stage.
      checkpoints: Checkpoints; their step says where to go on.
      watchers: further Keras callbacks.

    Raises:
      KeyboardInterrupt, Terminated: the run was stopped by SIGINT or SIGTERM.
      NonFiniteLoss: a loss became infinite or not a number.
    """
    start = max(checkpoints.step, stage.first)
    with _signals() as received:
        if start < stage.last:
            watchers = [callbacks.StopOnNonFinite(checkpoints), callbacks.Progress(stage, start), *watchers, _StopOn(received)]
            waits = timing.Waits()
            # One Keras epoch: what happens every so many steps is the callbacks' affair.
            model.fit(waits.of(stage.batches(start)), steps_per_epoch=stage.last - start, shuffle=False, verbose=0,
                      callbacks=callbacks.CallbackList(watchers, add_history=True, model=model, stage=stage, waits=waits))
        if checkpoints.step == stage.last:  # also when the last try was stopped just before this
            stage.finish()
            checkpoints.save_stage(stage.name)
        if received:
            path = checkpoints.save()
            logging.info("stopped at step %d, saved: %s; start again to go on", checkpoints.step, path)
            raise Terminated if received[0] == signal.SIGTERM else KeyboardInterrupt


class _StopOn(keras.callbacks.Callback):
    def __init__(self, received):
        super().__init__()
        self._received = received

    def on_train_batch_end(self, batch, logs=None):
        if self._received:
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
