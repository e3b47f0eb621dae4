"""A reconstructor: photos in, 3D faces out."""
import functools
import os
from typing import Any, overload

import numpy as np
import PIL.Image
import tensorflow as tf
from absl import logging
from numpy.typing import ArrayLike

from morph3d import images, stopwatch
from morph3d.inference import export, shipped
from morph3d.inference.faces import Face, Modes
from morph3d.mesh.uv_atlas import Atlas
from morph3d.photos import decoding, sightings
from morph3d.photos.sightings import Framing

MODES = 10  # of shape and of texture, that a face can be changed by in its viewer
AT_A_TIME = 32  # crops that are encoded together
MODES_AT_A_TIME = 64  # that the network gives together
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
        """The main face of a photo, neutral. That a photo is turned or shows other faces too is said in the log.

        Args:
          photo: a path; a PIL picture; an array [H, W, 3], uint8 or floats in 0..1, or [H, W] gray; or a list of these.

        Returns:
          Face, or a list of them for a list.

        Raises:
          ValueError: a photo cannot be read or shows no face, or one too small; names the first such one.
        """
        if isinstance(photo, (list, tuple)):
            return [self._reconstruct(each, f"photo {number}") for number, each in enumerate(photo)]
        return self._reconstruct(photo, "photo")

    def reconstruct_all(self, photo: Photo) -> list[Face]:
        """All faces of a photo, neutral, from left to right; those that are too small are left out.

        Args:
          photo: as `reconstruct` takes one.

        Raises:
          ValueError: the photo cannot be read or shows no face, or only such as are too small.
        """
        seen = self._look(photo, "photo", everybody=True)
        return self.faces(self.encode(seen.crops), seen.crops, seen.framings)

    def average(self, photos: list[Photo]) -> Face:
        """One neutral face of several photos of one person: their encodings are averaged (paper, section 4.2).

        Raises:
          ValueError: as `reconstruct`.
        """
        if not photos:
            raise ValueError("no photos; give one or more of one person")
        seen = [self._look(each, f"photo {number}") for number, each in enumerate(photos)]
        features = self.encode(np.concatenate([each.crops for each in seen]))
        return self.faces(features.mean(0, keepdims=True), seen[0].crops, seen[0].framings)[0]

    def from_crops(self, seen: ArrayLike) -> Face:
        """One neutral face of crops [B, image_size, image_size, 3] uint8 of one person, whose encodings are averaged.

        Its `crop` is the first.

        Raises:
          ValueError: there are none.
        """
        seen = np.asarray(seen)
        if not len(seen):
            raise ValueError("no photos; give one or more of one person")
        return self.faces(self.encode(seen).mean(0, keepdims=True), seen[:1])[0]

    @stopwatch.timed("network")
    def encode(self, seen: np.ndarray) -> np.ndarray:
        """The encodings [B, D] of crops [B, image_size, image_size, 3] uint8."""
        return np.concatenate([self.network.encode(images.to_float(seen[first:first + AT_A_TIME]))
                               for first in range(0, len(seen), AT_A_TIME)])

    def coefficients(self, features: np.ndarray) -> np.ndarray:
        """Shape and texture coefficients of encodings [B, D], in one array [B, S + T]."""
        made = self._decode(features)
        return np.concatenate([made["shape"], made["texture"]], 1)

    @stopwatch.timed("network")
    def faces(self, features: np.ndarray, seen: np.ndarray, framings: list[Framing] | None = None) -> list[Face]:
        """The neutral faces of encodings [B, D] of crops [B, image_size, image_size, 3] uint8, which lie so in their photos."""
        made = {key: value.numpy() for key, value in self._decode(features).items()}
        return [self._face({key: value[number] for key, value in made.items()}, seen[number], framings and framings[number])
                for number in range(len(features))]

    def read(self, seen: np.ndarray) -> dict[str, tf.Tensor]:
        """Faces of crops [B, image_size, image_size, 3] uint8, each alone, as the network's `decode` gives them."""
        return self._decode(self.network.encode(images.to_float(seen)))

    def modes(self, which: str, step: float = 1.) -> np.ndarray:
        """What a standard deviation of each coefficient adds, read off the network, which is linear in them but for clipped colors.

        Args:
          which: "vertices", for the modes of shape in mm, or "colors", for those of texture in sRGB.
          step: how many standard deviations are tried; with few, no color is clipped.

        Returns:
          [S or T, V, 3] float32.
        """
        count, others = self._sizes if which == "vertices" else self._sizes[::-1]
        mean, found = getattr(self.mean_face, which), []
        for tried in np.split(step * np.eye(count, dtype=np.float32), range(MODES_AT_A_TIME, count, MODES_AT_A_TIME)):
            pair = tried, np.zeros([len(tried), others], np.float32)
            found.append((self.network.instance(*pair if which == "vertices" else pair[::-1])[which].numpy() - mean) / step)
        return np.concatenate(found)

    @property
    def mean_face(self) -> Face:
        """The face of zero coefficients, of no photo: its `crop` is black."""
        zeros = {name: np.zeros(size, np.float32) for name, size in zip(("shape", "texture"), self._sizes)}
        made = {key: value[0].numpy() for key, value in self.network.instance(zeros["shape"][None], zeros["texture"][None]).items()}
        return self._face(made | zeros, np.zeros([self.image_size, self.image_size, 3], np.uint8))

    def save(self, folder: str | os.PathLike) -> None:
        """Writes the network as a SavedModel, which needs neither this package nor its native op; see `export.save`."""
        export.save(self.network, folder)

    def _decode(self, features):
        return self.network.read(features, *self._choices)

    def _reconstruct(self, photo, name):
        seen = self._look(photo, name)
        return self.faces(self.encode(seen.crops), seen.crops, seen.framings)[0]

    def _look(self, photo, name, everybody=False):
        """The Seen of one photo, whose notes go to the log."""
        if isinstance(photo, (str, os.PathLike)):
            pixels, name = decoding.read(photo), decoding.printable(photo)
        else:
            pixels = decoding.pixels(photo)
        seen, = sightings.look([(name, pixels)], self, everybody)
        if isinstance(seen, Exception):
            raise seen
        for note in seen.notes:
            logging.info("%s: %s", name, note)
        return seen

    def _face(self, made, crop, framing=None):
        return Face(made["vertices"], made["colors"], self.network.triangles.numpy(),
                    made["vertices"][self.network.landmarks.numpy()], made["shape"], made["texture"], crop, framing, self.uvs,
                    self._blendshapes, self._modes)

    @functools.cached_property
    def uvs(self) -> Atlas | None:
        """The Atlas of its faces; None where the morphable model has none."""
        return Atlas(self.network.uvs.numpy(), self.network.corners.numpy()) if hasattr(self.network, "uvs") else None

    @functools.cached_property
    def _blendshapes(self):
        """{name: [V, 3] float32 mm}; empty where the morphable model has none."""
        if not hasattr(self.network, "blendshapes"):
            return {}
        names = [name.decode() for name in self.network.blendshape_names.numpy()]
        return dict(zip(names, self.network.blendshapes.numpy().astype(np.float32), strict=True))

    @functools.cached_property
    def _sizes(self):
        """(S, T), the numbers of coefficients."""
        spec = self.network.read.get_concrete_function().structured_outputs
        return spec["shape"].shape[1], spec["texture"].shape[1]

    @functools.cached_property
    def _modes(self):
        """The Modes of the first coefficients."""
        found = []
        for which, made in enumerate(("vertices", "colors")):
            steps = [np.zeros([1 + min(MODES, self._sizes[which]), size], np.float32) for size in self._sizes]
            np.fill_diagonal(steps[which][1:], 1.)
            values = self.network.instance(*steps)[made].numpy()
            found.append(values[1:] - values[:1])
        return Modes(*found)


@stopwatch.timed("loading of the network")
def load(folder: str | os.PathLike = shipped.NAME) -> Reconstructor:
    """The Reconstructor that morph3d-export, or `Reconstructor.save`, has written into a folder.

    Args:
      folder: by default "shipped", the network that comes with the project.

    Raises:
      ValueError: there is none.
    """
    return Reconstructor(shipped.load() if folder == shipped.NAME else export.load(folder))
