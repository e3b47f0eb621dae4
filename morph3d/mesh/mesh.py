"""A mesh as one value, which models give and the renderer, the texture and the files take."""
import dataclasses
import os

import numpy as np

from morph3d.mesh import arrays, writers
from morph3d.mesh.uv_atlas import Atlas


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class Mesh:
    """A triangle mesh in NumPy arrays, checked and read only; `dataclasses.replace` makes others of it.

    Attributes:
      vertices: [V, 3] float32 mm; of a face +x the subject's left, +y up, +z out of it.
      triangles: [F, 3] int32 vertex indices, counter-clockwise seen from outside.
      colors: [V, 3] float32 sRGB in 0..1, or None; what lies outside is clipped where it is shown or written.
      uvs: where the triangles lie in a texture, an Atlas of them (see uv_atlas.read), or None.

    Raises:
      ValueError: an array has another shape, a value that is not finite, or an index that names no vertex; the colors are
        8-bit; or the atlas is that of other triangles.

    >>> mesh = Mesh(vertices=np.eye(3), triangles=np.array([[0, 1, 2]]), colors=np.full([3, 3], .5))
    >>> mesh
    Mesh(3 vertices, 1 triangles, colors)
    >>> dataclasses.replace(mesh, vertices=10. * mesh.vertices, colors=None)
    Mesh(3 vertices, 1 triangles)
    """
    vertices: np.ndarray
    triangles: np.ndarray
    colors: np.ndarray | None = None
    uvs: Atlas | None = None

    def __post_init__(self) -> None:
        vertices = arrays.floats("vertices", self.vertices, ("V", 3))
        triangles = arrays.indices("triangles", self.triangles, ("F", 3), len(vertices))
        self._set(vertices=arrays.frozen(vertices), triangles=arrays.frozen(triangles))
        if self.colors is not None:
            self._set(colors=arrays.frozen(arrays.colors("colors", self.colors, (len(vertices), 3))))
        if self.uvs is not None:
            self._set(uvs=self.uvs.checked(triangles))

    def _set(self, **values: object) -> None:
        for name, value in values.items():
            object.__setattr__(self, name, value)  # the way round `frozen`, while the mesh is being made

    def __repr__(self) -> str:
        extras = "".join(f", {name}" for name in ("colors", "uvs") if getattr(self, name) is not None)
        return f"Mesh({len(self.vertices):,} vertices, {len(self.triangles):,} triangles{extras})"

    def save(self, path: str | os.PathLike) -> None:
        """Writes it as .glb, .obj or .ply, by the path's ending, with its vertex colors if it has any; see writers.write."""
        writers.write(path, self)
