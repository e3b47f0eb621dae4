"""Unsupervised training for 3D morphable model regression: from one photo of a face to a 3D face.

Importing this loads no library, no weights and no flags: each name is looked up when it is first used.

    import morph3d
    run = morph3d.train(morph3d.TrainingConfig(photos="photos", output="runs/mine"))
    face = run.reconstructor().reconstruct("me.jpg")
    face.save("me.glb")
"""
import importlib
import os
import sys
from typing import TYPE_CHECKING, Any

# ruff: noqa: F401
if TYPE_CHECKING:
    from morph3d.inference.faces import Face as Face
    from morph3d.inference.reconstructor import Reconstructor as Reconstructor
    from morph3d.inference.reconstructor import load as load_reconstructor
    from morph3d.mesh.mesh import Mesh as Mesh
    from morph3d.morphable import load as load_model
    from morph3d.morphable.coefficients import Coefficients as Coefficients
    from morph3d.morphable.model import MorphableModel as MorphableModel
    from morph3d.renderer.render import render_mesh as render
    from morph3d.scene import studio as studio
    from morph3d.training.config import HybridStage as HybridStage
    from morph3d.training.config import LossWeights as LossWeights
    from morph3d.training.config import SyntheticStage as SyntheticStage
    from morph3d.training.config import TrainingConfig as TrainingConfig
    from morph3d.training.run import Run as Run
    from morph3d.training.train import train as train

__version__ = "0.1.0"

# Name -> where it is defined, and under which name.
_PUBLIC = {
    "Coefficients": ("morph3d.morphable.coefficients", "Coefficients"),
    "Face": ("morph3d.inference.faces", "Face"),
    "HybridStage": ("morph3d.training.config", "HybridStage"),
    "LossWeights": ("morph3d.training.config", "LossWeights"),
    "Mesh": ("morph3d.mesh.mesh", "Mesh"),
    "MorphableModel": ("morph3d.morphable.model", "MorphableModel"),
    "Reconstructor": ("morph3d.inference.reconstructor", "Reconstructor"),
    "Run": ("morph3d.training.run", "Run"),
    "SyntheticStage": ("morph3d.training.config", "SyntheticStage"),
    "TrainingConfig": ("morph3d.training.config", "TrainingConfig"),
    "load_model": ("morph3d.morphable", "load"),
    "load_reconstructor": ("morph3d.inference.reconstructor", "load"),
    "render": ("morph3d.renderer.render", "render_mesh"),
    "studio": ("morph3d.scene", "studio"),
    "train": ("morph3d.training.train", "train"),
}
__all__ = sorted(_PUBLIC)

# Keras reads this when it is imported; a choice made elsewhere, for other programs, would break this one.
os.environ["KERAS_BACKEND"] = "tensorflow"
if "keras" in sys.modules and sys.modules["keras"].config.backend() != "tensorflow":
    raise ImportError(f"Keras is running on {sys.modules['keras'].config.backend()}, but morph3d needs it on TensorFlow: import "
                      f"morph3d before keras, or set KERAS_BACKEND=tensorflow")


def __getattr__(name: str) -> Any:
    if name not in _PUBLIC:
        raise AttributeError(f"module 'morph3d' has no attribute {name!r}")
    module, attribute = _PUBLIC[name]
    globals()[name] = getattr(importlib.import_module(module), attribute)
    return globals()[name]


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
