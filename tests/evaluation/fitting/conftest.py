"""A fitter that finds what it is told to."""
import dataclasses
import types

import keras
import numpy as np
import pytest

from morph3d import decoder
from morph3d.fitting import lighting, linear_model
from morph3d.fitting.photo_fit import Fit
from morph3d.fitting.state import State
from morph3d.fitting.view import View
from morph3d.inference.export import ReconstructionNetwork
from morph3d.inference.reconstructor import Reconstructor

WINDOW = np.array([[.5, 0., 7.], [0., .5, -3.]])  # of the picture that is said to be fitted


@pytest.fixture(scope="session")
def reader(small_embedded, tiny_encoder):
    """A Reconstructor of the small embedded model, untrained."""
    keras.utils.set_random_seed(0)
    network = decoder.build(tiny_encoder.feature_size, small_embedded.shape_size, small_embedded.texture_size, hidden=(16,))
    return Reconstructor(ReconstructionNetwork(tiny_encoder, network, small_embedded))


@pytest.fixture
def fitter_that(reader):
    """A function from another, solve(photo, face), to what stands for a Fitter, whose fitted faces are the network's but white."""
    return lambda solve: types.SimpleNamespace(reconstructor=reader, model=linear_model.of(reader), solve=solve,
                                               neutral=lambda face, fit: dataclasses.replace(face, colors=face.colors**0.))


def fit_of(setting, size, expression, shape, texture):
    """The Fit that is right for a face of the coefficients [E], [S] and [T] in a Scene, drawn on size x size pixels."""
    rotation, place, field = (part[0].numpy() for part in (*setting.pose, setting.camera.field_of_view))
    # A pinhole camera: what lies at the distance d is seen at focal / d pixels a mm.
    scale = WINDOW[0, 0] * size / 2. / np.tan(field / 2.) / -place[2]
    seen = View(np.float64(rotation), np.float64(place[:2]), float(np.log(scale)), float(-1. / place[2]))
    center = WINDOW[:, :2] @ [size / 2., size / 2.] + WINDOW[:, 2]
    state = State(seen, expression, shape, texture, lighting.prior().mean.reshape(-1, 3))
    return Fit(state, WINDOW, center, np.zeros([256, 256, 3], np.float32), None)
