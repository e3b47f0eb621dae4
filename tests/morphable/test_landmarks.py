"""The 68 points fall into their groups, and five points are made of them."""
import numpy as np
import pytest
import tensorflow as tf

from morph3d.morphable import landmarks
from morph3d.morphable.readers import order


def test_groups_are_a_partition_of_the_68_points():
    groups = (landmarks.JAW, landmarks.RIGHT_BROW, landmarks.LEFT_BROW, landmarks.NOSE_BRIDGE, landmarks.NOSE_BASE,
              landmarks.RIGHT_EYE, landmarks.LEFT_EYE, landmarks.OUTER_LIPS, landmarks.INNER_LIPS)
    assert [point for group in groups for point in range(landmarks.COUNT)[group]] == list(range(68))


# Which number and its mirror image's add up to what, for each run of points: the table by which pictures of 300-W are flipped.
SUMS = {(0, 17): 16, (17, 27): 43, (27, 31): None, (31, 36): 66, (36, 40): 81, (40, 42): 87, (42, 46): 81, (46, 48): 87,
        (48, 55): 102, (55, 60): 114, (60, 65): 124, (65, 68): 132}


def test_mirror_images_are_those_of_flipped_pictures_and_have_the_names_of_the_other_side():
    names = list(landmarks.NAMES)
    assert list(landmarks.NAMES.values()) == list(range(68)) and landmarks.MIRROR.shape == (68,)
    for (first, end), total in SUMS.items():
        for point in range(first, end):
            mirrored = landmarks.MIRROR[point]
            assert mirrored == (point if total is None else total - point)
            side, rest = names[point].split(".", 1)
            assert names[mirrored] == {"left": "right.", "right": "left.", "center": "center."}[side] + rest


def test_mirror_images_lie_on_the_other_side_of_a_face(ict_model):
    points = ict_model.mean_vertices.numpy()[ict_model.landmarks.numpy()]
    np.testing.assert_allclose(points[landmarks.MIRROR] * [-1., 1., 1.], points, atol=2.)


def test_the_average_face_is_symmetric_and_looks_along_z_from_between_its_eyes():
    face = landmarks.AVERAGE_FACE
    np.testing.assert_array_equal(face[landmarks.MIRROR] * [-1., 1., 1.], face)
    right, left, nose, *_ = landmarks.five_points(face).numpy()
    assert left[0] - right[0] == pytest.approx(63., abs=3.)  # ANSUR 1988: 62 mm of women, 64 of men
    assert nose[2] > 30. and abs(right[1]) < 3. and abs(face[39, 2]) < 3.


@pytest.mark.parametrize("name, face, jaw", [("ict_model", .6, .9), ("basel_model", 7., 10.), ("small_embedded", 12., 35.)])
def test_the_average_face_fits_others_as_closely_as_people_differ(name, face, jaw, request):
    model = request.getfixturevalue(name)
    misfits = order.misfits(model.mean_vertices.numpy()[model.landmarks.numpy()])
    assert misfits[17:].max() < face and misfits[:17].max() < jaw


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
    with pytest.raises(ValueError, match=r"positions must have shape \[..., 68, C\], found \(6"):
        landmarks.five_points(tf.zeros(shape))
