"""The settings of a training run, each stated once: the flags of morph3d-train are made of these fields."""
import dataclasses
import os
from collections.abc import Iterator
from typing import Any

from morph3d.encoders import registry


def _setting(default: Any, text: str, low: float | None = None, high: float | None = None, fixed: bool = False,
             choices: tuple[str, ...] = ()) -> Any:
    """A field with its help, its bounds or choices, and whether a run keeps it from its first start to its last."""
    return dataclasses.field(default=default, metadata={"help": text, "low": low, "high": high, "fixed": fixed, "choices": choices})


def _group(of: type, flags: str) -> Any:
    """A field that holds settings of its own, and how their flags are called."""
    return dataclasses.field(default_factory=of, metadata={"flags": flags})


@dataclasses.dataclass(frozen=True)
class SyntheticStage:
    """Stage 1: batches of synthetic faces alone (paper, section 3.3)."""
    faces: int = _setting(60000, "Synthetic faces, drawn in the first half of stage 1 and used again and again.", 1, fixed=True)
    steps: int = _setting(3000, "Steps of stage 1, on synthetic faces.", 0, fixed=True)
    batch: int = _setting(256, "Faces in a batch of stage 1.", 1, fixed=True)
    noise: float = _setting(.3, "Noise on the features of synthetic faces, in standard deviations of theirs.", 0., 10., fixed=True)
    learning_rate: float = _setting(1e-3, "Where stage 1 starts; it falls to a twentieth.", 1e-9, 1.)


@dataclasses.dataclass(frozen=True)
class HybridStage:
    """Stage 2: hybrid batches of photos and synthetic faces (paper, section 3.3)."""
    steps: int = _setting(2500, "Steps of stage 2, on hybrid batches.", 0, fixed=True)
    photo_batch: int = _setting(128, "Photos in a batch of stage 2, for the batch distribution loss.", 2, fixed=True)
    drawn_photos: int = _setting(12, "Those of them whose faces are drawn, for the identity and loopback losses.", 1, fixed=True)
    views: int = _setting(3, "Renderings of each of these faces.", 1, fixed=True)
    synthetic_batch: int = _setting(128, "Synthetic faces in a batch of stage 2.", 1, fixed=True)
    learning_rate: float = _setting(5e-4, "Where stage 2 starts; it falls to a twentieth.", 1e-9, 1.)


@dataclasses.dataclass(frozen=True)
class LossWeights:
    """The weights of the losses (paper, equation 2), and of shape and texture in a distance of coefficients (equation 3).

    The defaults put identity first. The paper prints 1, 1, 10, 0.07 (section 3.3) and 0.4, 0.002 (section 3.3.1). On coefficients
    of unit variance its parameter loss, a sum of 398 squares, drowns the identity loss, which is at most 2.
    """
    parameter: float = _setting(.003, "Weight of the parameter loss, of synthetic faces; of the expected face.", 0.)
    identity: float = _setting(25., "Weight of the identity loss, of photos.", 0.)
    batch: float = _setting(.007, "Weight of the batch distribution loss.", 0.)
    loopback: float = _setting(.003, "Weight of the loopback loss.", 0.)
    shape: float = _setting(.4, "Weight of shape coefficients inside the parameter and loopback losses.", 0.)
    texture: float = _setting(.1, "Weight of texture coefficients there.", 0.)
    read_parameter: float = _setting(.03, "Weight of the parameter loss, in stage 2, of the face that differs as people do.", 0.)


