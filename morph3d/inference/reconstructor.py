"""A reconstructor: photos in, 3D faces out."""
import os
from typing import Any, overload

import numpy as np
import PIL.Image

from morph3d import images
from morph3d.inference import export
from morph3d.inference.faces import Face
from morph3d.photos import crops, decoding, face_detection

Photo = str | os.PathLike | PIL.Image.Image | np.ndarray


class Reconstructor:
    """Makes 3D faces of photos: finds the face, brings it to the network's template, and reads its coefficients.

    >>> reconstructor
    Reconstructor(32 x 32 pixels -> 642 vertices)
    >>> reconstructor.reconstruct("me.jpg").vertices.shape
    (642, 3)

    Made by `morph3d.load_reconstructor(FOLDER)` or `Run.reconstructor()`.

    Attributes:
      network: what reads aligned crops; see inference/export.py.
      image_size: S, the side of its square crops in pixels.
      template: [5, 2] float32, where the five points of a face belong in a crop, in pixels.
    """

    def __init__(self, network: Any) -> None:
        self.network = network
        self.image_size = int(network.image_size)
        self.template: np.ndarray = network.template.numpy()

    def __repr__(self) -> str:
        vertices = self.network.reconstruct.get_concrete_function().structured_outputs["vertices"].shape[1]
        return f"Reconstructor({self.image_size} x {self.image_size} pixels -> {vertices:,} vertices)"

    @overload
    def reconstruct(self, photo: Photo) -> Face: ...

    @overload
    def reconstruct(self, photo: list[Photo]) -> list[Face]: ...

    def reconstruct(self, photo: Photo | list[Photo]) -> Face | list[Face]:
        """The main face of a photo, neutral.

        Args:
          photo: a path; a PIL picture; an array [H, W, 3], uint8 or floats in 0..1, or [H, W] gray; or a list of these.

        Returns:
          Face, or a list of them for a list.

        Raises:
          ValueError: a photo cannot be read or shows no face; names the first such one.
        """
        if isinstance(photo, (list, tuple)):
            return [self._reconstruct(each, f"photo {number}") for number, each in enumerate(photo)]
        return self._reconstruct(photo, "photo")

    def save(self, folder: str | os.PathLike) -> None:
        """Writes the network as a SavedModel, which needs neither this package nor its native op; see `export.save`."""
        export.save(self.network, folder)

    def _reconstruct(self, photo, name):
        if isinstance(photo, (str, os.PathLike)):
            pixels, name = decoding.read(photo), decoding.printable(photo)
        else:
            pixels = decoding.pixels(photo)
        try:
            crop = crops.crop(pixels, face_detection.detect(pixels), self)
        except ValueError as error:
            raise ValueError(f"{name}: {error}; give a photo whose face is at least a tenth of its longer side and seen from the "
                             f"front or a little from the side") from None
        made = {key: value[0].numpy() for key, value in self.network.reconstruct(images.to_float(crop[None])).items()}
        return Face(made["vertices"], made["colors"], self.network.triangles.numpy(),
                    made["vertices"][self.network.landmarks.numpy()], made["shape"], made["texture"], crop)


def load(folder: str | os.PathLike) -> Reconstructor:
    """The Reconstructor that morph3d-export, or `Reconstructor.save`, has written into a folder.

    Raises:
      ValueError: there is none.
    """
    return Reconstructor(export.load(folder))
