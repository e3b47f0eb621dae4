import hypothesis
import numpy as np
import tensorflow as tf
from hypothesis import strategies

from morph3d.fitting import view
from morph3d.renderer import transforms

CENTER = np.array([100., 140.])
seeds = hypothesis.given(seed=strategies.integers(0, 2**32 - 1))


def drawn(seed):
    """A random View and 20 points in mm."""
    random = np.random.default_rng(seed)
    seen = view.View(random.uniform(-.8, .8, 3), random.uniform(-30., 30., 2), random.uniform(-1., 1.), random.uniform(1e-4, .003))
    return seen, random.normal(0., 50., [20, 3])


@seeds
def test_points_are_seen_where_the_renderer_draws_them(seed):
    seen, points = drawn(seed)
    pose, camera = view.scene_parts(seen, CENTER, 224)
    expected = transforms.project(tf.constant(points[None], tf.float32), pose, camera, 224)[0]
    np.testing.assert_allclose(seen.project(points, CENTER), expected, atol=.01)


@seeds
def test_motion_is_the_derivative_of_project(seed):
    seen, points = drawn(seed)
    found, step = view.motion(seen, points), 1e-6
    ways = [[view.View.from_vector(seen.vector + sign * step * unit).project(points, CENTER) for sign in (1., -1.)]
            for unit in np.eye(view.SIZE)]
    of_view = [(after - before) / (2. * step) for after, before in ways]
    of_points = [(seen.project(points + step * unit, CENTER) - seen.project(points - step * unit, CENTER)) / (2. * step)
                 for unit in np.eye(3)]
    scale = np.abs(of_view).max()
    np.testing.assert_allclose(found.of_view / scale, np.stack(of_view, -1) / scale, atol=1e-5)
    np.testing.assert_allclose(found.of_points, np.stack(of_points, -1), rtol=1e-4, atol=1e-4)


@seeds
def test_a_view_moved_into_another_picture_sees_points_where_that_shows_them(seed):
    seen, points = drawn(seed)
    angle, scale = np.random.default_rng(seed).uniform([-3., .2], [3., 5.])
    matrix = np.array([[np.cos(angle), -np.sin(angle), 7.], [np.sin(angle), np.cos(angle), -5.]]) * [[scale, scale, 1.]]
    moved = seen.moved(matrix).project(points, matrix @ [*CENTER, 1.])
    np.testing.assert_allclose(moved, seen.project(points, CENTER) @ matrix[:, :2].T + matrix[:, 2], atol=1e-6)


def test_a_start_from_the_front_finds_similarities():
    seen = view.View(np.array([0., 0., .4]), np.array([12., -8.]), .3, view.NEARNESS)
    points = np.random.default_rng(0).normal(0., 40., [10, 3]) * [1., 1., 0.]
    np.testing.assert_allclose(view.start(points, seen.project(points, CENTER), CENTER).vector, seen.vector, atol=1e-5)


def test_a_view_is_held_where_cameras_are():
    """Steps toward what is flatter than any face would end beyond infinity."""
    seen = view.View(np.zeros(3), np.zeros(2), 0., view.NEARNESS)
    assert seen.held() == seen
    for nearness, held in ((-.001, view.FARTHEST), (.1, view.NEAREST)):
        assert seen._replace(nearness=nearness).held().nearness == held
