"""A reconstructed face: its shape, its colors, and what it can be moved by."""
import dataclasses
import os
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from morph3d.mesh.gltf import Track
from morph3d.mesh.mesh import Mesh
from morph3d.mesh.uv_atlas import Atlas
from morph3d.photos.sightings import Framing


class Modes(NamedTuple):
    """The first modes of a morphable model: what one standard deviation of a coefficient adds."""
    shape: np.ndarray  # [K, V, 3] float32 mm
    texture: np.ndarray  # [K, V, 3] float32 sRGB


NO_MODES = Modes(np.empty([0, 0, 3], np.float32), np.empty([0, 0, 3], np.float32))


class Followed(NamedTuple):
    """How a face moves in its video."""
    track: Track  # N moments, those of the frames; its weights are of the face's blendshapes, its places from the middle one of all
    seen: np.ndarray  # [N] bool, moments when the face was seen; at the others, in short gaps, the track is made up


@dataclasses.dataclass(frozen=True, eq=False)
class Fitted:
    """A face as it is in its photo, which morph3d.fitting finds out; of a video, in a frame near its middle.

    Attributes:
      vertices: [V, 3] float32 mm, the face with the photo's expression, not turned.
      rotation: [3, 3], which turns it as it is turned in the photo, to +x right, +y up, +z toward the camera.
      camera: [3, 4], which takes points (x, y, z, 1) of the face, mm, to pixels of the photo (u w, v w, w).
      weights: {name: number in 0..1}, those of the face's blendshapes that are nearest to the expression; empty where it has none.
      expression: [E] coefficients of the morphable model, in standard deviations.
      pictures: {"photo", "mesh", "albedo": [size, size, 3] uint8}, the part of the photo with the head, and over it the shaded
        geometry and the colors without light (paper, figure 18).
      texture: [size, size, 3] uint8 sRGB of the photo's own pixels, row 0 at v = 1 of the face's uvs, or None.
      followed: how it moves in its video, a Followed; None for a photo.
    """
    vertices: np.ndarray
    rotation: np.ndarray
    camera: np.ndarray
    weights: Mapping[str, float]
    expression: np.ndarray
    pictures: Mapping[str, np.ndarray]
    texture: np.ndarray | None = None
    followed: Followed | None = None

    @property
    def posed(self) -> np.ndarray:
        """[V, 3] float32 mm, with the photo's expression and turned as in the photo."""
        return np.asarray(self.vertices @ self.rotation.T, np.float32)


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class Face:
    """A face made of a photo: neutral, in the topology of the morphable model.

    >>> face = reconstructor.reconstruct("me.jpg")
    >>> face
    Face(642 vertices, 4 shape and 3 texture coefficients)
    >>> face.landmarks.shape
    (68, 3)
    >>> face.save("me.glb")

    Attributes:
      vertices: [V, 3] float32 mm.
      colors: [V, 3] float32 sRGB in 0..1.
      triangles: [F, 3] int32 vertex indices, counter-clockwise seen from outside.
      landmarks: [68, 3] float32 mm, in the order of iBUG and Multi-PIE (morphable/landmarks.py).
      shape, texture: [S] and [T] float32 coefficients, in standard deviations.
      crop: [image_size, image_size, 3] uint8, the part of the photo that the network saw.
      framing: how the crop lies in the photo, a Framing; None where nobody knows the photo.
      uvs: where the triangles lie in a texture, the Atlas of the morphable model, or None.
      blendshapes: {name: [V, 3] float32 mm}, displacements to animate it by, at full strength; empty where the morphable model has
        none (morphable/blendshapes.py).
      modes: the Modes of its first coefficients.
      fitted: how it is in the photo, a Fitted; None for a face that was not fitted.
    """
    vertices: np.ndarray
    colors: np.ndarray
    triangles: np.ndarray
    landmarks: np.ndarray
    shape: np.ndarray
    texture: np.ndarray
    crop: np.ndarray
    framing: Framing | None = None
    uvs: Atlas | None = None
    blendshapes: Mapping[str, np.ndarray] = dataclasses.field(default_factory=dict)
    modes: Modes = NO_MODES
    fitted: Fitted | None = None

    def __repr__(self) -> str:
        return f"Face({len(self.vertices):,} vertices, {len(self.shape)} shape and {len(self.texture)} texture coefficients)"

    @property
    def mesh(self) -> Mesh:
        return Mesh(self.vertices, self.triangles, self.colors, self.uvs)

    def _repr_html_(self) -> str:
        """The face to turn and move, in Jupyter; see inference/viewer.py."""
        from morph3d.inference import viewer
        return viewer.inline(self)

    def save(self, path: str | os.PathLike) -> None:
        """Writes the face by the ending of `path`: .glb, .obj, .ply, .npz, .json, .png or .csv; see inference/face_files.py."""
        from morph3d.inference import face_files
        face_files.save(self, path)
