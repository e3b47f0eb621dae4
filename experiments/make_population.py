"""The file of people's mean shape, which morph3d-fit --identity starts from, made of photographs.

    python -m experiments.make_population --photos=FOLDER

Each photo is fitted with hardly any prior on the shape, by its pixels more than by its landmarks, whose detector has a mean face of
its own. Gray photos, and those that cannot be fitted, are left out.
"""
import pathlib

import numpy as np
import tqdm
from absl import app, flags

from morph3d.data import sources
from morph3d.evaluation.fitting import faces
from morph3d.fitting import population
from morph3d.fitting.fitter import Fitter
from morph3d.inference import reconstructor
from morph3d.photos import crops

_PHOTOS = flags.DEFINE_string("photos", None, "Photographs, one of each person.", required=True)
_EVERY = flags.DEFINE_integer("every", 3, "Takes one photo of so many.", lower_bound=1)
_OUTPUT = flags.DEFINE_string("output", str(population.PATH), "Where to write the file.")
