"""Encoders by name: `load` one. Importing this loads no network and no library."""
import importlib
import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from morph3d.encoders.base import Encoder

MODULES = {"dlib": "dlib_resnet", "facenet": "facenet", "nn2": "nn2", "vgg_face": "vgg_face", "saved_model": "saved_model"}
SPECS = "dlib, facenet, facenet:KEY, nn2, vgg_face, saved_model:FOLDER"


def load(spec: str, weights: str | os.PathLike | None = None, color_features: bool = False, *,
         differentiable: bool = True) -> "Encoder":
    """The Encoder of that name; the weights of "dlib" come with a pip package, "facenet" may download its own.

    Args:
      spec: "dlib", "facenet", "facenet:KEY" (see facenet.py), "nn2", "vgg_face" or "saved_model:FOLDER" (any recognizer: see
        saved_model.py).
      weights: a file to take the weights from; by default they are where the encoder's module says.
      color_features: whether the features are to hold the colors of the face too; see skin_color.py.
      differentiable: whether to refuse a SavedModel without gradient with respect to its images; to train with one it is needed,
        to judge by one it is not. The others have one.

    Raises:
      ValueError: another spec, or weights that are missing or not what they should be.
    """
    module, settings = _module(spec)
    if "folder" in settings:
        if weights is not None:
            raise ValueError(f"{weights}: no weights file can be given for {spec}: a SavedModel holds its own weights")
        settings["differentiable"] = differentiable
    elif weights is not None:
        settings["weights"] = weights
    encoder = module.load(**settings)
    return importlib.import_module("morph3d.encoders.skin_color").beside(encoder) if color_features else encoder


def located(spec, weights=None):
    """Spec and weights with absolute paths, which mean the same in any working folder."""
    name, colon, folder = spec.partition(":")
    if name == "saved_model" and folder:
        spec = name + colon + os.path.abspath(folder)
    return spec, os.path.abspath(weights) if weights else None


def framing(spec):
    """The Framing of the encoder that `load` would give, for which no weights are needed but those in a SavedModel."""
    from morph3d.encoders.base import Framing
    module, settings = _module(spec)
    if "folder" in settings:
        encoder = module.load(**settings)
        return Framing(encoder.image_size, encoder.template)
    return Framing(module.IMAGE_SIZE, module.TEMPLATE)


def _module(spec):
    """-> the module of an encoder, and the keyword arguments of its `load` that its spec holds."""
    name, colon, argument = spec.partition(":")
    keyword = {"facenet": "key", "saved_model": "folder"}.get(name)
    if name not in MODULES or bool(colon) != bool(argument) or argument and not keyword or name == "saved_model" and not argument:
        raise ValueError(f"unknown encoder {spec!r}: expected one of {SPECS}")
    return importlib.import_module(f"morph3d.encoders.{MODULES[name]}"), {keyword: argument} if argument else {}
