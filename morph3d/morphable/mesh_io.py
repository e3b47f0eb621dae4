"""Writes a coloured mesh for other programs: Wavefront OBJ, PLY, or GLB (binary glTF 2.0)."""
import json
import os
import struct

import numpy as np

from morph3d import files
from morph3d.morphable import normals

FLOAT, UNSIGNED_INT = 5126, 5125  # glTF's component types
VERTEX_BUFFER, INDEX_BUFFER = 34962, 34963


def write(path, vertices, colors, triangles):
    """Writes one face; a file of that name is replaced only when the new one is complete.

    `.obj` and `.ply` keep millimetres and sRGB (OBJ as "v x y z r g b", PLY with 8-bit colours). `.glb` follows glTF
    2.0: metres, and vertex colours in linear light, with a matte material and normals so that viewers light it.

    Args:
      path: ends in .obj, .ply or .glb.
      vertices: [V, 3] mm.
      colors: [V, 3] sRGB; clipped to 0..1.
      triangles: [F, 3] vertex indices, counter-clockwise seen from outside.

    Raises:
      ValueError: another extension, or arrays of other shapes, or values that are not finite.
    """
    encoders = {".obj": _obj, ".ply": _ply, ".glb": _glb}
    path = os.fspath(path)
    extension = os.path.splitext(path)[1].lower()
    if extension not in encoders:
        raise ValueError(f'{path}: found extension "{extension}", expected {", ".join(encoders)}; rename the output')
    vertices, colors, triangles = (np.asarray(array) for array in (vertices, colors, triangles))
    if vertices.shape != (len(vertices), 3) or colors.shape != vertices.shape or triangles.shape != (len(triangles), 3):
        raise ValueError(f"{path}: found vertices {vertices.shape}, colors {colors.shape} and triangles "
                         f"{triangles.shape}, expected (V, 3), (V, 3) and (F, 3); write one face of a batch at a time")
    if not (np.isfinite(vertices).all() and np.isfinite(colors).all()):
        raise ValueError(f"{path}: found vertices or colors that are not finite, expected numbers; see what made them")
    content = encoders[extension](vertices.astype(np.float32), np.clip(colors, 0., 1.).astype(np.float32), triangles)
    with files.replacing(path) as beside:
        beside.write_bytes(content)


def _obj(vertices, colors, triangles):
    lines = ["# millimetres; x y z, then sRGB red green blue"]
    lines += [("v" + 6 * " {:.4f}").format(*row) for row in np.hstack([vertices, colors]).tolist()]
    lines += ["f {} {} {}".format(*row) for row in (triangles + 1).tolist()]  # OBJ counts from 1
    return ("\n".join(lines) + "\n").encode("ascii")


def _ply(vertices, colors, triangles):
    header = f"""ply
format binary_little_endian 1.0
comment millimetres, sRGB
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
    metres = vertices / 1000.
    linear = np.where(colors <= .04045, colors / 12.92, ((colors + .055) / 1.055)**2.4)  # IEC 61966-2-1
    blocks = [array.astype("<f4").tobytes() for array in (metres, normals.vertex_normals(vertices, triangles), linear)]
    blocks.append(triangles.astype("<u4").tobytes())
    binary = b"".join(blocks)
    description = _gltf(metres, len(triangles), [len(block) for block in blocks])
    text = json.dumps(description).encode("ascii")
    text += b" " * (-len(text) % 4)  # chunks end at multiples of four bytes, as the binary one does by itself
    chunks = struct.pack("<II", len(text), 0x4E4F534A) + text + struct.pack("<II", len(binary), 0x004E4942) + binary
    return struct.pack("<4sII", b"glTF", 2, 12 + len(chunks)) + chunks


def _gltf(metres, triangle_count, lengths):
    """The JSON part: positions, normals, colours and indices lie in the buffer in this order."""
    starts = np.cumsum([0, *lengths]).tolist()
    attributes = {"POSITION": 0, "NORMAL": 1, "COLOR_0": 2}
    targets = [VERTEX_BUFFER] * 3 + [INDEX_BUFFER]
    vectors = {"componentType": FLOAT, "count": len(metres), "type": "VEC3"}
    bounds = {"min": metres.min(0).tolist(), "max": metres.max(0).tolist()}
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
