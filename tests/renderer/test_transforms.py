"""Pose, projection, framing and the flip, against SciPy and geometry."""
import math

import numpy as np
import pytest
import tensorflow as tf
from scipy.spatial.transform import Rotation

from morph3d.renderer import backends, transforms
from morph3d.scene import Camera, Pose, identity_framing

UPRIGHT = Pose(tf.zeros([1, 3]), tf.constant([[0., 0., -1000.]]))
RIGHT_ANGLE = Camera(tf.constant([math.pi / 2.]), identity_framing(1))  # sees 1000 mm up and down at 1000 mm


def test_rotation_is_roll_after_pitch_after_yaw():
    angles = np.random.RandomState(0).uniform(-3., 3., [20, 3])
    expected = Rotation.from_euler("yxz", angles[:, [1, 0, 2]]).as_matrix()  # extrinsic: yaw about y first
    np.testing.assert_allclose(transforms.rotation_matrix(tf.constant(angles, tf.float32)), expected, atol=1e-6)


@pytest.mark.parametrize("rotation, nose", [([0., 0., 0.], [0., 0., 1.]),
                                            ([.5, 0., 0.], [0., -math.sin(.5), math.cos(.5)]),
                                            ([0., .5, 0.], [math.sin(.5), 0., math.cos(.5)]),
                                            ([0., 0., .5], [0., 0., 1.])])
def test_positive_pitch_lowers_the_nose_and_positive_yaw_turns_it_to_the_pictures_right(rotation, nose):
    world = transforms.world_from_model(tf.constant([[[0., 0., 1.]]]), Pose(tf.constant([rotation]), tf.zeros([1, 3])))
    np.testing.assert_allclose(world[0, 0], nose, atol=1e-6)


@pytest.mark.parametrize("point, pixel", [([0., 0., 0.], [50., 50.]), ([1000., 0., 0.], [100., 50.]),
                                          ([0., 1000., 0.], [50., 0.]), ([-500., -500., 0.], [25., 75.]),
                                          ([-750., 750., -500.], [25., 25.])])
def test_points_land_where_geometry_says(point, pixel):
    pixels = transforms.project(tf.constant([[point]]), UPRIGHT, RIGHT_ANGLE, 100)
    np.testing.assert_allclose(pixels[0, 0], pixel, atol=1e-3)


def test_framing_is_a_similarity_of_the_picture():
    points = tf.random.stateless_normal([1, 9, 3], [1, 2], stddev=100.)
    framing = tf.constant([[[2., -.5, .1], [.5, 2., -.3]]])
    plain = transforms.project(points, UPRIGHT, RIGHT_ANGLE, 100)[0].numpy()
    framed = transforms.project(points, UPRIGHT, RIGHT_ANGLE._replace(framing=framing), 100)[0].numpy()
    device = np.stack([plain[:, 0] / 50. - 1., 1. - plain[:, 1] / 50., np.ones(9)])  # +y up
    expected = framing[0].numpy() @ device
    np.testing.assert_allclose(framed, np.stack([(expected[0] + 1.) * 50., (1. - expected[1]) * 50.], -1), atol=1e-3)


def test_depth_runs_from_the_near_to_the_far_plane():
    ends = tf.constant([[[0., 0., -transforms.NEAR], [0., 0., -transforms.FAR]]])
    clip = transforms.clip_from_world(ends, RIGHT_ANGLE)[0]
    np.testing.assert_allclose(clip[:, 2] / clip[:, 3], [-1., 1.], atol=1e-4)
    np.testing.assert_allclose(clip[:, 3], [transforms.NEAR, transforms.FAR])


def random_view():
    rng = np.random.default_rng(0)
    points = rng.normal(0., 80., [3, 50, 3]).astype(np.float32)
    pose = Pose(*(tf.constant(rng.uniform(-.7, .7, [3, 3]) * scale + shift, tf.float32)
                  for scale, shift in ((1., 0.), (30., [0., 0., -900.]))))
    camera = Camera(tf.constant([.2, .3, .4]), tf.constant(rng.normal(0., 1., [3, 2, 3]), tf.float32))
    return points, pose, camera


def in_double(points, pose, camera, size):
    """Pixels, by SciPy's rotations and a pinhole in float64."""
    pitch_yaw_roll = np.float64(pose.rotation)
    matrix = Rotation.from_euler("yxz", pitch_yaw_roll[:, [1, 0, 2]]).as_matrix()
    x, y, z = np.moveaxis(np.einsum("bij,bvj->bvi", matrix, points) + pose.translation.numpy()[:, None], -1, 0)
    focal = 1. / np.tan(np.float64(camera.field_of_view) / 2.)[:, None]
    device = np.stack([focal * x / -z, focal * y / -z, np.ones_like(z)], -1)
    framed = np.einsum("bij,bvj->bvi", camera.framing, device)
    return np.stack([framed[..., 0] + 1., 1. - framed[..., 1]], -1) * size / 2.


@pytest.mark.parametrize("accelerators", [[], ["GPU:0"]])
def test_projection_is_the_pinhole_cameras_on_every_device(monkeypatch, accelerators):
    monkeypatch.setattr(backends, "accelerators", lambda: accelerators)
    view = random_view()
    np.testing.assert_allclose(transforms.project(*view, 224), in_double(*view, 224), atol=2e-3)


def test_on_an_accelerator_no_matrices_are_multiplied(monkeypatch):
    """There TensorFlow may round their factors to ten bits, unless a switch for the whole program is turned."""
    monkeypatch.setattr(backends, "accelerators", lambda: ["GPU:0"])

    @tf.function
    def gradient(points, pose, camera):
        with tf.GradientTape() as tape:
            tape.watch([points, *pose, *camera])
            pixels = transforms.project(points, pose, camera, 224)
        return tape.gradient(pixels, [points, *pose, *camera])

    points, pose, camera = random_view()
    graph = gradient.get_concrete_function(tf.constant(points), pose, camera).graph
    used = {operation.type for operation in graph.get_operations()}
    assert "Mul" in used and not {name for name in used if "MatMul" in name or "Einsum" in name}
