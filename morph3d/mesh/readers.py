"""Files of meshes by whatever program: OBJ, PLY, STL, OFF, GLB and what else trimesh reads; legacy VTK polydata; VRML 2.0."""
import io
import pathlib
import re

import numpy as np
import trimesh

from morph3d import images
from morph3d.mesh import vrml, vtk_polydata
from morph3d.mesh.mesh import Mesh

# The lines of an OBJ that make trimesh divide it, and so repeat its vertices: materials, objects and groups.
PARTS = re.compile(rb"^(usemtl|mtllib|o|g|s)\b.*$", re.MULTILINE)
OWN = {".vtk": vtk_polydata.read, ".wrl": vrml.read, ".wrz": vrml.read, ".vrml": vrml.read}


def read(path):
    """The Mesh in a file, in the file's own units and axes.

    Vertices keep their order, also where an OBJ's textures have seams; polygons become triangles; several shapes become one
    mesh. Colors of vertices are kept, those of textures are not.

    Args:
      path: ends in .obj, .ply or another ending that trimesh knows, .vtk (legacy polydata), .wrl or .wrz (VRML 2.0).

    Raises:
      ValueError: the kind is unknown, the file cannot be read, or there is no triangle or a number that is not finite in it.
    """
    path = pathlib.Path(path)
    ending = path.suffix.lower()
    if not path.is_file():
        raise ValueError(f"{path}: found no such file")
    if ending not in OWN and ending.lstrip(".") not in trimesh.available_formats():
        raise ValueError(f'{path}: found the ending "{path.suffix}", expected .obj, .ply, .stl, .glb, .vtk or .wrl; convert it, '
                         "for instance with MeshLab")
    try:
        vertices, triangles, colors = (OWN.get(ending) or _by_trimesh)(path)
    except Exception as error:  # whatever a parser stumbles over
        raise ValueError(f"{path}: cannot be read as {ending[1:].upper()} ({type(error).__name__}: {error}); get it again or "
                         "convert it, for instance with MeshLab") from error
    if not len(triangles):
        raise ValueError(f"{path}: found no faces, expected a surface; if it has points, make one of them, for "
                         "instance with MeshLab's screened Poisson reconstruction")
    try:
        return Mesh(vertices, triangles, colors)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None


def _by_trimesh(path):
    """-> vertices [V, 3], triangles [F, 3], colors [V, 3] or None."""
    source = io.BytesIO(PARTS.sub(b"", path.read_bytes())) if path.suffix.lower() == ".obj" else path
    scene = trimesh.load_scene(source, path.suffix[1:].lower(), process=False, maintain_order=True)
    shapes = [shape for shape in scene.dump() if isinstance(shape, trimesh.Trimesh)]
    starts = np.cumsum([0, *(len(shape.vertices) for shape in shapes)])
    colors = [_colors(shape) for shape in shapes]
    return (np.concatenate([np.zeros([0, 3]), *(shape.vertices for shape in shapes)]),
            np.concatenate([np.zeros([0, 3], np.int32), *(shape.faces + start for shape, start in zip(shapes, starts))]),
            np.concatenate(colors) if colors and all(color is not None for color in colors) else None)


def _colors(shape):
    return images.to_float(shape.visual.vertex_colors[:, :3]).numpy() if shape.visual.kind == "vertex" else None
