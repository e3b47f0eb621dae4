"""A reconstructor: photos in, 3D faces out."""
import os
from typing import Any, overload

import numpy as np
import PIL.Image
import tensorflow as tf
from numpy.typing import ArrayLike

from morph3d import images
from morph3d.inference import export, shipped
from morph3d.inference.faces import Face
from morph3d.mesh.uv_atlas import Atlas
from morph3d.photos import crops, decoding, face_detection

AT_A_TIME = 32  # crops that are encoded together
Photo = str | os.PathLike | PIL.Image.Image | np.ndarray


class Reconstructor:
    """Makes 3D faces of photos: finds the face, brings it to the network's template, and reads its coefficients.

    >>> reconstructor
    Reconstructor(32 x 32 pixels -> 642 vertices)
    >>> reconstructor.reconstruct("me.jpg").vertices.shape
    (642, 3)

    Made by `morph3d.load_reconstructor()` or `Run.reconstructor()`.

    Attributes:
      network: what reads aligned crops; see inference/export.py.
      image_size: the side of its square crops in pixels.
      template: [5, 2] float32, where the five points of a face belong in a crop, in pixels.
    """

    def __init__(self, network: Any, renderings: bool = False, expected: bool = False) -> None:
        self.network, self._choices = network, (tf.constant(renderings), tf.constant(expected))
        self.image_size = int(network.image_size)
        self.template: np.ndarray = network.template.numpy()
        has_uvs = hasattr(network, "uvs")  # not so where its morphable model has none
        self._uvs = Atlas(network.uvs.numpy(), network.corners.numpy()) if has_uvs else None

    def __repr__(self) -> str:
        vertices = self.network.reconstruct.get_concrete_function().structured_outputs["vertices"].shape[1]
        return f"Reconstructor({self.image_size} x {self.image_size} pixels -> {vertices:,} vertices)"

    def reading(self, *, renderings: bool = False, expected: bool = False) -> "Reconstructor":
        """The same network, read otherwise.

        Args:
          renderings: it will see renderings of a morphable model, which a recognizer sees a little differently, and not photos.
          expected: give the expected face, the mean of all that the photo may be of. It is nearer to the person in millimeters, and
            more like everybody; without, faces differ as much as people do, and a recognizer knows them.
        """
        return Reconstructor(self.network, renderings, expected)

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

    def average(self, photos: list[Photo]) -> Face:
        """One neutral face of several photos of one person: their encodings are averaged (paper, section 4.2).

        Raises:
          ValueError: as `reconstruct`.
        """
        return self.from_crops([self._crop(each, f"photo {number}") for number, each in enumerate(photos)])

    def from_crops(self, seen: ArrayLike) -> Face:
        """One neutral face of crops [B, image_size, image_size, 3] uint8 of one person, whose encodings are averaged.

        Its `crop` is the first.

        Raises:
          ValueError: there are none.
        """
        seen = np.asarray(seen)
        if not len(seen):
            raise ValueError("no photos; give one or more of one person")
        parts = [self.network.encode(images.to_float(seen[first:first + AT_A_TIME])) for first in range(0, len(seen), AT_A_TIME)]
        made = self._decode(np.concatenate(parts).mean(0, keepdims=True))
        return self._face({key: value[0].numpy() for key, value in made.items()}, seen[0])

    def read(self, seen: np.ndarray) -> dict[str, tf.Tensor]:
        """Faces of crops [B, image_size, image_size, 3] uint8, each alone, as the network's `decode` gives them."""
        return self._decode(self.network.encode(images.to_float(seen)))

    @property
    def mean_face(self) -> Face:
        """The face of zero coefficients, of no photo: its `crop` is black."""
        spec = self.network.decode.get_concrete_function().structured_outputs
        zeros = {name: np.zeros(spec[name].shape[1], np.float32) for name in ("shape", "texture")}
        made = {key: value[0].numpy() for key, value in self.network.instance(zeros["shape"][None], zeros["texture"][None]).items()}
        return self._face(made | zeros, np.zeros([self.image_size, self.image_size, 3], np.uint8))

    def save(self, folder: str | os.PathLike) -> None:
        """Writes the network as a SavedModel, which needs neither this package nor its native op; see `export.save`."""
        export.save(self.network, folder)

    def _decode(self, features):
        return self.network.read(features, *self._choices)

    def _reconstruct(self, photo, name):
        return self.from_crops([self._crop(photo, name)])

    def _crop(self, photo, name):
        if isinstance(photo, (str, os.PathLike)):
            pixels, name = decoding.read(photo), decoding.printable(photo)
        else:
            pixels = decoding.pixels(photo)
        try:
            return crops.crop(pixels, face_detection.detect(pixels), self)
        except ValueError as error:
            raise ValueError(f"{name}: {error}; give a photo whose face is at least a tenth of its longer side and seen from the "
                             f"front or a little from the side") from None

    def _face(self, made, crop):
        return Face(made["vertices"], made["colors"], self.network.triangles.numpy(),
                    made["vertices"][self.network.landmarks.numpy()], made["shape"], made["texture"], crop, self._uvs)


def load(folder: str | os.PathLike = shipped.NAME) -> Reconstructor:
    """The Reconstructor that morph3d-export, or `Reconstructor.save`, has written into a folder.

    Args:
      folder: by default "shipped", the network that comes with the project.

    Raises:
      ValueError: there is none.
    """
    return Reconstructor(shipped.load() if folder == shipped.NAME else export.load(folder))
