"""Stage 2 of a run, again and again from the end of its stage 1: with all losses, and with one of them taken away."""
import hashlib
import os
import pathlib

from morph3d import run_settings
from morph3d.data.prepared import people
from morph3d.data.synthetic_store import SyntheticStore
from morph3d.training import callbacks, checkpoints, loop, train
from morph3d.training.config import TrainingConfig
from morph3d.training.run import SETTINGS, Run, recorded

FULL = "full"
ABLATED = {FULL: {}, "no batch distribution": {"batch_weight": 0.}, "no loopback": {"loopback_weight": 0.},
           "single view": {"hybrid_views": 1}}  # what each changes in the settings of the run
PLACES = {"photos", "output", "morphable_model", "encoder", "encoder_weights"}  # which may move while their content stays


class Start:
    """The end of a run's stage 1.

    Attributes:
      run: Run.
      digest: text, another one for another decoder.

    Args:
      folder: of a run that has finished its stage 1.

    Raises:
      ValueError: it has not, or something that it was begun with is not what it was.
    """

    def __init__(self, folder):
        self.run = Run(folder)
        config = self.run.config
        self._checkpoint = self.run.folder / "checkpoints" / "synthetic"
        self.reconstructor()  # fails here where stage 1 is not finished
        self.digest = hashlib.sha256(self._checkpoint.with_name("synthetic.data-00000-of-00001").read_bytes()).hexdigest()[:12]
        self._index = self.run.index
        self._photos, _ = people.hold_out(self._index, config.validation_people)
        self._faces = SyntheticStore(self.run.folder / "synthetic_faces", self.run.model, self.run.encoder, config.synthetic.faces,
                                     config.seed)

    def config(self, changes, seed, folder, steps=None):
        """The TrainingConfig of one stage 2: that of the run, without a stage 1.

        Steps are counted from the beginning of stage 2, so that the optimizer, which begins anew, corrects the bias of its moments.

        Args:
          changes: {flag's name: value}, see ABLATED.
          seed: of the order of the photos, of scenes and of lights; the synthetic faces are those of the run.
          folder: for checkpoints and settings.
          steps: of stage 2; None: as many as in the run.
        """
        config = self.run.config
        return TrainingConfig.from_flat(config.flat() | {
            "photos": os.fspath(self._index.folder), "output": os.fspath(folder), "seed": seed, "synthetic_steps": 0,
            "hybrid_steps": config.hybrid.steps if steps is None else steps} | changes)

    def train(self, config):
        """Trains stage 2, or goes on where it was stopped; what is finished stays as it is.

        Raises:
          ValueError: it was begun with other settings, or from another decoder.
          NonFiniteLoss, KeyboardInterrupt, loop.Terminated: as morph3d.train.
        """
        folder, run = pathlib.Path(config.output), self.run
        settings, _ = recorded(config, run.model, run.encoder, self._index)
        settings["start"] = self.digest
        run_settings.keep(folder / SETTINGS, settings, settings.keys() - PLACES)
        if finished(folder):
            return
        training = train.assemble(config, run.model, run.encoder)
        saved = checkpoints.Checkpoints(folder / "checkpoints", training.decoder, training.optimizer)
        if saved.restore() == 0:
            checkpoints.restore_decoder(self._checkpoint.parent, training.decoder, self._checkpoint)
        _, stage = train.stages(config, self._faces, lambda step: train.photo_batches(config, self._photos, step))
        loop.run(training, stage, saved, [callbacks.SaveCheckpoints(saved, config.save_every)])

    def reconstructor(self, folder=None):
        """The Reconstructor at the end of a stage 2 in its folder, or at the end of the run's stage 1."""
        if folder is None:
            return self.run.reconstructor(self._checkpoint)
        return Run(folder, self.run.model, self.run.encoder).reconstructor(_end(folder))


def finished(folder):
    """Whether a stage 2 in its folder has come to its end."""
    return _end(folder).with_suffix(".index").is_file()


def _end(folder):
    return pathlib.Path(folder, "checkpoints", "hybrid")
