"""A reconstructed face: its shape and colors, its files and pictures."""
import dataclasses
import os
import pathlib

import numpy as np

from morph3d import images, scene
from morph3d.mesh import uv_atlas, writers
from morph3d.mesh.mesh import Mesh
from morph3d.mesh.uv_atlas import Atlas
from morph3d.renderer import texture_baking
from morph3d.renderer.render import render

DEGREES = (-45., 0., 45.)  # the turns in which a face is shown


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
      uvs: where the triangles lie in a texture, the Atlas of the morphable model, or None.
    """
    vertices: np.ndarray
    colors: np.ndarray
    triangles: np.ndarray
    landmarks: np.ndarray
    shape: np.ndarray
    texture: np.ndarray
    crop: np.ndarray
    uvs: Atlas | None = None

    def __repr__(self) -> str:
        return f"Face({len(self.vertices):,} vertices, {len(self.shape)} shape and {len(self.texture)} texture coefficients)"

    @property
    def mesh(self) -> Mesh:
        return Mesh(self.vertices, self.triangles, self.colors, self.uvs)

    def save(self, path: str | os.PathLike) -> None:
        """Writes the face with vertex colors, as GLB, OBJ or PLY by the ending of `path` (see mesh/writers.py)."""
        self.mesh.save(path)


def draw_views(face: Face, degrees: tuple[float, ...] = DEGREES, size: int = 448) -> np.ndarray:
    """Pictures of the face turned by each yaw, [N, size, size, 3] in 0..1."""
    count = len(degrees)
    vertices, colors = (np.repeat(part[None], count, 0) for part in (face.vertices, face.colors))
    return render(vertices, colors, face.triangles, scene.studio(count, np.radians(degrees).astype(np.float32)), size).image.numpy()


def draw_beside_photo(face: Face) -> np.ndarray:
    """What the network saw of the photo beside the face at -45, 0 and 45 degrees, uint8 [448, 4 * 448, 3]."""
    views = draw_views(face)
    return np.concatenate([images.resize(face.crop, views.shape[1]), *images.to_pixels(views)], 1)


def write_all(face: Face, folder: str | os.PathLike, name: str) -> list[pathlib.Path]:
    """Writes NAME.glb and NAME.ply with vertex colors, NAME.obj with its NAME.mtl and NAME_texture.png (see
    `writers.write_textured`), and NAME_views.png: the photo beside the face at -45, 0 and 45 degrees.

    Files that an earlier call has written are replaced.

    Returns:
      The six paths.

    Raises:
      ValueError: a file of one of these names is there that is not ours. Nothing is written then.
    """
    plain = writers.plain(name)
    paths = [pathlib.Path(folder, file) for file in (
        f"{name}.glb", f"{name}.ply", f"{name}.obj", f"{plain}.mtl", f"{plain}_texture.png", f"{name}_views.png")]
    for path in paths:
        if path.exists() and not _is_ours(path):
            raise ValueError(f"{path}: is there already and was not written by morph3d; move it away, or give another folder")
    glb, ply, obj, *_, picture = paths
    for path in glb, ply:
        writers.write(path, face.mesh)
    mesh = face.mesh if face.uvs else dataclasses.replace(face.mesh, uvs=uv_atlas.read(face.mesh))
    writers.write_textured(obj, mesh, texture_baking.bake(mesh))
    images.write_png(picture, draw_beside_photo(face))
    return paths


def _is_ours(path: pathlib.Path) -> bool:
    """Whether this package has written a file: it puts its name near the beginning of every kind."""
    with open(path, "rb") as file:
        return b"morph3d" in file.read(4096)
