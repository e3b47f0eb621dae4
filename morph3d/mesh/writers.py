"""Writes a colored mesh for other programs: Wavefront OBJ, PLY, or GLB (binary glTF 2.0)."""
import contextlib
import hashlib
import json
import pathlib
import re
import struct

import numpy as np

from morph3d import atomic_files
from morph3d.mesh import normals

FLOAT, UNSIGNED_INT = 5126, 5125  # glTF's component types
VERTEX_BUFFER, INDEX_BUFFER = 34962, 34963
MATERIAL = "face"  # its name in OBJ and MTL
SHAPES = {"vertices": ("V", 3), "colors": ("V", 3), "triangles": ("F", 3), "corners": ("F", 3), "uvs": ("U", 2)}


def write(path, vertices, colors, triangles):
    """Writes one face with vertex colors; a file of that name is replaced only when the new one is complete.

    `.obj` and `.ply` keep millimeters and sRGB (OBJ as "v x y z r g b", PLY with 8-bit colors). `.glb` follows glTF
    2.0: meters, and vertex colors in linear light, with a matte material and normals so that viewers light it.

    Args:
      path: ends in .obj, .ply or .glb.
      vertices: [V, 3] mm.
      colors: [V, 3] sRGB; clipped to 0..1.
      triangles: [F, 3] vertex indices, counter-clockwise seen from outside.

    Raises:
      ValueError: another extension, or arrays of other shapes, or values that are not finite.
    """
    path = pathlib.Path(path)
    encoders = {".obj": _obj, ".ply": _ply, ".glb": _glb}
    _require_extension(path, encoders)
    vertices, colors, triangles = _checked(path, vertices=vertices, colors=colors, triangles=triangles)
    colors = np.clip(colors, 0., 1.).astype(np.float32)
    content = encoders[path.suffix.lower()](vertices.astype(np.float32), colors, triangles)
    with atomic_files.replacing(path) as beside:
        beside.write_bytes(content)


def write_textured(path, vertices, triangles, atlas, texture):
    """Writes one face as OBJ with normals, and beside it its material and texture, NAME.mtl and NAME_texture.png.

    For the many programs that show no vertex colors of an OBJ. Millimeters and sRGB.

    No OBJ is ever there without the material and the texture that belong to it: all three are first written aside, then an old
    OBJ is removed, and they take their places, the OBJ last. A full disk leaves everything as it was.

    Args:
      path: ends in .obj.
      vertices: [V, 3] mm.
      triangles: [F, 3] vertex indices, counter-clockwise seen from outside.
      atlas: morphable.atlas.Atlas of these triangles.
      texture: [S, S, 3] uint8 sRGB, row 0 at v = 1.

    Returns:
      The paths of the three, the OBJ first.

    Raises:
      ValueError: another extension, or arrays of other shapes, or values that are not finite.
    """
    path = pathlib.Path(path)
    _require_extension(path, [".obj"])
    vertices, triangles, corners, uvs = _checked(path, vertices=vertices, triangles=triangles, corners=atlas.corners, uvs=atlas.uvs)
    if texture.dtype != np.uint8 or texture.shape != (len(texture), len(texture), 3):
        raise ValueError(f"{path}: found a texture {texture.dtype} {texture.shape}, expected uint8 (S, S, 3); scale 0..1 to 0..255")
    name = _plain(path.stem)
    material, picture = path.with_name(f"{name}.mtl"), path.with_name(f"{name}_texture.png")
    contents = {path: _textured_obj(vertices, triangles, uvs, corners, material.name), material: _mtl(picture.name),
                picture: _png(texture)}
    with contextlib.ExitStack() as replacing:  # which ends with the last file first
        for target, content in contents.items():
            replacing.enter_context(atomic_files.replacing(target)).write_bytes(content)
        path.unlink(missing_ok=True)
    return list(contents)


def _require_extension(path, extensions):
    if path.suffix.lower() not in extensions:
        raise ValueError(f'{path}: found extension "{path.suffix}", expected {", ".join(extensions)}; rename the output')


def _checked(path, **arrays):
    """The arrays, if their shapes belong together and their values are finite."""
    arrays = {name: np.asarray(array) for name, array in arrays.items()}
    found = ", ".join(f"{name} {array.shape}" for name, array in arrays.items())
    lengths = {}
    for name, array in arrays.items():
        rows, columns = SHAPES[name]
        if array.shape != (lengths.setdefault(rows, len(array)), columns):
            expected = ", ".join("({}, {})".format(*SHAPES[name]) for name in arrays)
            raise ValueError(f"{path}: found {found}, expected {expected}; write one face of a batch at a time")
        if not np.isfinite(array).all():
            raise ValueError(f"{path}: found {name} that are not finite, expected numbers; see what made them")
    return arrays.values()


def _plain(name):
    """A file name that every reader takes: MeshLab finds no texture whose name has spaces or letters beyond ASCII.

    What is changed gets a digest of the original, lest two names become one.
    """
    plain = re.sub(r"[^A-Za-z0-9._-]", "_", name)
    return plain if plain == name else f"{plain}_{hashlib.sha256(name.encode()).hexdigest()[:6]}"


