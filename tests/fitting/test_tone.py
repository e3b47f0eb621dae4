"""How likely tones are: the costs of what changes the color of the cheeks, and of what does not."""
import numpy as np
import pytest

from morph3d.fitting import tone
from morph3d.training import skin_tone


@pytest.fixture(scope="module")
def deviations(model):
    return np.random.default_rng(0).uniform(.3, 1., model.sizes[2])


def test_tone_alone_is_held(model, deviations):
    toned, found = skin_tone.directions(model.mean, model.landmarks, model.paints), tone.precision(model, deviations, 5.)
    alike = np.diag(deviations**-2.)
    random = np.random.default_rng(1).standard_normal([20, len(deviations)])
    along = random @ toned @ toned.T
    for one, other in zip(along, random - along, strict=True):
        assert one @ found @ one == pytest.approx(5. * one @ alike @ one)
        assert other @ found @ other == pytest.approx(other @ alike @ other)
        assert one @ found @ other == pytest.approx(one @ alike @ other)


def test_held_once_it_is_what_the_network_errs_by(model, deviations):
    np.testing.assert_allclose(tone.precision(model, deviations, 1.), np.diag(deviations**-2.))