@dataclasses.dataclass(frozen=True)
class TrainingConfig:
    """The settings of a training run.

    >>> config = TrainingConfig(photos="photos", output="runs/mine")
    >>> config.hybrid.views
    3
    >>> dataclasses.replace(config, seed=1).seed
    1
    >>> TrainingConfig.paper("photos", "runs/paper").losses.batch
    10.0

    Raises:
      ValueError: a setting out of its bounds.
    """
    photos: str = _setting(
        dataclasses.MISSING, "A folder that morph3d-prepare has made, or photographs as it takes them: a folder tree, lists of "
        "VGG-Face, tfds:NAME. These are prepared first, into 'prepared' in the output folder.")
    output: str = _setting(dataclasses.MISSING, "Folder for the run: settings, checkpoints and the TensorBoard log.")
    morphable_model: str = _setting("embedded", "'embedded' (or the coarser 'embedded-7k', the finer 'embedded-67k'), or the path "
                                    "of GNM Head, an ICT-FaceKit folder, FLAME, a Basel Face Model, BFM_model_front.mat or the "
                                    "Surrey Face Model.")
    encoder: str = _setting("dlib", f"The frozen face recognizer: {registry.SPECS}.")
    encoder_weights: str | None = _setting(None, "File with the encoder's weights, in place of those that come with it.")
    color_features: bool = _setting(True, "Read a face's colors too, which the recognizer's features hardly hold, and "
                                   "leave the tone of the skin to them, in which the losses of pictures have no say.", fixed=True)
    synthetic: SyntheticStage = _group(SyntheticStage, "synthetic_{}")
    hybrid: HybridStage = _group(HybridStage, "hybrid_{}")
    losses: LossWeights = _group(LossWeights, "{}_weight")
    mirror: bool = _setting(True, "Also train on the photos' mirror images.", fixed=True)
    validation_people: int = _setting(84, "People (photos, where nobody is named) held out of training, to find the best decoder "
                                      "by: at most a tenth of all, and none if these are fewer than 20.", 0, fixed=True)
    save_every: int = _setting(250, "Steps between checkpoints and between pictures in TensorBoard.", 1)
    validate_every: int = _setting(250, "Steps between validations; the best decoder so far is the checkpoint 'best'.", 1)
    profile_steps: int = _setting(0, "Steps of each stage that a profiler traces for TensorBoard.", 0)
    seed: int = _setting(0, "Of every random number.", 0, fixed=True)
    distribution: str = _setting("none", "Devices that share out each batch: one; 'mirrored', all of this machine's GPUs; "
                                 "'multi_worker', those of the cluster in TF_CONFIG.", choices=("none", "mirrored", "multi_worker"))
    precision: str = _setting("float32", "Of the decoder's hidden layers; losses are always computed in float32.", fixed=True,
                              choices=("float32", "mixed_float16", "mixed_bfloat16"))

    def __post_init__(self) -> None:
        for name in "photos", "output":
            value = getattr(self, name)
            if not isinstance(value, str | os.PathLike):
                raise ValueError(f"{name} must be a path, but is {value!r}")
            object.__setattr__(self, name, os.fspath(value))
        for flag, field, value in self._settings():
            low, high, choices = (field.metadata[key] for key in ("low", "high", "choices"))
            if choices and value not in choices:
                raise ValueError(f"{flag} must be one of {', '.join(choices)}, but is {value!r}")
            if low is not None and not low <= value or high is not None and not value <= high:
                raise ValueError(f"{flag} must be {f'in {low}..{high}' if high is not None else f'at least {low}'}, but is {value}")
        if self.hybrid.drawn_photos > self.hybrid.photo_batch:
            raise ValueError(f"hybrid_drawn_photos are taken from the hybrid_photo_batch of {self.hybrid.photo_batch} and cannot "
                             f"be {self.hybrid.drawn_photos}")

    @classmethod
    def default(cls, photos: str, output: str, **changes: Any) -> "TrainingConfig":
        """The default settings, as the fields have them: half an hour on two cores."""
        return cls(photos, output, **changes)

    @classmethod
    def paper(cls, photos: str, output: str, **changes: Any) -> "TrainingConfig":
        """The paper's ingredients and weights (sections 3.1 to 3.3); where it prints no number, the default.

        The Basel Face Model 2017 is expected in the working folder under its published name; FaceNet's weights are those that
        keras-facenet downloads.
        """
        weights = LossWeights(parameter=1., identity=1., batch=10., loopback=.07, shape=.4, texture=.002, read_parameter=1.)
        return cls(photos, output, **{"morphable_model": "model2017-1_bfm_nomouth.h5", "encoder": "facenet", "losses": weights,
                                      "color_features": False, **changes})

    @classmethod
    def demo(cls, photos: str, output: str, **changes: Any) -> "TrainingConfig":
        """The demonstration's settings: a few minutes on two cores.

        They are too short for the settings of half an hour: the first steps of stage 2 would shake the decoder more than the rest
        mends, and coefficients that the pictures hardly show would be driven to unit variance before they mean anything.
        """
        return cls(photos, output, **{
            "synthetic": SyntheticStage(faces=12800, steps=1000), "hybrid": HybridStage(steps=150, learning_rate=1e-4),
            "losses": LossWeights(parameter=.03, identity=5., batch=7e-4), "save_every": 50, **changes})

    @classmethod
    def fields(cls) -> Iterator[tuple[str, tuple[str, ...], dataclasses.Field]]:
        """Every single setting: its flag's name, the names that lead to it, and its field."""
        for field in dataclasses.fields(cls):
            if "flags" in field.metadata:
                for inner in dataclasses.fields(field.default_factory):  # type: ignore[arg-type]
                    yield field.metadata["flags"].format(inner.name), (field.name, inner.name), inner
            else:
                yield field.name, (field.name,), field

    @classmethod
    def from_flat(cls, settings: dict[str, Any]) -> "TrainingConfig":
        """The config of {flag's name: value}, as `flat` gives it; other names are ignored, missing ones have their defaults."""
        values: dict[str, Any] = {}
        for flag, (outer, *inner), _ in cls.fields():
            if flag in settings:
                if inner:
                    values.setdefault(outer, {})[inner[0]] = settings[flag]
                else:
                    values[outer] = settings[flag]
        for field in dataclasses.fields(cls):
            if "flags" in field.metadata:
                values[field.name] = field.default_factory(**values.get(field.name, {}))  # type: ignore[operator]
        return cls(**values)

    def flat(self) -> dict[str, Any]:
        """Every single setting, {flag's name: value}."""
        return {flag: value for flag, _, value in self._settings()}

    def _settings(self) -> Iterator[tuple[str, dataclasses.Field, Any]]:
        for flag, path, field in self.fields():
            value: Any = self
            for name in path:
                value = getattr(value, name)
            yield flag, field, value
