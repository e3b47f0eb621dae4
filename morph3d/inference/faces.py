"""From a photo to a colored mesh, its files and a picture."""
import pathlib
from typing import NamedTuple

import cv2
import numpy as np

from morph3d import atomic_files, images, scene
from morph3d.encoders.base import Framing
from morph3d.mesh import uv_atlas, writers
from morph3d.photos import crops, decoding, face_detection
from morph3d.renderer import texture_baking
from morph3d.renderer.render import render


class Face(NamedTuple):
    crop: np.ndarray  # [S, S, 3] uint8, the aligned photo
    shape: np.ndarray  # [S] coefficients
    texture: np.ndarray  # [T] coefficients
    vertices: np.ndarray  # [V, 3] mm
    colors: np.ndarray  # [V, 3] sRGB in 0..1
    triangles: np.ndarray  # [T, 3]


def reconstruct(reconstructor, path):
    """The main face of a photo, neutral, as `reconstructor` (see `inference.export.load`) reads it.

    Raises:
      ValueError: the photo cannot be read, or no face is found in it.
    """
    photo = decoding.read(path)
    frame = Framing(crop_size(reconstructor), reconstructor.template)
    try:
        crop = crops.crop(photo, face_detection.detect(photo), frame)
    except ValueError as error:
        raise ValueError(f"{path}: {error}; give a photo whose face is at least a tenth of its longer side and seen from "
                         f"the front or a little from the side") from None
    face = reconstructor(images.to_float(crop[None]))
    return Face(crop, *(face[name][0].numpy() for name in ("shape", "texture", "vertices", "colors")),
                reconstructor.triangles.numpy())


def crop_size(reconstructor):
    """Pixels of the square crops that a loaded reconstructor takes."""
    return reconstructor.signatures["serving_default"].structured_input_signature[1]["crops"].shape[1]


def draw_views(face, degrees=(-45., 0., 45.), size=448):
    """Pictures of the face turned by each yaw, [N, size, size, 3] in 0..1."""
    count = len(degrees)
    vertices, colors = (np.repeat(part[None], count, 0) for part in (face.vertices, face.colors))
    return render(vertices, colors, face.triangles, scene.studio(count, np.radians(degrees).astype(np.float32)), size).image.numpy()


def write(face, folder, name):
    """Writes NAME.glb, NAME.ply, NAME.obj with its NAME.mtl and NAME_texture.png (see `writers.write_textured`), and
    NAME_views.png (the photo beside the face at -45, 0 and 45 degrees).

    Returns:
      The six paths.
    """
    folder = pathlib.Path(folder)
    layout = uv_atlas.read(face.vertices, face.triangles)
    baked = texture_baking.bake(face.colors, face.triangles, layout)
    textured = writers.write_textured(folder / f"{name}.obj", face.vertices, face.triangles, layout, baked)
    glb, ply, picture = (folder / f"{name}{ending}" for ending in (".glb", ".ply", "_views.png"))
    for path in glb, ply:
        writers.write(path, face.vertices, face.colors, face.triangles)
    views = draw_views(face)
    photo = cv2.resize(face.crop, views.shape[1:3], interpolation=cv2.INTER_CUBIC)
    write_picture(picture, np.concatenate([photo, *np.uint8(np.round(views * 255.))], 1))
    return [glb, ply, *textured, picture]


def write_picture(path, picture):
    """Writes an RGB uint8 picture [H, W, 3] as PNG."""
    _, content = cv2.imencode(".png", cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))
    with atomic_files.replacing(path) as beside:
        beside.write_bytes(content.tobytes())
