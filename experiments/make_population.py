"""The file of people's mean shape, which morph3d-fit --identity starts from, made of photographs.

    python -m experiments.make_population --photos=FOLDER

Each photo is fitted with hardly any prior on shape and expression, by its pixels more than by its landmarks, whose detector has a
mean face of its own. Photos that cannot be fitted are left out: gray ones, profiles, those without a face.
"""
import numpy as np
import tqdm
from absl import app, flags, logging

from morph3d.data import sources
from morph3d.evaluation.fitting import faces
from morph3d.fitting import photo_fit, population
from morph3d.fitting.fitter import Fitter
from morph3d.inference import reconstructor
from morph3d.photos import crops

_PHOTOS = flags.DEFINE_string("photos", None, "Photographs, one of each person.", required=True)
_EVERY = flags.DEFINE_integer("every", 8, "Takes one photo of so many.", lower_bound=1)
_OUTPUT = flags.DEFINE_string("output", str(population.PATH), "Where to write the file.")

WIDE = 3.  # standard deviations of shape and expression, where people have one
LANDMARKS_OFF = 1.6  # times what the detector's landmarks are off by


def shape(fitter, photo, face):
    """[S] coefficients of the shape that a photo shows."""
    observed = fitter.detected(photo, face)
    observed = observed._replace(deviations=LANDMARKS_OFF * observed.deviations)
    prior = photo_fit.expected(fitter.model, fitter.calibration, face, identity=False)
    prior = prior._replace(expression_deviation=WIDE, shape_deviation=np.full(len(prior.shape), WIDE))
    return photo_fit.fit(fitter.model, fitter.calibration, photo, observed, face, identity=True, prior=prior).state.shape


def main(_):
    fitter, found = Fitter(reconstructor.load()), []
    photos = sources.find(_PHOTOS.value).photos[::_EVERY.value]
    for photo, each in zip(tqdm.tqdm(photos, unit=" photos"), crops.read_all(sources.contents(photos)), strict=True):
        try:
            pixels, face = faces.read(photo.key, each, fitter.reconstructor)
            fitter.require_colors(face)
            found.append(shape(fitter, pixels, face))
        except ValueError as error:
            logging.warning("%s: left out: %s", photo.key, error)
    if not found:
        raise ValueError(f"{_PHOTOS.value}: none of {len(photos)} photos can be fitted, see above; give photos of faces, in color")
    population.write(fitter.model, found, _OUTPUT.value)
    print(f"{_OUTPUT.value}: of {len(found)} people")


if __name__ == "__main__":
    app.run(main)
