"""The 68 points fall into their groups, and five points are made of them."""
import numpy as np
import pytest
import tensorflow as tf

from morph3d.morphable import landmarks
from morph3d.morphable.albedo import canonical


def test_groups_are_a_partition_of_the_68_points():
    groups = (landmarks.JAW, landmarks.RIGHT_BROW, landmarks.LEFT_BROW, landmarks.NOSE_BRIDGE, landmarks.NOSE_BASE,
              landmarks.RIGHT_EYE, landmarks.LEFT_EYE, landmarks.OUTER_LIPS, landmarks.INNER_LIPS)
    assert [point for group in groups for point in range(landmarks.COUNT)[group]] == list(range(68))


def test_names_are_mirrored_where_the_points_are():
    names = list(landmarks.NAMES)
    assert list(landmarks.NAMES.values()) == list(range(68))
    points = canonical.LANDMARKS
    for point, name in enumerate(names):
        mirrored = np.argmin(np.linalg.norm(points - points[point] * [-1, 1, 1], axis=1))
        side, rest = name.split(".", 1)
        assert names[mirrored] == {"left": "right.", "right": "left.", "center": "center."}[side] + rest
        assert (side == "left") == (points[point, 0] > 0) and (side == "center") == (points[point, 0] == 0)


def test_names_tell_their_group():
    groups = {"jaw chin": landmarks.JAW, "eyebrow": slice(17, 27), "nose": slice(27, 36), "eye": slice(36, 48),
              "lips": slice(48, 68)}
    for words, group in groups.items():
        assert {name.split(".")[1] for name in list(landmarks.NAMES)[group]} == set(words.split())


@pytest.mark.parametrize("name, message", [
    ("left.eye.outer", "left.eyebrow.outer, left.eye.upper_outer, left.eye.lower_outer; all"), ("chin", "center.chin.tip; all"),
    ("xyz", "right.jaw.8, .*NAMES")])
def test_a_misspelt_name_is_answered_with_similar_ones(name, message):
    with pytest.raises(ValueError, match=f'found no landmark "{name}"; similar are {message}'):
        landmarks.number(name)


@pytest.mark.parametrize("shape", [(68, 2), (4, 68, 3), (2, 3, 68, 2)])
def test_five_points_random(shape):
    positions = np.random.default_rng(0).normal(size=shape).astype(np.float32)
    right = sum(positions[..., i, :] for i in (36, 37, 38, 39, 40, 41)) / 6
    left = sum(positions[..., i, :] for i in (42, 43, 44, 45, 46, 47)) / 6
    expected = np.stack([right, left, positions[..., 30, :], positions[..., 48, :], positions[..., 54, :]], -2)
    np.testing.assert_allclose(landmarks.five_points(positions), expected, atol=1e-6)


def test_five_points_of_an_unknown_batch():
    traced = tf.function(landmarks.five_points, input_signature=[tf.TensorSpec([None, 68, 2])])
    assert traced(tf.zeros([3, 68, 2])).shape == (3, 5, 2)


@pytest.mark.parametrize("shape", [(67, 2), (68,)])
def test_other_numbers_of_points_are_refused(shape):
    with pytest.raises(ValueError, match=r"positions must have shape \[..., 68, D\], found \(6"):
        landmarks.five_points(tf.zeros(shape))
