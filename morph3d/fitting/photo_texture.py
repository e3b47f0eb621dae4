"""The photo's own pixels as the texture of a fitted face: where they show its skin, with the light taken away.

Where the photo does not show it, the other half of the face does, and where neither, the model, in the photo's tone. All is found
at the vertices; only the photo is looked up texel by texel.
"""
from typing import NamedTuple

import cv2
import numpy as np

from morph3d import colors, images
from morph3d.fitting import mesh_fields, sight
from morph3d.renderer import texture_baking

TEXEL = .3  # mm, about the size of one on a head: a photo is shrunk to it
WIDE = 15.  # mm, over which tones are compared and passed on
LINEAR = np.float32(colors.linear_from_srgb(np.arange(256) / 255.))
ROW = 1024


class Texture(NamedTuple):
    """The texture of a face, and where it is from."""
    pixels: np.ndarray  # [SIZE, SIZE, 3] uint8 sRGB, row 0 at v = 1
    photo: float  # the share of what triangles cover that is from the photo
    mirrored: float  # that is from it, of the other half of the face


def make(model, atlas, fit, photo):
    """The Texture of a fitted face.

    Args:
      model: LinearModel.
      atlas: Atlas of the model's triangles.
      fit: photo_fit.Fit.
      photo: [H, W, 3] uint8, the one that was fitted.
    """
    source, own = _toned(model, *sight.of(model, fit, photo.shape))
    small, scales = images.shrink(photo, 1. / max(1., TEXEL * np.exp(fit.state.view.log_scale) / fit.window[0, 0]))
    source = source._replace(places=source.places * scales)
    weights, nearest = texture_baking.prepare(atlas)
    owners = atlas.owners(model.triangles)
    texels = weights @ np.float32(own)[owners]
    shares = []
    for each in (source.mirrored(model), source):
        fields = np.float32(np.concatenate(each, 1))[owners]
        share = weights @ fields[:, -1]
        shares.append(share)
        rows = np.flatnonzero(share)
        here = sight.Source(*np.split(weights[rows] @ fields, (2, 5, 8), 1))
        texels[rows] += here.weight * (_albedo(small, here) - texels[rows])
    return Texture(texture_baking.encode(texels, nearest), float(shares[1].mean()), float((shares[0] * (1. - shares[1])).mean()))


def _albedo(photo, source):
    """[N, 3] linear RGB of the photo at N places, without the light."""
    count = len(source.places)
    places = np.resize(np.float32(source.places - .5), (-(-count // ROW), ROW, 2))
    looked = cv2.remap(photo, places, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE).reshape(-1, 3)[:count]
    return np.clip((LINEAR[looked] - source.shine) / np.maximum(source.lit, 1e-3), 0., 1.)


def _toned(model, source, photo, own):
    """The Source with what its light still has of a left and a right side taken out, and the albedo [V, 3] that the model has
    where there is no photo, linear RGB in the photo's tone."""
    mirror = mesh_fields.mirror(model)
    weight = source.weight * sight.plain(model)[:, None]
    off = np.log(np.clip(photo, .01, 1.) / np.clip(own, .01, 1.))
    spread = mesh_fields.smooth(model, WIDE, np.concatenate([weight, weight * off], 1))
    known, tone = spread[:, :1], spread[:, 1:] / (spread[:, :1] + 1e-3)
    both = np.minimum(known, mirror @ known)
    uneven = np.clip(both, 0., 1.) * (tone - mirror @ tone) / 2.
    return source._replace(lit=source.lit * np.exp(uneven)), np.clip(own * np.exp(tone - uneven), 0., 1.)
