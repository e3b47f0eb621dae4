"""Morphable models of faces, from the project itself or from a file."""
from __future__ import annotations

import importlib
import os
from typing import TYPE_CHECKING

from morph3d.morphable import embedded

if TYPE_CHECKING:
    from morph3d.morphable.model import MorphableModel


def load(name_or_path: str | os.PathLike) -> MorphableModel:
    """A MorphableModel by name or path.

    Args:
      name_or_path: "embedded" (the model that comes with the project, 16,865 vertices), "embedded-7k" or "embedded-67k" (the
        same coarser and finer); or a path, known by its content: a Basel Face Model (HDF5 of 2009 to 2019, or
        01_MorphableModel.mat of 2009) or BFM_model_front.mat; FLAME (.pkl or .npz, also with fewer modes); GNM Head (.npz);
        ICT-FaceKit's folder `FaceXModel`, or the folder that holds it; the Surrey Face Model (.bin, or eos' folder `share`).

    Raises:
      ValueError: there is no such path, or it is none of these, or what it holds is broken.
    """
    path = os.fspath(name_or_path)
    if path in embedded.NAMES or path.startswith("embedded-") and not os.path.exists(path):
        return embedded.read(path)
    from morph3d.morphable.readers import detect
    return importlib.import_module(f"morph3d.morphable.readers.{detect.kind(path)}").read(path)
