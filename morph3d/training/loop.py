"""The training loop: runs a stage from where it was left to its end."""
from collections.abc import Callable
from typing import NamedTuple

from morph3d.training import callbacks


class Stage(NamedTuple):
    """Steps `first` to `last` of a run."""
    name: str
    first: int
    last: int
    batches: Callable  # the first step to draw -> an endless tf.data.Dataset
    faces: int  # in a batch, of the kind that `unit` names
    unit: str


def run(model, stage, checkpoints, watchers):
    """Trains `model` for what is left of `stage`, and keeps the decoder at its end under the stage's name.

    Args:
      model: FaceTraining, compiled.
      stage: Stage.
      checkpoints: Checkpoints; their step says where to go on.
      watchers: further Keras callbacks.
    """
    start = max(checkpoints.step, stage.first)
    if start < stage.last:
        # One Keras epoch: what happens every so many steps is the callbacks' affair.
        model.fit(stage.batches(start), steps_per_epoch=stage.last - start, shuffle=False, verbose=0,
                  callbacks=[callbacks.StopOnNonFinite(checkpoints), callbacks.Progress(stage, start), *watchers])
    if checkpoints.step == stage.last:  # also when the last try was stopped just before this
        checkpoints.save_stage(stage.name)
