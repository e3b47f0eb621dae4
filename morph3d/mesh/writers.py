"""Files of a Mesh for other programs: Wavefront OBJ, PLY, or GLB (binary glTF 2.0)."""
import contextlib
import hashlib
import os
import pathlib
import re

import numpy as np

from morph3d import atomic_files, images
from morph3d.mesh import gltf, normals

MATERIAL = "face"  # its name in OBJ and MTL


def write(path, mesh):
    """Writes a mesh, with vertex colors if it has any; a file of that name is replaced only when the new one is complete.

    `.obj` and `.ply` keep millimeters and sRGB (OBJ as "v x y z r g b", PLY with 8-bit colors). `.glb` follows glTF
    2.0: meters, and vertex colors in linear light, with a matte material and normals so that viewers light it.

    Args:
      path: ends in .obj, .ply or .glb.
      mesh: a Mesh; its colors are clipped to 0..1.

    Raises:
      ValueError: another extension.
    """
    path = pathlib.Path(path)
    encoders = {".obj": _obj, ".ply": _ply, ".glb": gltf.encode}
    _require_extension(path, encoders)
    content = encoders[path.suffix.lower()](mesh)
    with atomic_files.replacing(path) as beside:
        beside.write_bytes(content)


def write_textured(path, mesh, texture):
    """Writes a mesh as OBJ with normals, and beside it its material and texture, NAME.mtl and NAME_texture.png.

    For the many programs that show no vertex colors of an OBJ. Millimeters and sRGB.

    No OBJ is ever there without the material and the texture that belong to it: all three are first written aside, then an old
    OBJ is removed, and they take their places, the OBJ last. A full disk leaves everything as it was.

    Args:
      path: ends in .obj.
      mesh: a Mesh with uvs.
      texture: [size, size, 3] uint8 sRGB, row 0 at v = 1.

    Returns:
      The paths of the three, the OBJ first.

    Raises:
      ValueError: another extension, a mesh without uvs, or a texture of another shape or type.
    """
    path = pathlib.Path(path)
    _require_extension(path, [".obj"])
    if mesh.uvs is None:
        raise ValueError(f"{path}: found a mesh without uvs, expected them under a texture; lay them out with uv_atlas.read")
    if texture.dtype != np.uint8 or texture.shape != (len(texture), len(texture), 3):
        raise ValueError(f"{path}: found a texture {texture.dtype} {texture.shape}, expected uint8 "
                         f"(size, size, 3); scale 0..1 to 0..255")
    name = plain(path.stem)
    material, picture = path.with_name(f"{name}.mtl"), path.with_name(f"{name}_texture.png")
    contents = {path: _textured_obj(mesh, material.name), material: _mtl(picture.name), picture: images.png(texture)}
    with contextlib.ExitStack() as replacing:  # which ends with the last file first
        for target, content in contents.items():
            replacing.enter_context(atomic_files.replacing(target)).write_bytes(content)
        path.unlink(missing_ok=True)
    return list(contents)


def _require_extension(path, extensions):
    if path.suffix.lower() not in extensions:
        raise ValueError(f'{path}: found extension "{path.suffix}", expected {", ".join(extensions)}; rename the output')


def plain(name):
    """A file name that every reader takes: MeshLab finds no texture whose name has spaces or letters beyond ASCII.

    What is changed gets a digest of the original, lest two names become one.
    """
    plain = re.sub(r"[^A-Za-z0-9._-]", "_", name)
    return plain if plain == name else f"{plain}_{hashlib.sha256(os.fsencode(name)).hexdigest()[:6]}"


def _obj(mesh):
    plain = mesh.colors is None
    lines = ["# morph3d, millimeters" if plain else "# morph3d, millimeters; x y z, then sRGB red green blue"]
    numbers = mesh.vertices if plain else np.hstack([mesh.vertices, np.clip(mesh.colors, 0., 1.)])
    lines += [("v" + numbers.shape[1] * " {:.4f}").format(*row) for row in numbers.tolist()]
    lines += ["f {} {} {}".format(*row) for row in (mesh.triangles + 1).tolist()]  # OBJ counts from 1
    return ("\n".join(lines) + "\n").encode("ascii")


def _textured_obj(mesh, material):
    """No colors beside the vertices: three.js would multiply the texture by them."""
    facing = normals.vertex_normals(mesh.vertices, mesh.triangles)
    lines = ["# morph3d, millimeters", f"mtllib {material}"]
    lines += ["v {:.4f} {:.4f} {:.4f}".format(*row) for row in mesh.vertices.tolist()]
    lines += ["vt {:.6f} {:.6f}".format(*row) for row in mesh.uvs.uvs.tolist()]
    lines += ["vn {:.4f} {:.4f} {:.4f}".format(*row) for row in facing.tolist()]
    lines.append(f"usemtl {MATERIAL}")
    indices = np.stack([mesh.triangles, mesh.uvs.corners], 2).reshape(-1, 6) + 1
    lines += ["f {0}/{1}/{0} {2}/{3}/{2} {4}/{5}/{4}".format(*row) for row in indices.tolist()]
    return ("\n".join(lines) + "\n").encode("ascii")


def _mtl(texture):
    """White and matte: the texture alone decides."""
    return f"# morph3d\nnewmtl {MATERIAL}\nKd 1 1 1\nKs 0 0 0\nillum 1\nmap_Kd {texture}\n".encode("ascii")


def _ply(mesh):
    columns = dict(zip("xyz", mesh.vertices.T, strict=True))
    if mesh.colors is not None:
        columns |= zip(("red", "green", "blue"), images.to_pixels(mesh.colors).T, strict=True)
    points = np.empty(len(mesh.vertices), [(name, values.dtype.newbyteorder("<")) for name, values in columns.items()])
    for name, values in columns.items():
        points[name] = values
    faces = np.empty(len(mesh.triangles), [("count", "u1"), ("corners", "<i4", 3)])
    faces["count"], faces["corners"] = 3, mesh.triangles
    properties = [f"property {'uchar' if values.dtype == np.uint8 else 'float'} {name}" for name, values in columns.items()]
    header = ["ply", "format binary_little_endian 1.0", "comment morph3d, millimeters, sRGB",
              f"element vertex {len(points)}", *properties,
              f"element face {len(faces)}", "property list uchar int vertex_indices", "end_header\n"]
    return "\n".join(header).encode("ascii") + points.tobytes() + faces.tobytes()
