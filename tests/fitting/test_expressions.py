import numpy as np
import pytest

from morph3d.fitting import expressions


def moved_by(model, expression):
    return np.tensordot(np.float32(expression), model.moves[:model.expression_size], 1)


def test_without_blendshapes_they_are_the_morphable_models_own(model):
    np.testing.assert_allclose(expressions.precision(model, {}), np.eye(model.expression_size))


def test_a_blendshape_makes_what_it_does_likely_and_nothing_else(model, monkeypatch):
    monkeypatch.setattr(expressions, "CAUTION", 1e-9)
    smile = np.linspace(2., 6., model.expression_size)
    precision = expressions.precision(model, {"smile": moved_by(model, smile)})
    # Under the covariance I + s^2 b b^T, b costs b . b / (1 + s^2 b . b), what is orthogonal to b as before.
    assert smile @ precision @ smile == pytest.approx(smile @ smile / (1. + expressions.STRENGTH**2 * smile @ smile), rel=1e-3)
    other = np.random.default_rng(0).standard_normal(len(smile))
    other -= other @ smile / (smile @ smile) * smile
    assert other @ precision @ other == pytest.approx(other @ other, rel=1e-3)


def test_what_modes_hardly_do_is_not_asked_of_them(model):
    away = 50. * np.ones_like(model.mean)  # no expression moves the whole head
    found = expressions.precision(model, {"away": away})
    assert np.linalg.eigvalsh(found).min() > 0. and np.linalg.eigvalsh(found).max() <= 1. + 1e-9
