"""People's mean shape as photographs show it, which the mean of a morphable model, made of other people or of measures, misses.

Each fit to a photo alone is uncertain by more than people differ, but not all in the same way, so that their mean is not.
"""
import functools
import pathlib

import numpy as np

from morph3d.atomic_files import replacing
from morph3d.mesh import arrays

PATH = pathlib.Path(__file__).with_suffix(".npz")
EVERY = 100  # of a model's vertices that many are kept, to know it by
SAME = .01  # mm
# How much of what fits have in common is taken for people's shape. The rest is how they were photographed: they smile, and hair
# lies over foreheads. What is known of its use is in BUILD_NOTES.md, "Whose shape": not much.
TAKEN = .6


def write(model, shapes, path=PATH):
    """Writes the file of the population of a LinearModel.

    Args:
      model: LinearModel.
      shapes: [N, S] coefficients of people, fitted to a photo each.
      path: of the file.
    """
    with replacing(path) as beside, open(beside, "wb") as file:
        # The median leaves out those whose fit has gone astray.
        np.savez(file, known_by=model.mean[::EVERY], people=np.int32(len(shapes)), shape=np.float32(np.median(shapes, 0)))


@functools.lru_cache(2)  # every photo asks
def mean_shape(model, path=PATH):
    """[S] coefficients, the mean over people; zeros for a LinearModel of whose population there is no file."""
    with np.load(path) as file:
        known_by, shape = file["known_by"], file["shape"]
    found, size = model.mean[::EVERY], model.sizes[1]
    if found.shape == known_by.shape and len(shape) == size and np.allclose(found, known_by, atol=SAME):
        return arrays.frozen(TAKEN * np.float64(shape))
    return arrays.frozen(np.zeros(size))
