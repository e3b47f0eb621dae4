"""A page of reconstructed faces to turn, light and move in a browser: one HTML file, which needs nothing beside it.

It draws with three.js, as trimesh brings that along for a viewer of its own; viewer.html and viewer.js are the rest.
"""
import base64
import functools
import gzip
import html
import importlib.util
import json
import pathlib
import string
import struct
import zipfile

import cv2
import numpy as np
from scipy.spatial.transform import Rotation

from morph3d import images

STEPS = 2**15 - 1  # of a number of 16 bits, to either side
LARGEST_TEXTURE, TEXTURE_QUALITY = 1024, 90  # pixels a side, half of a file's; JPEG
OVERLAY_QUALITY = 80  # JPEG, of the photo and what is laid over it
TRIMESH_BEGINS = "var camera,controls,scene,renderer,tracklight;"  # where in trimesh's page its own program comes after three.js


def page(shown, title="morph3d"):
    """The page, text.

    Args:
      shown: {name: (Face, {label: link})}, faces of one reconstructor, and for each links to files of it, or none.
      title: of the page.
    """
    folder = pathlib.Path(__file__).parent
    parts = {name: (folder / f"viewer.{name}").read_text("utf-8") for name in ("html", "js")}
    data = base64.b64encode(gzip.compress(_packed(shown), 1, mtime=0)).decode()
    return string.Template(parts["html"]).substitute(title=html.escape(title), three=_three(), data=data, viewer=parts["js"])


def inline(face):
    """A Face as a part of another page, such as a notebook: the page in a frame of its own, so that neither disturbs the other."""
    text = html.escape(page({"face": (face, {})}))
    instead = f"{face}: trust this notebook, or run it, to see it"  # where a notebook of somebody else's loses its frames
    return f'<iframe srcdoc="{text}" style="width: 100%; height: 600px; border: 0">{html.escape(instead)}</iframe>'


@functools.cache
def _three():
    """three.js with its TrackballControls, which define THREE."""
    # Found without importing trimesh, which takes a third of a second.
    folder = pathlib.Path(importlib.util.find_spec("trimesh").submodule_search_locations[0])
    with zipfile.ZipFile(folder / "resources" / "templates" / "viewer.zip") as packed:
        text = packed.read("viewer.html.template").decode()
    library, found, _ = text.partition("<script>")[2].partition(TRIMESH_BEGINS)
    if not found or "THREE.TrackballControls=" not in library.replace(" ", ""):
        raise ValueError(f"{folder}: found another viewer than that of trimesh 4.6 to 5.2; install one of these")
    return library


def _packed(shown):
    """What viewer.js reads: the length of a JSON text, that text, and the arrays that it tells the places of."""
    (first, _), arrays = next(iter(shown.values())), _Arrays()
    textured = any(face.fitted and face.fitted.texture is not None for face, _ in shown.values())
    contents = {
        "triangles": arrays.put(np.uint32(first.triangles)),
        "atlas": {"corners": arrays.put(np.uint32(first.uvs.corners)), "uvs": arrays.numbers(first.uvs.uvs)} if textured else None,
        "blendshapes": [{"name": name, **arrays.moves(displacements)} for name, displacements in first.blendshapes.items()],
        **{f"{name}_modes": [arrays.numbers(mode) for mode in modes] for name, modes in first.modes._asdict().items()},
        "faces": [{"name": name, "vertices": arrays.numbers(face.vertices), "colors": arrays.put(images.to_pixels(face.colors)),
                   "shape": face.shape[:len(first.modes.shape)].tolist(),
                   "texture": face.texture[:len(first.modes.texture)].tolist(),
                   "photo": _jpeg(face.crop), "fitted": _fitted(face, arrays) if face.fitted else None,
                   "downloads": links} for name, (face, links) in shown.items()]}
    text = json.dumps(contents).encode("ascii")
    text += b" " * (-len(text) % 4)  # the arrays begin at multiples of four bytes
    return b"".join([struct.pack("<I", len(text)), text, *arrays.blocks])


def _fitted(face, arrays):
    fitted = face.fitted
    return {"moves": arrays.moves(fitted.vertices - face.vertices),
            "rotation": Rotation.from_matrix(fitted.rotation).as_quat().tolist(),
            "pictures": {name: _jpeg(picture, OVERLAY_QUALITY) for name, picture in fitted.pictures.items()},
            "texture": None if fitted.texture is None else _jpeg(_bounded(fitted.texture), TEXTURE_QUALITY)}


class _Arrays:
    """Arrays in the making of a page, and where in their blocks they lie."""

    def __init__(self):
        self.blocks, self._length = [], 0

    def put(self, array, **scale):
        self.blocks.append(array.tobytes() + b"\0" * (-array.nbytes % 4))
        self._length += len(self.blocks[-1])
        return {"kind": array.dtype.name, "offset": self._length - len(self.blocks[-1]), "size": array.size, **scale}

    def numbers(self, values):
        scale = max(float(np.abs(values).max(initial=0.)), 1e-9) / STEPS
        return self.put(np.int16(np.rint(values / scale)), scale=scale)

    def moves(self, displacements):
        rows = np.flatnonzero(np.abs(displacements).max(1) > 0.)
        return {"rows": self.put(np.uint32(rows)), "moves": self.numbers(displacements[rows])}


def _bounded(texture):
    return images.resize(texture, min(len(texture), LARGEST_TEXTURE))


def _jpeg(pixels, quality=95):
    """A link with [H, W, 3] uint8 in it."""
    _, content = cv2.imencode(".jpg", pixels[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])
    return f"data:image/jpeg;base64,{base64.b64encode(content).decode()}"
