"""Fits to pictures of a textured scan from several sides: their texture beside the scan's own, and how far off they are."""
from typing import NamedTuple

import numpy as np
import tqdm
from absl import logging

from morph3d import colors, images, scene
from morph3d.evaluation.fitting import faces
from morph3d.evaluation.fitting.geometry import Distances
from morph3d.evaluation.geometry import protocols
from morph3d.fitting import photo_texture
from morph3d.mesh.mesh import Mesh
from morph3d.photos import face_detection
from morph3d.renderer import texture_baking
from morph3d.renderer.textured import render

YAWS = -40., -20., 0., 20., 40.  # degrees
PROTOCOLS = {"micc": protocols.micc, "now": protocols.now}
TEXELS = 20_000  # of those that the photo shows, taken evenly
TILE = 256  # pixels of what is shown
FAR = 5.  # mm; there the scan has a hole, or the face is no face of it


class Differences(NamedTuple):
    """The mean difference from the scan's colors, CIELAB."""
    plain: float
    scaled: float  # with the factor of each channel of linear light that is right for most: for another light or tone of skin


class View(NamedTuple):
    """One picture of the scan, and the face that was fitted to it."""
    yaw: float  # degrees
    geometry: dict[str, Distances]  # by protocol
    compared: float  # the share of the texture that the photo shows, where there is a scan, and textures are compared
    texture: Differences  # of the photo's texture
    model: Differences  # of the model's colors, at the same places
    tiles: list[np.ndarray]  # [TILE, TILE, 3] uint8: the picture, and the fitted face from the front with both textures


def measure(fitter, reader, textured, yaws=YAWS):
    """The Views of a scan.

    Args:
      fitter: Fitter.
      reader: its Reconstructor, read as is right for photos.
      textured: textured_scans.TexturedScan.
      yaws: degrees.

    Returns:
      [View], and {yaw: why there is none}.

    Raises:
      ValueError: there are none at all.
    """
    views, left_out = [], {}
    mean_face = {name: protocol(textured.scan, reader.mean_face).error for name, protocol in PROTOCOLS.items()}
    for yaw in tqdm.tqdm(yaws, unit=" views", dynamic_ncols=True):
        try:
            views.append(_view(fitter, reader, textured, yaw, mean_face))
        except ValueError as error:
            left_out[yaw] = str(error)
            logging.warning("%s from %g degrees: left out: %s", textured.scan.name, yaw, error)
    protocols.aligned.cache_clear()
    if not views:
        raise ValueError(f"{textured.scan.name}: no view could be measured; the first: {next(iter(left_out.values()))}")
    return views, left_out


def _view(fitter, reader, textured, yaw, mean_face):
    drawn = textured.picture(yaw)
    photo, face = faces.read(f"{yaw:g} degrees", (drawn, face_detection.detect(drawn)), reader)
    fit = fitter.solve(photo, face)
    neutral, atlas = fitter.neutral(face, fit), fitter.reconstructor.uvs
    found = {name: [protocol(textured.scan, each) for each in (face, neutral)] for name, protocol in PROTOCOLS.items()}
    distances = {name: Distances(textured.scan.name, mean_face[name], *(each.error for each in both))
                 for name, both in found.items()}
    mesh = Mesh(neutral.vertices, neutral.triangles, neutral.colors, atlas)
    texture = photo_texture.make(fitter.model, atlas, fit, photo)
    textures = texture.pixels, texture_baking.bake(mesh)
    compared, differences = compare(mesh, texture.photo > .5, textures, textured, found["micc"][-1].similarity)
    return View(yaw, distances, compared, *differences, [images.resize(photo, TILE), *(_front(mesh, each) for each in textures)])


def _front(mesh, texture):
    return images.to_pixels(render(mesh.vertices, mesh.triangles, mesh.uvs, texture, scene.studio(), TILE))


def compare(mesh, shown, textures, textured, similarity):
    """How far textures of a face are from the colors of a scan where they lie on it.

    Args:
      mesh: Mesh of the face, with uvs.
      shown: [N] bool, which of the texels that texture_baking.prepare counts are compared.
      textures: [SIZE, SIZE, 3] uint8 sRGB each.
      textured: TexturedScan.
      similarity: from the face to the scan.

    Returns:
      The share of the texels that were compared; and the Differences of each texture.

    Raises:
      ValueError: there are none.
    """
    weights, nearest = texture_baking.prepare(mesh.uvs)
    rows = np.flatnonzero(shown)
    rows = rows[np.linspace(0, len(rows) - 1, min(len(rows), TEXELS)).astype(int)] if len(rows) else rows
    points = weights[rows] @ mesh.vertices[mesh.uvs.owners(mesh.triangles)]
    own, apart = textured.closest(similarity.apply(points))
    near = apart < FAR
    if not near.any():
        raise ValueError("the photo shows nothing of the face where the scan is")
    pixel_of = np.empty(weights.shape[0], int)  # a pixel of the texture that has the color of the texel
    pixel_of[nearest.ravel()] = np.arange(nearest.size)
    places = pixel_of[rows[near]]
    return float(shown.mean() * near.mean()), [_differences(texture.reshape(-1, 3)[places], own[near]) for texture in textures]


def _differences(found, own):
    """The Differences of colors [N, 3] uint8 sRGB from others."""
    linear, wanted = images.to_linear(found), images.to_linear(own)
    factors = np.exp(np.median(np.log(np.maximum(wanted, 1e-3)) - np.log(np.maximum(linear, 1e-3)), 0))
    return Differences(*(float(np.linalg.norm(_lab(light) - _lab(wanted), axis=1).mean()) for light in (linear, linear * factors)))


def _lab(linear):
    return colors.lab_from_srgb(colors.srgb_from_linear(np.clip(linear, 0., 1.)))
