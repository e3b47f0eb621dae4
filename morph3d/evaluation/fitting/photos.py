"""Fits to photos: how much the fitted face looks like the photo, pixel by pixel and to a face recognizer, and whose skin it has."""
import collections
from typing import NamedTuple

import numpy as np
import tqdm
from absl import logging

from morph3d import images
from morph3d.data import sources
from morph3d.evaluation import judges
from morph3d.evaluation.color import face_patches, measurement
from morph3d.evaluation.fitting import faces
from morph3d.fitting import drawing
from morph3d.photos import crops


class Likeness(NamedTuple):
    """One photo, and the face fitted to it."""
    key: str
    person: str
    difference: float  # sRGB, the mean absolute one inside the face, of the rendering in the fitted light and the photo
    textured: float | None  # the recognizer's cosine of the photo and the frontal rendering with the photo's texture
    model: float | None  # ... with the model's colors
    skin: np.ndarray  # [3, 3] CIELAB, of the photo, and of frontal renderings of the network's face and the fitted one


def measure(fitter, photos, judge=None):
    """The Likeness of photos.

    Args:
      fitter: Fitter, which makes textures.
      photos: list of sources.Photo.
      judge: the recognizer, an Encoder; None: without cosines.

    Returns:
      [Likeness], and {key of a photo: why it has none}.

    Raises:
      ValueError: none has one.
    """
    found, left_out = [], {}
    read = tqdm.tqdm(crops.read_all(sources.contents(photos)), total=len(photos), unit=" photos", dynamic_ncols=True)
    for photo, each in zip(photos, read, strict=True):
        try:
            pixels, face = faces.read(photo.key, each, fitter.reconstructor)
            fit = fitter.solve(pixels, face)
            cosines = _cosines(fitter, judge, each, fitter.made(face, fit, pixels)) if judge else (None, None)
            found.append(Likeness(photo.key, photo.person, difference(fitter.model, fit), *cosines, _skin(fitter, each, face, fit)))
        except ValueError as error:
            left_out[photo.key] = str(error)
            logging.warning("%s: left out: %s", photo.key, error)
    if not found:
        raise ValueError(f"none of {len(photos)} photos could be fitted; the first: {next(iter(left_out.values()))}")
    return found, left_out


def difference(model, fit):
    """The mean absolute difference of a Fit's rendering and its picture, sRGB, where the skin of the LinearModel is drawn."""
    drawn = drawing.draw_fit(model, fit, len(fit.picture))
    return float(np.abs(drawn.image - fit.picture)[drawing.skin(model, drawn)].mean())


def skin_off(found):
    """How far skin is from what the person's other photos show, CIELAB; no photo tells it alone, for light tints every one.

    Args:
      found: [Likeness].

    Returns:
      [N, 2, 3], of the network's faces and of the fitted ones, with the model's colors, and the people of the N photos; people of
      whom there is one photo are left out.
    """
    photos = collections.defaultdict(list)
    for each in found:
        photos[each.person].append(each.skin[0])
    several = [each for each in found if each.person and len(photos[each.person]) > 1]
    others = [(np.sum(photos[each.person], 0) - each.skin[0]) / (len(photos[each.person]) - 1) for each in several]
    return (np.array([each.skin[1:] - other for each, other in zip(several, others, strict=True)]).reshape(-1, 2, 3),
            [each.person for each in several])


def _skin(fitter, found, face, fit):
    """The `skin` of a Likeness, the first of face_patches.regions()."""
    fitted = fitter.neutral(face, fit)
    vertices, colors = ([getattr(each, name) for each in (face, fitted)] for name in ("vertices", "colors"))
    photo = face_patches.measure(images.to_float(crops.crop(*found, face_patches.frame())[None]).numpy())
    drawn = measurement.drawn(fitter.reconstructor, np.stack(vertices), np.stack(colors))
    return np.concatenate([photo, drawn])[:, 0]


def _cosines(fitter, judge, found, face):
    """(cosine of the photo and the textured frontal rendering, of the photo and the one with the model's colors)."""
    network = fitter.reconstructor.network
    shown = [images.to_float(crops.crop(*found, judge)).numpy(), judges.frontal_textured(network, face, judge),
             judges.frontal(network, face.vertices[None], face.colors[None], judge)[0]]
    photo, textured, model = judge(np.stack(shown)).identity.numpy()
    return float(photo @ textured), float(photo @ model)
