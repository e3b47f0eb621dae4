"""What a run leaves on the disk, so that it can go on exactly where it stopped, and only with what it began with."""
import contextlib
import json
import pathlib

import tensorflow as tf

from morph3d import files


class Checkpoints:
    """The decoder and the optimiser's whole state under `folder`; the newest three are kept.

    Since batches are a function of (seed, step), these and the step are all that an exact resume needs.

    Args:
      folder: is made if need be.
      decoder: Keras model.
      optimizer: Keras optimizer; its `iterations` is the step.
    """

    def __init__(self, folder, decoder, optimizer):
        optimizer.build(decoder.trainable_variables)
        self._folder, self._decoder, self._optimizer = folder, decoder, optimizer
        checkpoint = tf.train.Checkpoint(decoder=decoder, optimizer=optimizer)
        self._manager = tf.train.CheckpointManager(checkpoint, str(folder), max_to_keep=3)

    @property
    def latest(self):
        """The newest checkpoint's path, None before the first."""
        return self._manager.latest_checkpoint

    @property
    def step(self):
        return int(self._optimizer.iterations.numpy())

    def save(self):
        return self._manager.save(checkpoint_number=self.step)

    def save_stage(self, name):
        """Keeps the decoder as it is at the end of a stage, as the checkpoint `name`, whatever comes after."""
        return tf.train.Checkpoint(decoder=self._decoder).write(str(pathlib.Path(self._folder, name)))

    def restore(self):
        """Takes the newest checkpoint, if there is one. -> the step to go on with."""
        if self.latest:
            with _of_this_model(self.latest):
                self._manager.checkpoint.restore(self.latest).assert_existing_objects_matched()
        return self.step


def restore_decoder(folder, decoder, path=None):
    """Fills `decoder` from the checkpoint `path`, or from the newest in `folder`.

    Raises:
      ValueError: there is none, or it belongs to another decoder.
    """
    path = str(path) if path else tf.train.latest_checkpoint(str(folder))
    if path is None or not tf.io.gfile.glob(f"{path}.index"):
        raise ValueError(f"{path or folder}: no checkpoint found; train first, with morph3d-train")
    with _of_this_model(path):
        status = tf.train.Checkpoint(decoder=decoder).read(path)
        status.assert_existing_objects_matched()
        status.expect_partial()  # of the optimizer


@contextlib.contextmanager
def _of_this_model(path):
    try:
        yield
    except (AssertionError, ValueError, tf.errors.OpError) as error:
        raise ValueError(f"{path}: damaged, or a checkpoint of another model ({str(error).splitlines()[0]}); "
                         f"give the run it belongs to") from None


def write_settings(path, settings):
    """Writes a flat dictionary as JSON."""
    with files.replacing(path) as beside:
        beside.write_text(json.dumps(settings, indent=2) + "\n")


def read_settings(path):
    """The settings of an earlier run; ValueError if there are none or they cannot be read."""
    try:
        return dict(json.loads(pathlib.Path(path).read_text()))
    except FileNotFoundError:
        raise ValueError(f"{path}: not found; expected the folder of a run that morph3d-train has begun") from None
    except (ValueError, TypeError) as error:
        raise ValueError(f"{path}: not the settings of a run ({error}); restore the file or train into another folder") from None


def require_same(path, settings, names):
    """Refuses to go on with a run that began with something else.

    Args:
      path: the settings file of the run, if it has begun.
      settings: this program's settings.
      names: those that have to agree.

    Raises:
      ValueError: naming the file, the setting and both values.
    """
    if not pathlib.Path(path).exists():
        return
    earlier = read_settings(path)
    for name in names:
        if earlier.get(name) != settings[name]:
            raise ValueError(f"{path}: this run has {name} = {earlier.get(name)!r}, but {settings[name]!r} was asked for; "
                             f"give what it began with, or begin another run")
