"""Binary glTF 2.0 (GLB) of a Mesh, which every viewer of 3D shows: meters, normals, colors or a texture, blendshapes to move it by.

Section numbers are those of the Khronos Group's specification of glTF 2.0.
"""
import json
import struct

import numpy as np

from morph3d.colors import linear_from_srgb
from morph3d.mesh import normals

METERS = .001  # per millimeter
COMPONENTS = {np.dtype("<f4"): 5126, np.dtype("<u4"): 5125, np.dtype("<u2"): 5123}
VERTEX_BUFFER, INDEX_BUFFER = 34962, 34963
REPEAT, LINEAR, LINEAR_MIPMAP_LINEAR = 10497, 9729, 9987  # wrapping and filters of a texture
STILL = .002  # mm; vertices that a blendshape moves less are left out of it
TURNED = .02  # about a degree; so are normals that it turns less


def encode(mesh, texture=None, blendshapes=None):
    """The bytes of a GLB file.

    Args:
      mesh: a Mesh. Its colors, in linear light as section 3.7.2.1 asks, are those of the vertices, if there is no texture.
      texture: bytes of a JPEG or PNG file, sRGB, which lies under the mesh's uvs with row 0 at v = 1; or None.
      blendshapes: {name: [V, 3] mm}, displacements at full strength, which become morph targets of these names (3.7.2.2), with
        their normals; or None.

    Raises:
      ValueError: a texture for a mesh without uvs.
    """
    if texture is not None and mesh.uvs is None:
        raise ValueError(f"found {mesh} and a texture, expected uvs to lay it on by; lay them out with uv_atlas.read")
    file = _File()
    # A vertex of glTF has one place in the texture: one of the mesh is there once for each that it has.
    owners = np.arange(len(mesh.vertices)) if texture is None else mesh.uvs.owners(mesh.triangles)
    corners = mesh.triangles if texture is None else mesh.uvs.corners
    facing = normals.vertex_normals(mesh.vertices, mesh.triangles)
    attributes = {"POSITION": file.positions(METERS * mesh.vertices[owners]), "NORMAL": file.vectors(facing[owners])}
    if texture is not None:
        attributes["TEXCOORD_0"] = file.vectors(np.stack([mesh.uvs.uvs[:, 0], 1. - mesh.uvs.uvs[:, 1]], 1))
    elif mesh.colors is not None:
        attributes["COLOR_0"] = file.vectors(linear_from_srgb(np.clip(mesh.colors, 0., 1.)))
    primitive = {"attributes": attributes, "indices": file.indices(corners), "material": 0}
    shape = {"primitives": [primitive]}
    if blendshapes:
        primitive["targets"] = [{"POSITION": file.displacements(METERS * moves, METERS * STILL, owners),
                                 "NORMAL": file.displacements(_turns(mesh, facing, moves), TURNED, owners)}
                                for moves in blendshapes.values()]
        shape |= {"weights": [0.] * len(blendshapes), "extras": {"targetNames": list(blendshapes)}}
    return file.bytes({"scene": 0, "scenes": [{"nodes": [0]}], "nodes": [{"name": "face", "mesh": 0}], "meshes": [shape],
                       **_material(None if texture is None else file.image(texture))})


def _turns(mesh, facing, moves):
    """What displacements [V, 3] mm add to the normals `facing` [V, 3] of a Mesh."""
    # By the triangles around what moves alone, in the mean a quarter of a head's.
    around = np.zeros(len(moves), bool)
    around[mesh.triangles[_touches(mesh.triangles, _beyond(moves, STILL))]] = True
    near = mesh.triangles[_touches(mesh.triangles, around)]
    used = np.zeros(len(moves), bool)
    used[near] = True
    turned = normals.vertex_normals((mesh.vertices + moves)[used], (np.cumsum(used) - 1)[near])
    turns = np.zeros_like(facing)
    turns[around] = turned[around[used]] - facing[around]
    return turns


def _touches(triangles, vertices):
    """Which of triangles [F, 3] have one of the vertices [V] bool."""
    first, second, third = vertices[triangles].T
    return first | second | third


def _beyond(values, still):
    """Which of vectors [V, 3] are longer."""
    return np.einsum("ij,ij->i", values, values) > still**2


