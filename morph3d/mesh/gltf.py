"""Binary glTF 2.0 (GLB) of a Mesh, which every viewer of 3D shows: meters, normals, colors or a texture, blendshapes to move it by,
and how it moves in time.

Section numbers are those of the Khronos Group's specification of glTF 2.0.
"""
import json
import struct
from typing import NamedTuple

import numpy as np
from scipy.spatial.transform import Rotation

from morph3d.colors import linear_from_srgb
from morph3d.mesh import normals

METERS = .001  # per millimeter
COMPONENTS = {np.dtype("<f4"): 5126, np.dtype("<u4"): 5125, np.dtype("<u2"): 5123}
VERTEX_BUFFER, INDEX_BUFFER = 34962, 34963
REPEAT, LINEAR, LINEAR_MIPMAP_LINEAR = 10497, 9729, 9987  # wrapping and filters of a texture
STILL = .002  # mm; vertices that a blendshape moves less are left out of it
TURNED = .02  # about a degree; so are normals that it turns less


class Track(NamedTuple):
    """How a head moves: N moments, between which everything changes linearly, the rotation at an even speed by the shorter way.

      times: [N] seconds from 0 on, strictly increasing.
      weights: [N, K] of the K blendshapes in their order.
      rotations, translations: [N, 3, 3] and [N, 3] mm, from model space to the world: x comes to rotation @ x + translation.
    """
    times: np.ndarray
    weights: np.ndarray
    rotations: np.ndarray
    translations: np.ndarray


def encode(mesh, texture=None, blendshapes=None, weights=None, track=None):
    """The bytes of a GLB file.

    Args:
      mesh: a Mesh. Its colors, in linear light as section 3.7.2.1 asks, are those of the vertices, if there is no texture.
      texture: bytes of a JPEG or PNG file, sRGB, which lies under the mesh's uvs with row 0 at v = 1; or None.
      blendshapes: {name: [V, 3] mm}, displacements at full strength, which become morph targets of these names (3.7.2.2), with
        their normals; or None.
      weights: {name: number} of blendshapes, in which state the face is shown; the others stand at 0. None is all at 0.
      track: a Track, which becomes the animation "track": its weights move the blendshapes, its rotations and translations the
        node, while the vertices of the mesh stay in model space; or None.

    Raises:
      ValueError: a texture for a mesh without uvs, the weight of an unknown blendshape, or a track of wrong shapes or times.
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
    if blendshapes:
        primitive["targets"] = [{"POSITION": file.displacements(METERS * moves, METERS * STILL, owners),
                                 "NORMAL": file.displacements(_turns(mesh, facing, moves), TURNED, owners)}
                                for moves in blendshapes.values()]
    shape = {"primitives": [primitive], **_state(blendshapes or {}, weights or {})}
    return file.bytes({"scene": 0, "scenes": [{"nodes": [0]}], "nodes": [{"name": "face", "mesh": 0}], "meshes": [shape],
                       **_material(None if texture is None else file.image(texture)),
                       **({} if track is None else _animation(file, track, len(blendshapes or {})))})


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


def _state(blendshapes, weights):
    """What a mesh of glTF says of all its blendshapes: at which weights it is shown, and their names."""
    unknown = [name for name in weights if name not in blendshapes]
    if unknown:
        raise ValueError(f"found weights of {', '.join(unknown)}, expected some of {', '.join(blendshapes) or 'no blendshapes'}")
    if not blendshapes:
        return {}
    return {"weights": [float(weights.get(name, 0.)) for name in blendshapes], "extras": {"targetNames": list(blendshapes)}}


def _animation(file, track, blendshapes):
    """A Track of the only node, with so many blendshapes (3.11)."""
    track = _checked(track, blendshapes)
    outputs = {"rotation": _quaternions(track.rotations), "translation": METERS * track.translations}
    if blendshapes:
        outputs["weights"] = track.weights.reshape(-1, 1)
    times = file.samples(track.times[:, None])
    samplers = [{"input": times, "output": file.samples(values), "interpolation": "LINEAR"} for values in outputs.values()]
    channels = [{"sampler": number, "target": {"node": 0, "path": path}} for number, path in enumerate(outputs)]
    return {"animations": [{"name": "track", "samplers": samplers, "channels": channels}]}


def _checked(track, blendshapes):
    """A Track in the numbers of the file, of 32 bits, in which its times must still increase."""
    track = Track(*(np.asarray(each, "<f4") for each in track))
    found, moments = tuple(each.shape for each in track), track.times.size
    if not moments or found != ((moments,), (moments, blendshapes), (moments, 3, 3), (moments, 3)):
        raise ValueError(f"found a track of shapes {found}, expected (N,), (N, {blendshapes}), (N, 3, 3), (N, 3): "
                         f"N moments, {blendshapes} blendshapes")
    rising = np.append(track.times[0] >= 0., np.diff(track.times) > 0.) & np.isfinite(track.times)
    if not rising.all():
        wrong = np.argmin(rising)
        raise ValueError(f"found {track.times[wrong]} s as number {wrong} of a track's times, expected them to increase, from 0 on")
    return track


def _quaternions(rotations):
    """[N, 4] x, y, z, w of matrices [N, 3, 3], of the two signs that which is nearer to the one before."""
    # Between q and -p, the same rotation as p, lies the long way around.
    quaternions = Rotation.from_matrix(rotations).as_quat()
    far = np.einsum("ij,ij->i", quaternions[1:], quaternions[:-1]) < 0.
    quaternions[1:][np.logical_xor.accumulate(far)] *= -1.
    return quaternions


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
        return self._accessor(values.astype("<f4"), bounded=True, target=VERTEX_BUFFER)

    def vectors(self, values):
        """The number of an accessor of vectors [V, 2 or 3]."""
        return self._accessor(values.astype("<f4"), target=VERTEX_BUFFER)

    def samples(self, values):
        """The number of an accessor of the numbers [N, 1, 3 or 4] of an animation; section 3.11 asks for the bounds of times."""
        return self._accessor(values.astype("<f4"), bounded=True)

    def indices(self, triangles):
        return self._accessor(triangles.reshape(-1, 1).astype("<u4"), target=INDEX_BUFFER)

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

    def _accessor(self, values, bounded=False, **target):
        bounds = {"min": values.min(0).tolist(), "max": values.max(0).tolist()} if bounded else {}
        self._accessors.append({
            "bufferView": self._view(values.tobytes(), **target), "count": len(values),
            "componentType": COMPONENTS[values.dtype],
            "type": {1: "SCALAR", 2: "VEC2", 3: "VEC3", 4: "VEC4"}[values.shape[1]], **bounds})
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
