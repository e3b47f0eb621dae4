import numpy as np
import pytest

from morph3d.fitting import landmarks, lighting, view
from morph3d.fitting.state import Prior, State

CENTER = np.array([128., 128.])


def truth(model, yaw, seed=0):
    """A random State and the Prior that knows nothing of it."""
    random = np.random.default_rng(seed)
    expression, shape, texture = (random.standard_normal(size) for size in model.sizes)
    seen = view.View(np.array([.1, yaw, -.1]), np.array([4., -6.]), .1, view.NEARNESS)
    prior = Prior(np.zeros(len(shape)), np.zeros(len(texture)), np.eye(len(expression)), np.ones(len(shape)), np.eye(len(texture)))
    return State(seen, expression, shape, texture, lighting.prior().mean.reshape(-1, 3)), prior


def projected(model, state, vertices):
    return state.view.project(model.vertices(state.expression, state.shape)[vertices], CENTER)


def observed(model, state, vertices):
    """Exact landmarks, said to be off by a tenth of a millimeter."""
    count = len(vertices)
    return landmarks.Observed(projected(model, state, vertices), vertices, np.full(count, .1), np.zeros(count, bool))


def test_equations_are_the_derivative_of_the_misfit(model):
    """The right side is the negative gradient of half the sum of squares, in whatever direction."""
    state, _ = truth(model, .3)
    given = observed(model, state, model.landmarks)
    state = state._replace(view=view.View.from_vector(state.view.vector + [.002, -.001, .001, .03, .03, .0005, 1e-6]))
    found, random = landmarks.equations(model, given, CENTER, state), np.random.default_rng(1)
    scale = np.exp(state.view.log_scale)  # a landmark's deviation is in millimeters: its unit does not count as unknown

    def half(change):
        off = (given.pixels - projected(model, state.moved(change), given.vertices)) / (.1 * scale)
        return .5 * np.square(off).sum()

    given = given._replace(deviations=np.full(68, .1))
    off = np.linalg.norm(given.pixels - projected(model, state, given.vertices), axis=1) / (.1 * scale)
    assert off.max() < landmarks.OUTLYING  # or Huber's weights would be in it
    for _ in range(5):
        way = random.standard_normal(len(found.right)) * np.repeat([1e-4, 1e-2], [view.SIZE, len(found.right) - view.SIZE])
        way[view.SIZE - 1] *= 1e-3
        difference = (half(.1 * way) - half(-.1 * way)) / .2
        assert -found.right @ way == pytest.approx(difference, rel=.02, abs=.02)


@pytest.mark.parametrize("yaw", [0., .6])
def test_a_face_is_found_from_all_its_points(model, yaw):
    state, prior = truth(model, yaw)
    vertices = np.arange(0, len(model.mean), 10)
    given = observed(model, state, vertices)
    found = landmarks.fit(model, given, CENTER, landmarks.start(model, given, CENTER, prior), prior, identity=True)
    np.testing.assert_allclose(found.view.rotation, state.view.rotation, atol=.01)
    np.testing.assert_allclose(found.expression, state.expression, atol=.15)
    np.testing.assert_allclose(found.shape, state.shape, atol=.15)


def test_the_shape_stays_where_no_identity_is_asked_for(model):
    state, prior = truth(model, .2)
    given = observed(model, state, model.landmarks)
    found = landmarks.fit(model, given, CENTER, landmarks.start(model, given, CENTER, prior), prior)
    np.testing.assert_array_equal(found.shape, prior.shape)
    assert np.linalg.norm(found.expression) > .5


def test_gradient_descent_finds_what_gauss_newton_finds(model):
    state, prior = truth(model, .3)
    given = observed(model, state, model.landmarks)._replace(deviations=np.full(68, 1.5))
    start = landmarks.start(model, given, CENTER, prior)
    newton, descent = (landmarks.fit(model, given, CENTER, start, prior, gradient_descent=way) for way in (False, True))
    apart = [np.linalg.norm(projected(model, each, given.vertices) - given.pixels, axis=1).mean() for each in (newton, descent)]
    assert apart[1] < 1.2 * apart[0] + .1
    assert np.degrees(np.abs(newton.view.rotation - descent.view.rotation)).max() < 2.


def test_an_outlier_hardly_counts(model):
    state, prior = truth(model, .2)
    given = observed(model, state, model.landmarks)._replace(deviations=np.full(68, 1.))
    wrong = given._replace(pixels=given.pixels + np.where(np.arange(68) == 30, 60., 0.)[:, None])
    start = landmarks.start(model, given, CENTER, prior)
    right, off = (landmarks.fit(model, each, CENTER, start, prior, identity=True) for each in (given, wrong))
    assert np.degrees(np.abs(right.view.rotation - off.view.rotation)).max() < 3.


def test_a_hidden_landmark_of_the_jaw_is_looked_for_on_the_outline(model):
    """The outline of a turned head, marked as people mark it, gives a better pose with sliding than without."""
    state, prior = truth(model, .65)
    vertices, numbers = model.vertices(state.expression, state.shape), model.landmarks.copy()
    given = landmarks.sparse(projected(model, state, model.landmarks), model)
    slid = landmarks._slid(model, given, state)
    moved = np.flatnonzero(slid != numbers)
    assert len(moved) >= 3 and set(moved) <= set(range(9, 17))  # turned to its left, it hides that side
    turned = vertices @ state.view.matrix.T
    for number in moved:
        height = np.abs(model.mean[:, 1] - model.mean[numbers[number], 1]) < landmarks.STRIP
        side = model.skin & height & (model.mean[:, 0] > 0.)
        assert turned[slid[number], 0] > turned[side, 0].max() - 2.
