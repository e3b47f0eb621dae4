"""What a run leaves on the disk, so that it can go on exactly where it stopped."""
import contextlib
import pathlib

import tensorflow as tf


class Checkpoints:
    """The decoder and the optimizer's whole state under `folder`; the newest three are kept.

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
