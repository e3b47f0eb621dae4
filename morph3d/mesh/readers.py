"""Files of meshes by whatever program: OBJ, PLY, STL, OFF, GLB and what else trimesh reads; legacy VTK polydata; VRML 2.0."""
import dataclasses
import io
import pathlib
import re

import numpy as np
import trimesh

from morph3d import images
from morph3d.mesh import uv_atlas, vrml, vtk_polydata
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


def read_textured(path):
    """The Mesh in a file, as `read` gives it but with uvs, and the texture that belongs to them.

    Args:
      path: of what trimesh reads with one texture, such as an OBJ with its MTL, and the picture that this names, beside it.

    Returns:
      Mesh, and [H, W, 3] uint8 sRGB, row 0 at v = 1.

    Raises:
      ValueError: see `read`; or there is no texture, or there are several.
    """
    # With maintain_order trimesh gives a vertex one place in the texture alone; without, triangles keep their order all the same.
    mesh, shapes = read(path), trimesh.load_scene(path, process=False).dump()
    picture = _picture(shapes[0].visual) if len(shapes) == 1 else None
    if picture is None:
        raise ValueError(f"{path}: found no texture, or several, expected one; an OBJ needs its MTL beside it, and the picture "
                         "that this names (map_Kd)")
    atlas = uv_atlas.from_corners(mesh.triangles, shapes[0].visual.uv[shapes[0].faces])
    return dataclasses.replace(mesh, uvs=atlas), np.asarray(picture.convert("RGB"))


def _picture(visual):
    """That of a material of trimesh, with PIL, or None."""
    if visual.kind != "texture" or visual.uv is None:
        return None
    return getattr(visual.material, "image", None) or getattr(visual.material, "baseColorTexture", None)


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
