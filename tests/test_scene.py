"""Random scenes: repeatable, within their ranges, lit as described."""
import math

import numpy as np
import pytest
import tensorflow as tf

from morph3d import scene


@pytest.fixture(scope="module")
def scenes():
    return scene.sample(512, [3, 4])


def test_the_same_seed_gives_the_same_scenes_and_another_seed_others(scenes):
    again, other = scene.sample(512, [3, 4]), scene.sample(512, [3, 5])
    tf.nest.map_structure(np.testing.assert_array_equal, scenes, again)
    assert not np.any(scenes.pose.rotation == other.pose.rotation)


def test_turns_fill_their_ranges(scenes):
    largest = np.abs(scenes.pose.rotation).max(0)
    np.testing.assert_array_less(largest, [.3, .7, .15])
    np.testing.assert_array_less([.28, .66, .14], largest)


def test_a_head_fills_the_picture_at_any_field_of_view(scenes):
    distance, half = -scenes.pose.translation[:, 2], scenes.camera.field_of_view / 2.
    np.testing.assert_allclose(distance * np.tan(half), 130., rtol=1e-5)


def test_lights_are_meters_away_and_in_front_of_the_face(scenes):
    toward = scenes.lights.positions - scenes.pose.translation[:, None]
    distance = np.linalg.norm(toward, axis=-1)
    assert distance.min() >= 2000. - .1 and distance.max() <= 5000. + .1
    assert np.all(toward[..., 2] > 0.)


def test_the_first_light_is_the_stronger(scenes):
    key, fill = np.moveaxis(np.mean(scenes.lights.intensities, -1), 1, 0)
    assert np.mean(key > fill) > .97  # but for the perturbation of the colors


@pytest.mark.parametrize("kelvin, x, y", [(2856., .4476, .4074), (4000., .3805, .3768), (6500., .3135, .3237)])
def test_blackbody_color_lies_on_the_planckian_locus(kelvin, x, y):
    """Chromaticities of black bodies from CIE 15, tables for the Planckian locus; 2856 K is illuminant A."""
    to_xyz = np.linalg.inv([[3.2406, -1.5372, -.4986], [-.9689, 1.8758, .0415], [.0557, -.2040, 1.0570]])
    xyz = to_xyz @ scene.blackbody_color(kelvin).numpy()
    np.testing.assert_allclose(xyz[:2] / xyz.sum(), [x, y], atol=2e-3)
    assert xyz[1] == pytest.approx(1., abs=2e-3)


@pytest.mark.parametrize("yaw", [.5, np.float64(.5), np.float32(.5), [.5], np.array([.5])], ids=lambda yaw: type(yaw).__name__)
def test_studio_is_one_picture_turned_by_any_kind_of_number(yaw):
    studio = scene.studio(yaw=yaw)
    np.testing.assert_array_equal(studio.pose.rotation, [[0., .5, 0.]])
    assert {tensor.shape[0] for tensor in tf.nest.flatten(studio)} == {1}


def test_studio_looks_straight_at_the_face():
    studio = scene.studio(2, yaw=[0., .5])
    np.testing.assert_allclose(studio.pose.rotation, [[0., 0., 0.], [0., .5, 0.]])
    assert 2. * 1200. * math.tan(studio.camera.field_of_view[0] / 2.) == pytest.approx(337., abs=1.)
