"""A training run in its folder: its settings, and the reconstructor that it gives."""
import functools
import os
import pathlib
from typing import Any

from morph3d import decoder, morphable, run_settings
from morph3d.data.prepared import dataset
from morph3d.data.prepared.dataset import Index
from morph3d.data.sources import tfds_images
from morph3d.encoders import registry
from morph3d.encoders.base import Encoder
from morph3d.inference.export import ReconstructionNetwork
from morph3d.inference.reconstructor import Reconstructor
from morph3d.morphable import embedded
from morph3d.morphable.model import MorphableModel
from morph3d.training import checkpoints
from morph3d.training.config import TrainingConfig

SETTINGS = "settings.jsonl"  # in the run's folder


class Run:
    """A training run in its folder, as `morph3d.train` returns it.

    Attributes:
      folder: pathlib.Path.
      config: TrainingConfig, as of the newest start.
      model, encoder: what it is trained with; loaded when they are first asked for.

    Args:
      folder: of a run that has begun.
      model, encoder: those of the run, where they are at hand.

    Raises:
      ValueError: no run was begun in the folder; of `model` and `encoder`, that they are not those it was begun with.
    """

    def __init__(self, folder: str | os.PathLike, model: MorphableModel | None = None, encoder: Encoder | None = None) -> None:
        self.folder = pathlib.Path(folder)
        self._settings = run_settings.read(self.folder / SETTINGS)
        self.config = TrainingConfig.from_flat(self._settings | {"output": os.fspath(folder)})
        if model is not None:
            self.model = model
        if encoder is not None:
            self.encoder = encoder

    def __repr__(self) -> str:
        return f"Run({os.fspath(self.folder)!r})"

    @functools.cached_property
    def model(self) -> MorphableModel:
        return self._require("fingerprint", morphable.load(self.config.morphable_model), self.config.morphable_model)

    @functools.cached_property
    def encoder(self) -> Encoder:
        encoder = registry.load(self.config.encoder, self.config.encoder_weights, self.config.color_features)
        return self._require("encoder_fingerprint", encoder, self.config.encoder)

    @property
    def index(self) -> Index:
        """The Index of the prepared photos, of those held out too; ValueError where they are not whole."""
        prepared = dataset.is_prepared(self.config.photos)
        return dataset.read_index(self.config.photos if prepared else self.folder / "prepared")

    def reconstructor(self, checkpoint: str | os.PathLike | None = None) -> Reconstructor:
        """The trained Reconstructor; takes and raises what `decoder` does."""
        return Reconstructor(ReconstructionNetwork(self.encoder, self.decoder(checkpoint), self.model))

    def decoder(self, checkpoint: str | os.PathLike | None = None) -> Any:
        """The trained decoder, a Keras model.

        Args:
          checkpoint: path of a checkpoint of the run, such as runs/mine/checkpoints/synthetic, the end of stage 1; by default the
            newest.

        Raises:
          ValueError: there is no whole checkpoint.
        """
        network = decoder.build(self.encoder.feature_size, self.model.shape_size, self.model.texture_size)
        checkpoints.restore_decoder(self.folder / "checkpoints", network, checkpoint)
        return network

    def _require(self, name: str, loaded: Any, source: str) -> Any:
        if loaded.fingerprint != self._settings[name]:
            raise ValueError(f"{self.folder / SETTINGS}: begun with {name} = {self._settings[name]!r}, but that of {source} is "
                             f"{loaded.fingerprint!r}; put the file back that the run was begun with")
        return loaded


def recorded(config, model, encoder, index):
    """The settings that a run writes down, {name: value}, and the names of those that it keeps from its first start to its last.

    Paths are absolute, so that they mean the same in any working folder. To what a config calls fixed, without which the same step
    would not be the same step, belong what the files of model, encoder and photos hold.
    """
    settings = config.flat() | {"fingerprint": model.fingerprint, "encoder_fingerprint": encoder.fingerprint,
                                "photos_digest": index.digest}
    settings["encoder"], settings["encoder_weights"] = registry.located(config.encoder, config.encoder_weights)
    if config.morphable_model not in embedded.NAMES:
        settings["morphable_model"] = os.path.abspath(config.morphable_model)
    if not config.photos.startswith(tfds_images.PREFIX):
        settings["photos"] = os.path.abspath(config.photos)
    fixed = [name for name, _, field in TrainingConfig.fields() if field.metadata["fixed"]]
    return settings, [*fixed, "fingerprint", "encoder_fingerprint", "photos_digest"]
