"""Morphable models of faces, from the project itself or from a file."""
from __future__ import annotations

import os
from typing import TYPE_CHECKING

from morph3d.morphable import embedded

if TYPE_CHECKING:
    from morph3d.morphable.model import MorphableModel


def load(name_or_path: str | os.PathLike) -> MorphableModel:
    """A MorphableModel by name or path.

    Args:
      name_or_path: "embedded" (the model that comes with the project, 13,268 vertices), "embedded-7k" or "embedded-53k" (the
        same coarser and finer); a Basel Face Model (HDF5 of 2009 to 2019, or 01_MorphableModel.mat of 2009); FLAME (.pkl or
        .npz); or ICT-FaceKit's folder `FaceXModel`, or the folder that holds it. Files are known by their content.

    Raises:
      ValueError: there is no such path, or it is none of these, or what it holds is broken.
    """
    path = os.fspath(name_or_path)
    if path in embedded.RECIPES:
        return embedded.read(embedded.RECIPES[path])
    if os.path.isdir(path):
        from morph3d.morphable.readers import ict_facekit
        return ict_facekit.read(path)
    from morph3d.morphable.readers import detect
    kind = detect.kind(path)
    if kind == "hdf5":
        from morph3d.morphable.readers import basel
        return basel.read(path)
    if kind == "matlab":
        from morph3d.morphable.readers import basel_2009
        return basel_2009.read(path)
    from morph3d.morphable.readers import flame
    return flame.read(path)
