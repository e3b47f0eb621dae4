"""The photo's own pixels as the texture of a fitted face: where they show its skin, with the light taken out.

Where the photo does not show it, the other half of the face does, and where neither does, the model, in the photo's tone. All that
decides is found at the vertices; texel by texel only the photo is looked up.
"""
from typing import NamedTuple

import cv2
import numpy as np

from morph3d import images
from morph3d.fitting import mesh_fields, sight
from morph3d.fitting.skin import PLAIN
from morph3d.renderer import texture_baking

TEXEL = .3  # mm, about a texel's size on a head
TONE = 15.  # mm, over which the tones of photo and model are compared
UNKNOWN = 1e-3  # as if so much of the tone were the model's, so that it is, far from all that is seen
BRIGHTEST = 1.4  # times the surrounding skin; what is brighter is a highlight
WHITE = "eyes", "brows", "lips"  # parts with bright spots of their own
ROW = 1024  # places that are looked up, a row of a picture of them


class Texture(NamedTuple):
    """The texture of a face, and where it is from."""
    pixels: np.ndarray  # [SIZE, SIZE, 3] uint8 sRGB, row 0 at v = 1
    photo: np.ndarray  # [N] 0..1, how much of a texel is the photo's, of those that texture_baking.prepare counts
    mirrored: np.ndarray  # [N] how much is from the other half of the face; the rest is the model's


def make(model, atlas, fit, photo):
    """The Texture of a fitted face.

    Args:
      model: LinearModel.
      atlas: Atlas of the model's triangles.
      fit: photo_fit.Fit.
      photo: [H, W, 3] uint8, the one that was fitted.

    Raises:
      ValueError: it was another photo, or the atlas is that of other triangles.
    """
    _check(fit, photo)
    atlas = atlas.checked(model.triangles)
    source, own = _toned(model, sight.of(model, fit, photo.shape[1::-1]))
    pixels_per_mm = np.exp(fit.state.view.log_scale) / fit.scale
    photo, scales = images.shrink(photo, 1. / (TEXEL * pixels_per_mm))
    source = source._replace(places=source.places * scales)
    weights, nearest = texture_baking.prepare(atlas)
    owners = atlas.owners(model.triangles)
    brightest = np.where(model.among(*WHITE)[:, None], 1., BRIGHTEST * own)
    texels, shares = weights @ np.float32(own)[owners], []
    for each in (source.mirrored(model), source):
        fields = np.float32(np.concatenate([brightest, *each], 1))[owners]
        shares.append(weights @ fields[:, -1])
        rows = np.flatnonzero(shares[-1])
        most, *here = np.split(weights[rows] @ fields, (3, 5, 8, 11), 1)
        here = sight.Source(*here)
        texels[rows] += here.weight * (np.minimum(_albedo(photo, here), most) - texels[rows])
    mirrored, seen = shares
    return Texture(texture_baking.encode(texels, nearest), seen, mirrored * (1. - seen))


def _check(fit, photo):
    if photo.ndim != 3 or photo.shape[2] != 3 or photo.dtype != np.uint8:
        raise ValueError(f"the photo must be [H, W, 3] uint8, found {list(photo.shape)} {photo.dtype}")
    fitted = 2. * fit.in_photo(fit.center)
    if np.abs(fitted - photo.shape[1::-1]).max() > .5:
        raise ValueError(f"found a photo of {photo.shape[1]} x {photo.shape[0]} pixels, expected the one that was fitted, of "
                         f"{fitted[0]:.0f} x {fitted[1]:.0f}; fit the face to this one")


def _albedo(photo, source):
    """[N, 3] linear RGB of the photo at the N places of a Source, with the light taken out."""
    count = len(source.places)
    places = np.resize(np.float32(source.places - .5), (count // ROW + 1, ROW, 2))  # OpenCV takes no longer rows than 32767
    found = cv2.remap(photo, places, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE).reshape(-1, 3)[:count]
    return np.clip((images.to_linear(found) - source.shine) / np.maximum(source.lit, 1e-3), 0., 1.)


def _toned(model, seen):
    """The Source with the light evened, and the model's albedo [V, 3] linear RGB in the photo's tone.

    What the two halves of the face differ by over TONE, where both are seen, is light that the fit has not found: people's skin is
    the same left and right.
    """
    mirror, weight = mesh_fields.mirror(model), seen.source.weight * model.among(*PLAIN)[:, None]
    off = np.log(np.clip(seen.photo, .01, 1.) / np.clip(seen.own, .01, 1.))
    spread = mesh_fields.smooth(model, TONE, np.concatenate([weight, weight * off], 1))
    known, tone = spread[:, :1], spread[:, 1:] / (spread[:, :1] + UNKNOWN)
    uneven = np.clip(np.minimum(known, mirror @ known), 0., 1.) * (tone - mirror @ tone) / 2.
    return seen.source._replace(lit=seen.source.lit * np.exp(uneven)), np.clip(seen.own * np.exp(tone - uneven), 0., 1.)
