"""Checkpoints of a training run, from which it goes on exactly where it stopped."""
import collections
import json
import pathlib
import re

import tensorflow as tf
from absl import logging

from morph3d import atomic_files, plain_paths

KEPT = 3
BEST, FIGURES = "best", "best.json"
_FILE = re.compile(r"(.+)\.(index|data-\d{5}-of-\d{5})")


class Checkpoints:
    """The decoder and the optimizer's whole state, saved under `folder` as ckpt-STEP; the newest three are kept.

    Since batches are a function of (seed, step), these and the step are all that an exact resume needs.

    Args:
      folder: is made if need be.
      decoder: Keras model.
      optimizer: Keras optimizer; its `iterations` is the step.
      writes: whether something is saved at all; of several workers with the same state one is enough.
    """

    def __init__(self, folder, decoder, optimizer, writes=True):
        optimizer.build(decoder.trainable_variables)
        self._writes = writes
        self._folder, self._decoder, self._optimizer = pathlib.Path(folder), decoder, optimizer
        self._checkpoint = tf.train.Checkpoint(decoder=decoder, optimizer=optimizer)
        self.latest = None  # the path of what was last saved or restored

    @property
    def step(self):
        return int(self._optimizer.iterations.numpy())

    def save(self):
        """Saves this step, unless it was saved or restored just before. -> its path."""
        path = str(self._folder / f"ckpt-{self.step}")
        if path != self.latest and self._writes:
            self._checkpoint.write(path)
            self._keep_newest()
        self.latest = path
        return path

    def save_stage(self, name):
        """Keeps the decoder as it is at the end of a stage, as the checkpoint `name`, whatever comes after."""
        if self._writes:
            tf.train.Checkpoint(decoder=self._decoder).write(str(self._folder / name))

    @property
    def best(self):
        """What `save_best` was told last, with the "step" it was; None where no best decoder is kept."""
        figures = self._folder / FIGURES
        return json.loads(figures.read_text()) if figures.exists() and BEST in _files(self._folder) else None

    def save_best(self, figures):
        """Keeps the decoder as it is as the checkpoint `best`, and beside it {name: number}, what it is the best by."""
        if not self._writes:
            return
        told = self._folder / FIGURES
        told.unlink(missing_ok=True)  # so that who is killed in between leaves a decoder of which nothing is said
        self.save_stage(BEST)
        with atomic_files.replacing(told) as beside:
            beside.write_text(json.dumps({"step": self.step, **figures}))

    def restore(self):
        """Takes the newest whole checkpoint, if there is one. -> the step to go on with.

        Raises:
          ValueError: there are checkpoints but none is whole, or the newest whole one belongs to another model.
        """
        self.latest = _read_newest(self._checkpoint, self._folder)
        return self.step

    def _keep_newest(self):
        # Those of later steps are damaged ones, which the run has yet to reach again: they must not push out whole ones.
        files = _files(self._folder)
        names = [f"ckpt-{step}" for step in _steps(files) if step <= self.step]
        with atomic_files.replacing(self._folder / "checkpoint") as beside:  # for tf.train.latest_checkpoint
            beside.write_text(f'model_checkpoint_path: "{names[-1]}"\n' + "".join(
                f'all_model_checkpoint_paths: "{name}"\n' for name in names[-KEPT:]))
        for file in (file for name in names[:-KEPT] for file in files[name]):
            file.unlink()


def restore_decoder(folder, decoder, path=None):
    """Fills `decoder` from the checkpoint `path`, or from the newest whole one in `folder`.

    Raises:
      ValueError: there is none, it is damaged, or it belongs to another decoder.
    """
    checkpoint = tf.train.Checkpoint(decoder=decoder)
    if path is None:
        if _read_newest(checkpoint, pathlib.Path(folder)):
            return
    elif pathlib.Path(path).name in _files(pathlib.Path(path).parent):
        try:
            return _read(checkpoint, pathlib.Path(path))
        except _Damaged as error:
            raise ValueError(f"{error}; give another checkpoint of the run") from None
    raise ValueError(f"{path or folder}: no checkpoint found; train first, with morph3d-train")


def _files(folder):
    """{name: its files} of the checkpoints in a folder; TensorFlow's own search would take the folder's name as a pattern."""
    found = collections.defaultdict(list)
    for path in folder.iterdir() if folder.is_dir() else ():
        match = _FILE.fullmatch(path.name)
        if match:
            found[match[1]].append(path)
    return found


def _steps(names):
    return sorted(int(name[5:]) for name in names if re.fullmatch(r"ckpt-\d+", name))


def _read_newest(checkpoint, folder):
    """Fills `checkpoint`'s objects from the newest whole one in a folder. -> its path, None where the folder has none."""
    damaged = []
    for step in reversed(_steps(_files(folder))):
        path = folder / f"ckpt-{step}"
        try:
            _read(checkpoint, path)
        except _Damaged as error:
            damaged.append(str(error))
            continue
        if damaged:
            logging.warning("%s; taking %s", "; ".join(damaged), path)
        return str(path)
    if damaged:
        raise ValueError(f"{folder}: no checkpoint is whole ({'; '.join(damaged)}); put back a copy of one of them, or give "
                         f"another folder to begin anew")
    return None


def _read(checkpoint, path):
    """Fills `checkpoint`'s objects from `path`, once all of it was read."""
    with plain_paths.folder(path.parent) as folder:
        name = f"{folder}/{path.name}"
        try:
            reader = tf.train.load_checkpoint(name)
            for tensor in reader.get_variable_to_shape_map():
                reader.get_tensor(tensor)  # compares its checksum
        except (tf.errors.OpError, IndexError) as error:
            raise _Damaged(f"{path}: damaged ({_first_line(error, name, path)})") from None
        try:
            status = checkpoint.read(name)
            status.assert_existing_objects_matched()
            status.expect_partial()  # for a decoder the optimizer is left over
        except (AssertionError, ValueError, tf.errors.OpError) as error:
            raise ValueError(f"{path}: of another model ({_first_line(error, name, path)}); give the run it belongs to") from None


class _Damaged(ValueError):
    """A checkpoint cannot be read to its end."""


def _first_line(error, name, path):
    return str(error).splitlines()[0].replace(name, str(path))