def _obj(vertices, colors, triangles):
    lines = ["# millimeters; x y z, then sRGB red green blue"]
    lines += [("v" + 6 * " {:.4f}").format(*row) for row in np.hstack([vertices, colors]).tolist()]
    lines += ["f {} {} {}".format(*row) for row in (triangles + 1).tolist()]  # OBJ counts from 1
    return ("\n".join(lines) + "\n").encode("ascii")


def _textured_obj(vertices, triangles, uvs, corners, material):
    """No colors beside the vertices: three.js would multiply the texture by them."""
    lines = ["# millimeters", f"mtllib {material}"]
    lines += ["v {:.4f} {:.4f} {:.4f}".format(*row) for row in vertices.tolist()]
    lines += ["vt {:.6f} {:.6f}".format(*row) for row in uvs.tolist()]
    lines += ["vn {:.4f} {:.4f} {:.4f}".format(*row) for row in normals.vertex_normals(vertices, triangles).tolist()]
    lines.append(f"usemtl {MATERIAL}")
    indices = np.stack([triangles, corners], 2).reshape(-1, 6) + 1
    lines += ["f {0}/{1}/{0} {2}/{3}/{2} {4}/{5}/{4}".format(*row) for row in indices.tolist()]
    return ("\n".join(lines) + "\n").encode("ascii")


def _mtl(texture):
    """White and matte: the texture alone decides."""
    return f"newmtl {MATERIAL}\nKd 1 1 1\nKs 0 0 0\nillum 1\nmap_Kd {texture}\n".encode("ascii")


def _png(picture):
    import cv2
    return cv2.imencode(".png", picture[..., ::-1])[1].tobytes()


def _ply(vertices, colors, triangles):
    header = f"""ply
format binary_little_endian 1.0
comment millimeters, sRGB
element vertex {len(vertices)}
property float x
property float y
property float z
property uchar red
property uchar green
property uchar blue
element face {len(triangles)}
property list uchar int vertex_indices
end_header
"""
    points = np.empty(len(vertices), [("xyz", "<f4", 3), ("rgb", "u1", 3)])
    points["xyz"], points["rgb"] = vertices, np.rint(255. * colors)
    faces = np.empty(len(triangles), [("count", "u1"), ("corners", "<i4", 3)])
    faces["count"], faces["corners"] = 3, triangles
    return header.encode("ascii") + points.tobytes() + faces.tobytes()


def _glb(vertices, colors, triangles):
    meters = vertices / 1000.
    linear = np.where(colors <= .04045, colors / 12.92, ((colors + .055) / 1.055)**2.4)  # IEC 61966-2-1
    blocks = [array.astype("<f4").tobytes() for array in (meters, normals.vertex_normals(vertices, triangles), linear)]
    blocks.append(triangles.astype("<u4").tobytes())
    binary = b"".join(blocks)
    description = _gltf(meters, len(triangles), [len(block) for block in blocks])
    text = json.dumps(description).encode("ascii")
    text += b" " * (-len(text) % 4)  # chunks end at multiples of four bytes, as the binary one does by itself
    chunks = struct.pack("<II", len(text), 0x4E4F534A) + text + struct.pack("<II", len(binary), 0x004E4942) + binary
    return struct.pack("<4sII", b"glTF", 2, 12 + len(chunks)) + chunks


def _gltf(meters, triangle_count, lengths):
    """The JSON part: positions, normals, colors and indices lie in the buffer in this order."""
    starts = np.cumsum([0, *lengths]).tolist()
    attributes = {"POSITION": 0, "NORMAL": 1, "COLOR_0": 2}
    targets = [VERTEX_BUFFER] * 3 + [INDEX_BUFFER]
    vectors = {"componentType": FLOAT, "count": len(meters), "type": "VEC3"}
    bounds = {"min": meters.min(0).tolist(), "max": meters.max(0).tolist()}
    return {
        "asset": {"version": "2.0", "generator": "morph3d"},
        "scene": 0, "scenes": [{"nodes": [0]}], "nodes": [{"mesh": 0}],
        "meshes": [{"primitives": [{"attributes": attributes, "indices": 3, "material": 0}]}],
        "materials": [{"pbrMetallicRoughness": {"metallicFactor": 0., "roughnessFactor": .9}, "doubleSided": True}],
        "accessors": [{"bufferView": 0, **vectors, **bounds}, {"bufferView": 1, **vectors},
                      {"bufferView": 2, **vectors},
                      {"bufferView": 3, "componentType": UNSIGNED_INT, "count": 3 * triangle_count, "type": "SCALAR"}],
        "bufferViews": [{"buffer": 0, "byteOffset": start, "byteLength": length, "target": target}
                        for start, length, target in zip(starts, lengths, targets, strict=False)],
        "buffers": [{"byteLength": starts[-1]}],
    }
