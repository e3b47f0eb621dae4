"""A scan with a texture, and pictures of it as a photographer takes them who walks around it."""
import dataclasses
import math
from typing import NamedTuple

import numpy as np

from morph3d import images, scene
from morph3d.evaluation.geometry import scan_landmarks, subjects
from morph3d.evaluation.geometry.scans import Scan
from morph3d.mesh import readers
from morph3d.mesh.surface import Surface
from morph3d.morphable.landmarks import AVERAGE_FACE
from morph3d.renderer import textured

SIZE = 640  # pixels of a picture


class TexturedScan(NamedTuple):
    """A scan and its texture."""
    scan: Scan  # whose mesh has uvs
    texture: np.ndarray  # [H, W, 3] uint8 sRGB, row 0 at v = 1

    def picture(self, yaw):
        """[SIZE, SIZE, 3] uint8, turned by `yaw` degrees from the front, the nose to the picture's right; in a studio's light."""
        mesh = self.scan.mesh
        upright = scan_landmarks.onto(self.scan, AVERAGE_FACE).inverse().apply(mesh.vertices)
        setting = scene.studio(yaw=math.radians(yaw))
        return images.to_pixels(textured.render(upright, mesh.triangles, mesh.uvs, self.texture, setting, SIZE))

    def closest(self, points):
        """Colors [N, 3] uint8 sRGB of the surface where it is closest to points [N, 3] mm, and their distances [N] mm."""
        mesh = self.scan.mesh
        found = Surface(mesh.vertices, mesh.triangles).closest(points)
        u, v = np.einsum("nk,nkd->dn", found.weights, mesh.uvs.uvs[mesh.uvs.corners[found.triangles]])
        height, width = self.texture.shape[:2]
        x, y = (np.clip(place.astype(int), 0, side - 1) for place, side in ((u * width, width), ((1. - v) * height, height)))
        return self.texture[y, x], found.distances


def read(path, unit="mm", flipped=False):
    """The TexturedScan in a file.

    Args:
      path: see readers.read_textured. Landmarks are looked for.
      unit: see subjects.read_scan.
      flipped: whether the rows of its picture count from the other end than v, as some programs write them.

    Raises:
      ValueError: see readers.read_textured and subjects.read_scan.
    """
    mesh, texture = readers.read_textured(path)
    scan = subjects.read_scan(str(path), path, None, unit)
    scan = dataclasses.replace(scan, mesh=dataclasses.replace(scan.mesh, uvs=mesh.uvs))
    return TexturedScan(scan, np.ascontiguousarray(texture[::-1]) if flipped else texture)