def _material(image):
    """Matte and seen from both sides; of the colors of the texture, the number of whose image is given, or of the vertices."""
    surface = {"metallicFactor": 0., "roughnessFactor": .9}
    if image is None:
        return {"materials": [{"name": "face", "pbrMetallicRoughness": surface, "doubleSided": True}]}
    surface |= {"baseColorTexture": {"index": 0}}
    return {"materials": [{"name": "face", "pbrMetallicRoughness": surface, "doubleSided": True}],
            "samplers": [{"magFilter": LINEAR, "minFilter": LINEAR_MIPMAP_LINEAR, "wrapS": REPEAT, "wrapT": REPEAT}],
            "textures": [{"sampler": 0, "source": 0}], "images": [image]}


class _File:
    """A GLB file in the making: what is put into its buffer, and the accessors of that."""

    def __init__(self):
        self._blocks, self._views, self._accessors, self._length = [], [], [], 0

    def positions(self, values):
        """The number of an accessor of vectors [V, 3], with the bounds that section 3.7.2.1 asks for."""
        values = values.astype("<f4")
        return self._accessor(values, VERTEX_BUFFER, min=values.min(0).tolist(), max=values.max(0).tolist())

    def vectors(self, values):
        """The number of an accessor of vectors [V, 2 or 3]."""
        return self._accessor(values.astype("<f4"), VERTEX_BUFFER)

    def indices(self, triangles):
        return self._accessor(triangles.reshape(-1, 1).astype("<u4"), INDEX_BUFFER)

    def displacements(self, moves, still, owners):
        """The number of an accessor of those displacements [V, 3] that each of U `owners` has.

        It is sparse (3.6.2.3): a blendshape moves few of a head's vertices. Shorter ones than `still` are left out.
        """
        moved = np.flatnonzero(_beyond(moves, still)[owners])
        moved = moved if len(moved) else np.array([0])  # there must be one
        values, moved = moves[owners[moved]].astype("<f4"), moved.astype("<u2" if len(owners) <= 2**16 else "<u4")
        bounds = np.vstack([values, np.zeros([int(len(moved) < len(owners)), 3], np.float32)])
        self._accessors.append({
            "componentType": COMPONENTS[values.dtype], "count": len(owners), "type": "VEC3",
            "min": bounds.min(0).tolist(), "max": bounds.max(0).tolist(), "sparse": {
                "count": len(moved), "values": {"bufferView": self._view(values.tobytes())},
                "indices": {"bufferView": self._view(moved.tobytes()), "componentType": COMPONENTS[moved.dtype]}}})
        return len(self._accessors) - 1

    def image(self, content):
        kind = "image/jpeg" if content.startswith(b"\xff\xd8") else "image/png"
        return {"bufferView": self._view(content), "mimeType": kind}

    def _accessor(self, values, target, **bounds):
        self._accessors.append({
            "bufferView": self._view(values.tobytes(), target=target), "count": len(values),
            "componentType": COMPONENTS[values.dtype],
            "type": {1: "SCALAR", 2: "VEC2", 3: "VEC3"}[values.shape[1]], **bounds})
        return len(self._accessors) - 1

    def _view(self, content, **target):
        self._views.append({"buffer": 0, "byteOffset": self._length, "byteLength": len(content), **target})
        self._blocks.append(content + b"\0" * (-len(content) % 4))  # what comes next begins at a multiple of four bytes
        self._length += len(self._blocks[-1])
        return len(self._views) - 1

    def bytes(self, scene):
        """The file of a scene, a dictionary of the other parts of the JSON."""
        text = json.dumps({"asset": {"version": "2.0", "generator": "morph3d"}, **scene, "accessors": self._accessors,
                           "bufferViews": self._views, "buffers": [{"byteLength": self._length}]}).encode("ascii")
        text += b" " * (-len(text) % 4)
        heads = (struct.pack("<4sII", b"glTF", 2, 28 + len(text) + self._length), struct.pack("<II", len(text), 0x4E4F534A),
                 struct.pack("<II", self._length, 0x004E4942))
        return b"".join([*heads[:2], text, heads[2], *self._blocks])
