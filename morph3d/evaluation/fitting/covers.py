"""Fits to photos in which part of the face is covered: how much of the cover ends up in the texture, as if it were skin."""
from typing import NamedTuple

import numpy as np
import tqdm

from morph3d.evaluation.fitting import faces
from morph3d.evaluation.stress import degradations
from morph3d.fitting import photo_texture
from morph3d.photos import face_detection
from morph3d.renderer import texture_baking


class Leak(NamedTuple):
    """What of a cover is in the texture of one person's covered photo; texels are those more than half of which the photo is."""
    person: str
    series: str
    level: float
    of_hidden: float | None  # of the texels that the cover hides, the share that has got its pixels; None where it hides nothing
    of_shown: float  # of the texels that the photo shows without a cover, so many have got them
    kept: float  # of those that it does not hide, the share that the photo still shows


def measure(fitter, people, series=degradations.OCCLUSIONS):
    """The Leaks of people at all levels of the occlusion series.

    Args:
      fitter: Fitter.
      people: picture_series.People.
      series: names of these, of degradations.SERIES.

    Returns:
      [Leak], and {person, series and level: why there is none}.

    Raises:
      ValueError: there are none at all.
    """
    found, left_out = [], dict(people.left_out)
    for number, name in enumerate(tqdm.tqdm(people.names, unit=" people", dynamic_ncols=True)):
        try:
            untouched, _ = _texels(fitter, name, people.portraits[number])
        except ValueError as error:
            left_out[name] = str(error)
            continue
        for each, level in [(each, level) for each in series for level in degradations.SERIES[each].levels]:
            try:
                shown, places = _texels(fitter, name, people.pictures(each, level)[number])
                found.append(Leak(name, each, level, *shares(untouched, shown, _at(people.covered(each, level), places))))
            except ValueError as error:
                left_out[f"{name}, {each}, {level:g}"] = str(error)
    faces.tell(found, left_out)
    return found, left_out


def shares(untouched, shown, hidden):
    """The last fields of a Leak, of texels [N] bool: which the untouched and the covered photo show, and which the cover hides."""
    behind, wrong, free = untouched & hidden, shown & hidden, untouched & ~hidden
    of_hidden = float(wrong.sum() / (behind | wrong).sum()) if (behind | wrong).any() else None
    return of_hidden, float(wrong.sum() / max(untouched.sum(), 1)), float((free & shown).sum() / max(free.sum(), 1))


def _texels(fitter, name, photo):
    """Of the texels of the face fitted to a photo: which more than half the photo is [N] bool, and where in it they are [N, 2]."""
    photo, face = faces.read(name, (photo, face_detection.detect(photo)), fitter.reconstructor)
    fit, model, atlas = fitter.solve(photo, face), fitter.model, fitter.reconstructor.uvs
    places = fit.in_photo(fit.state.view.project(model.vertices(fit.state.expression, fit.state.shape), fit.center))
    weights, _ = texture_baking.prepare(atlas)
    return photo_texture.make(model, atlas, fit, photo).photo > .5, weights @ places[atlas.owners(model.triangles)]


def _at(covered, places):
    """[N] whether a picture [H, W] bool is true at pixels [N, 2]; false beyond it."""
    column, row = np.floor(places).astype(int).T
    inside = (column >= 0) & (row >= 0) & (column < covered.shape[1]) & (row < covered.shape[0])
    return inside & covered[np.where(inside, row, 0), np.where(inside, column, 0)]
