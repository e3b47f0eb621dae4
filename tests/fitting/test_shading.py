import numpy as np
import pytest
import tensorflow as tf

from morph3d.fitting import lighting, shading
from morph3d.renderer import phong

AROUND = np.array([5., -3., -900.])


@pytest.fixture
def points():
    """(albedo, normals, positions, light, places) of 50 points, all that shading depends on."""
    random = np.random.default_rng(0)
    normals = random.normal(0., .5, [50, 3]) + [0., 0., 1.]
    return (random.uniform(.05, .9, [50, 3]), normals / np.linalg.norm(normals, axis=1, keepdims=True),
            AROUND + random.normal(0., 60., [50, 3]), random.uniform(0., .2, [lighting.COUNT, 3]),
            lighting.PLACES + random.normal(0., .1, lighting.PLACES.shape))


def sent(albedo, normals, positions, light, places):
    """[50, 3] as the renderer has it."""
    albedo, normals, positions = (tf.constant(part[None, None], tf.float32) for part in (albedo, normals, positions))
    return phong.shade(albedo, normals, positions, lighting.point_lights(light, places, AROUND))[0, 0].numpy()


def test_the_light_sent_is_the_renderers(points):
    shaded = shading.shade(*points, AROUND)
    np.testing.assert_allclose(np.einsum("plc,lc->pc", shaded.of_light, points[3]), sent(*points), atol=1e-5)


def test_derivatives_are_those_of_differences(points):
    albedo, normals, positions, light, places = points
    shaded, step = shading.shade(*points, AROUND), 1e-3
    by_albedo = (sent(albedo + step, *points[1:]) - sent(albedo - step, *points[1:])) / (2. * step)
    np.testing.assert_allclose(shaded.of_albedo, by_albedo, atol=2e-3)
    # Turning about an axis keeps normals at length 1, which the renderer would bring them to.
    for axis in np.eye(3):
        turn = np.cross(axis, normals)
        both = [sent(albedo, normals + sign * step * turn, positions, light, places) for sign in (1., -1.)]
        # A light that rises over the horizon within the step has no derivative there.
        settled = np.abs(lighting.directions(places) @ normals.T).min(0) > .025
        assert settled.sum() > 5
        np.testing.assert_allclose(np.einsum("pcd,pd->pc", shaded.of_normal, turn)[settled],
                                   ((both[0] - both[1]) / (2. * step))[settled], atol=4e-3)


@pytest.mark.parametrize("axis", [0, 1], ids=["elevation", "azimuth"])
def test_lights_that_move_are_those_of_differences(points, axis):
    albedo, normals, positions, light, places = points
    positions = AROUND + 1e-3 * (positions - AROUND)  # where lights are seen in the directions that they have
    shaded, step = shading.shade(albedo, normals, positions, light, places, AROUND), 1e-3
    settled = np.abs(lighting.directions(places) @ normals.T).min(0) > .025
    for number in range(0, len(places), 5):
        moved = step * (np.arange(len(places)) == number)[:, None] * np.eye(2)[axis]
        both = [sent(albedo, normals, positions, light, places + sign * moved) for sign in (1., -1.)]
        expected = ((both[0] - both[1]) / (2. * step))[settled]
        np.testing.assert_allclose(shaded.of_places[settled, :, number, axis], expected, atol=1e-3)
