"""Which of what a photo shows is a face's skin, and not what hides it: hair, glasses, a hand, a cover.

Two things tell: a photo looks there as the fitted face does; and its albedo is one that skin can have, by the tone of this very
face. The first alone does not, for a model with beards draws a dark cover as one.
"""
import functools
from typing import NamedTuple

import cv2
import numpy as np
from scipy.spatial import cKDTree

from morph3d import colors
from morph3d.fitting import mesh_fields, photometric
from morph3d.morphable.albedo.masks import smoothstep

# Pixels of the fitted picture over which differences from the rendering are averaged, and how large they may be, sRGB: covers
# differ far and wide, frames of glasses in lines, brows and moles on small spots only.
WIDE, NEAR, FINE = (5., .10), (2., .3), (1., .15)
NOISE = .035  # sRGB, up to which these bounds hold; the more a fit leaves over, the wider they are
HAIR = .5, .85  # natural logarithms, by which the albedo of hair is off the skin's
BEARD, CHROMA = 1.1, .22  # natural logarithms, by which beards are darker, and may have another hue
LIPS = 1.6  # times as much for lips
PATCH = 4.  # mm over which albedo is averaged to tell covers
FRAMES = 8., 26.  # mm from the contours of the eyes, where glasses have their frames and eyes no lashes
PLAIN = "nose", "cheeks", "forehead", "chin", "eyelids"  # parts of the tone that skin has
BARE = "forehead", "ears"  # parts where no beard is
FEATURES = "eyes", "brows"


class Agreement(NamedTuple):
    """How well vertices are explained by the rendering, each over another scale, 0..1."""
    wide: np.ndarray  # [V]
    near: np.ndarray  # [V]
    fine: np.ndarray  # [V]
    tolerance: float  # 1 and more, how much wider bounds are for the noise


def look_up(picture, pixels):
    """[N, ...] of a picture [H, W, ...] at pixels [N, 2], beyond its edges as at them."""
    return cv2.remap(np.float32(picture), np.float32(pixels - .5)[None], None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)[0]


def agreement(picture, drawn, pixels):
    """The Agreement of vertices at pixels [V, 2] of a picture [size, size, 3] with its Rendering, of any size."""
    image, mask = (cv2.resize(np.float32(part), picture.shape[:2], interpolation=cv2.INTER_AREA)
                   for part in (np.where(drawn.mask[..., None], drawn.image, 0.), drawn.mask))
    off = picture * mask[..., None] - image
    noise = photometric.BETTER_HALF * np.sqrt(np.quantile(np.square(off[mask > .99]).mean(1), .25)) if mask.max() > .99 else 0.
    tolerance = max(1., noise / NOISE)
    maps = []
    for scale, bound in (WIDE, NEAR, FINE):
        mean = cv2.GaussianBlur(off, (0, 0), scale) / np.maximum(cv2.GaussianBlur(mask, (0, 0), scale), .1)[..., None]
        size = np.sqrt(np.square(mean).mean(-1)) / (bound * tolerance)
        maps.append(look_up(1. - smoothstep(.7, 1.3, size), pixels))
    return Agreement(*maps, tolerance)


def plain(model, albedo, weights):
    """[V, 3] linear RGB, the model's mean albedo in the tone of an albedo [V, 3]: times its weighted median over plain skin."""
    mean = colors.linear_from_srgb(model.mean_colors)
    weights = weights * model.among(*PLAIN)
    if weights.sum() < 1.:
        return mean
    off = _off(albedo, mean)
    order = np.argsort(off, 0)
    below = np.cumsum(weights[order], 0)
    middle = np.argmax(below >= below[-1] / 2., 0)
    return mean * np.exp(off[order[middle, range(3)], range(3)])


def likeness(model, albedo, tone, agreed, weights):
    """[V] 0..1, whether an albedo [V, 3] can be that of the face's skin, eyes or brows.

    Args:
      model: LinearModel.
      albedo: [V, 3] linear RGB.
      tone: [V, 3], see `plain`.
      agreed: Agreement.
      weights: [V], the vertices of which the albedo is known.
    """
    hairless = 1. - smoothstep(*HAIR, _distance(_off(albedo, tone)))
    framed = np.where(_around_eyes(model), (1. - hairless) * (1. - agreed.fine), 0.)
    return np.where(model.among(*BARE), hairless, 1.) * (1. - framed) * _uncovered(model, albedo, tone, weights, agreed.tolerance)


def cleared(model, albedo, tone):
    """[V, 3], an albedo of the model without what it has learned of hair and covers in the face: there it is the `plain` one."""
    natural = _uncovered(model, albedo, tone, np.ones(len(tone)))
    natural = natural * np.where(model.among("forehead", "ears", "neck"), 1. - smoothstep(*HAIR, _distance(_off(albedo, tone))), 1.)
    natural[model.among("mouth", "scalp")] = 1.
    return tone + mesh_fields.smooth(model, PATCH, natural[:, None]) * (albedo - tone)


def _off(albedo, tone):
    """[V, 3] natural logarithms."""
    return np.log(np.clip(albedo, .01, 1.) / np.clip(tone, .01, 1.))


def _distance(off):
    """[V] root mean squares; brighter is as near, for highlights are."""
    return np.sqrt(np.square(off - np.maximum(off.mean(1, keepdims=True), 0.)).mean(1))


def _uncovered(model, albedo, tone, weights, tolerance=1.):
    """[V] 0..1: patches no darker than beards, and of skin's hue."""
    weights = np.float64(weights)[:, None] + 1e-6
    spread = mesh_fields.smooth(model, PATCH, np.concatenate([weights, weights * _off(albedo, tone)], 1))
    off = spread[:, 1:] / np.maximum(spread[:, :1], 1e-6)
    brightness = off.mean(1)
    chroma = np.sqrt(np.square(off - brightness[:, None]).mean(1)) / np.where(model.parts["lips"], LIPS, 1.)
    found = 1. - smoothstep(.75, 1.25, np.hypot(np.minimum(brightness, 0.) / BEARD, chroma / (CHROMA * tolerance)))
    return np.where(model.among(*FEATURES), 1., found)


@functools.lru_cache(2)
def _around_eyes(model):
    """[V] bool, where the frames of glasses are."""
    apart, _ = cKDTree(model.mean[model.landmarks[36:48]]).query(model.mean)
    return (apart > FRAMES[0]) & (apart < FRAMES[1]) & model.among("eyelids", "nose", "cheeks")
