"""Errors of fits to pictures of random faces: of one that is right, and of one that is wrong in a known way."""
import math

import numpy as np
import pytest

from morph3d import scene
from morph3d.evaluation.fitting import synthetic
from morph3d.morphable import coefficients
from tests.evaluation.fitting.conftest import fit_of

COUNT = 3


@pytest.fixture
def drawn(monkeypatch):
    """{"face": Coefficients, "scene": Scene}, those that were drawn last, a batch of one."""
    last = {}

    def watch(module, name):
        draw = module.sample

        def sample(*arguments, **choices):
            last[name] = draw(*arguments, **choices)
            return last[name]

        monkeypatch.setattr(module, "sample", sample)

    watch(coefficients, "face")
    watch(scene, "scene")
    return last


@pytest.fixture
def measured(drawn, fitter_that, small_embedded):
    """A function from one that spoils a Fit that is right, spoil(fit, face), to the Errors, {name: [COUNT]}."""
    def solve(_, face):
        truth = drawn["face"]
        return fit_of(drawn["scene"], synthetic.SIZE, *(part[0].numpy() for part in (truth.expression, truth.shape, truth.texture)))

    def measure(spoil):
        fitter = fitter_that(lambda photo, face: spoil(solve(photo, face), face))
        errors, left_out = synthetic.measure(fitter, small_embedded, COUNT)
        assert len(errors) == COUNT and not left_out
        return dict(zip(errors[0]._fields, np.transpose(errors), strict=True))

    return measure


def changed(fit, **parts):
    return fit._replace(state=fit.state._replace(**parts))


def test_a_right_fit_has_no_errors_and_what_it_is_compared_with_has_some(measured):
    errors = measured(lambda fit, face: fit)
    bounds = {"rotation": .1, "landmarks": .01, "expression": 1e-4, "shape": 1e-3, "tone": 1e-3}
    for name, bound in bounds.items():
        assert errors[name].max() < bound, name
    for name in set(errors) - set(bounds):
        assert errors[name].min() > .1, name


def test_the_neutral_face_has_the_errors_of_no_expression_and_that_of_the_network_the_networks(measured):
    errors = measured(lambda fit, face: changed(fit, expression=0. * fit.state.expression, shape=face.shape, texture=face.texture))
    np.testing.assert_allclose(errors["expression"], errors["neutral_expression"], rtol=1e-4)
    np.testing.assert_allclose(errors["shape"], errors["network_shape"], rtol=1e-4)
    np.testing.assert_allclose(errors["tone"], errors["network_tone"], rtol=1e-4)


def test_the_mean_shape_has_the_errors_of_the_mean_face(measured):
    errors = measured(lambda fit, face: changed(fit, shape=0. * fit.state.shape))
    np.testing.assert_allclose(errors["shape"], errors["mean_shape"], rtol=1e-4)


def test_a_turned_head_is_off_by_its_turn_and_a_shifted_one_by_pixels_at_224(measured):
    def turn(fit, _):
        seen = fit.state.view
        return changed(fit, view=seen._replace(rotation=seen.rotation + [0., 0., math.radians(10.)]))

    np.testing.assert_allclose(measured(turn)["rotation"], 10., atol=.01)
    # 3 pixels of the fitted picture, which has one for two of the photo of 448.
    np.testing.assert_allclose(measured(lambda fit, _: fit._replace(center=fit.center + [3., 0.]))["landmarks"], 3., atol=.02)


def test_faces_that_cannot_be_fitted_are_left_out_and_told(fitter_that, small_embedded, drawn):
    def solve(photo, face):
        if not seen:
            seen.append(photo)
            raise ValueError("seen from the side")
        return fit_of(drawn["scene"], synthetic.SIZE, *(np.zeros(size) for size in (small_embedded.expression_size, *face_sizes)))

    seen, face_sizes = [], (small_embedded.shape_size, small_embedded.texture_size)
    errors, left_out = synthetic.measure(fitter_that(solve), small_embedded, 2)
    assert len(errors) == 1 and left_out == {0: "seen from the side"}
    seen.clear()
    with pytest.raises(ValueError, match="none of 1 faces could be fitted; the first: seen from the side"):
        synthetic.measure(fitter_that(solve), small_embedded, 1)


def test_the_faces_of_another_model_are_refused(fitter_that, tiny_model):
    with pytest.raises(ValueError, match="tiny: found another morphable model than that of the network"):
        synthetic.measure(fitter_that(None), tiny_model, 1)
