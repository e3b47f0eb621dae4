"""Synthetic people in scenes that get worse: light from where it says, heads that turn, known truth."""
import numpy as np
import pytest
import scipy.optimize
from scipy.spatial.transform import Rotation

from morph3d.evaluation.stress import degradations, picture_series, scene_series
from morph3d.morphable.model import MorphableModel
from morph3d.photos import face_detection

SCENES = [name for name, series in degradations.SERIES.items() if series.of_scenes]


@pytest.fixture(scope="module")
def people(small_embedded):
    return scene_series.SyntheticPeople(small_embedded, 2, 3)


def brightness(pictures, people):
    """The mean gray level of the left and of the right half of each face, [2, N]."""
    faces = np.abs(np.float32(people.portraits) - people.portraits[:, :1, :1]).max(-1) > 0.
    halves = np.arange(picture_series.SIZE) < picture_series.SIZE / 2, np.arange(picture_series.SIZE) >= picture_series.SIZE / 2
    return np.array([[np.float32(picture).mean(-1)[face & half].mean() for picture, face in zip(pictures, faces, strict=True)]
                     for half in halves])


@pytest.mark.parametrize("name", SCENES)
def test_every_level_is_further_from_the_untouched_picture(people, name):
    pictures = np.stack([people.portraits, *(people.pictures(name, level) for level in degradations.SERIES[name].levels)])
    change = np.abs(np.float32(pictures) - pictures[0]).mean((1, 2, 3, 4))
    assert pictures.dtype == np.uint8 and change[0] == 0. and (np.diff(change) > 0.).all()


def test_series_of_pictures_are_those_of_the_portraits(people):
    expected = [picture_series.blur(portrait, 10) for portrait in people.portraits]
    np.testing.assert_array_equal(people.pictures("blur", 10), expected)


def test_a_portrait_has_its_face_where_a_photos_portrait_has_it(people):
    for points in face_detection.detect_all(list(people.portraits)):
        assert np.linalg.norm(points - picture_series.PORTRAIT.template, axis=1).max() < 12.


def test_the_side_that_faces_the_light_is_brighter(people):
    left, right = brightness(people.portraits, people)
    assert (np.abs(left / right - 1.) < .1).all()
    left, right = brightness(people.pictures("light", 60), people)
    assert (right > 1.5 * left).all()
    behind, front = (brightness(pictures, people).mean(0) for pictures in (people.pictures("light", 150), people.portraits))
    assert (behind < .6 * front).all()


def test_heads_turn_to_the_right_and_sink(people):
    def nose(pictures):
        return np.stack([points[2] - points[:2].mean(0) for points in face_detection.detect_all(list(pictures))])

    untouched = nose(people.portraits)
    assert (nose(people.pictures("yaw", 30))[:, 0] > untouched[:, 0] + 10.).all()
    assert (nose(people.pictures("pitch", 20))[:, 1] > untouched[:, 1] + 3.).all()


def test_expressions_are_everybodys_own_and_nowhere_else(people, small_embedded):
    np.testing.assert_array_equal(people.pictures("expression", 0.), people.portraits)
    np.testing.assert_array_equal(people.pictures("yaw", 0.), people.portraits)
    drawn = small_embedded.sample(2, 3)
    half = drawn._replace(expression=.5 * drawn.expression)
    expected, _ = small_embedded.instance(half)
    np.testing.assert_allclose(small_embedded.instance(scene_series.expression(people._people, .5).coefficients)[0], expected)


def test_the_seed_decides(tiny_model, monkeypatch):
    first, other = (scene_series.SyntheticPeople(tiny_model, 3, seed) for seed in (1, 2))
    monkeypatch.setattr(scene_series, "AT_A_TIME", 2)
    again = scene_series.SyntheticPeople(tiny_model, 3, 1)
    assert first.portraits.shape == (3, picture_series.SIZE, picture_series.SIZE, 3) and len(set(first.names)) == 3
    np.testing.assert_array_equal(first.pictures("yaw", 30), again.pictures("yaw", 30))
    assert (first.portraits != other.portraits).any((1, 2, 3)).all()
    assert len(np.unique(first.portraits.reshape(3, -1), axis=0)) == 3


def without_expressions(model, order=1):
    """The model without expressions; order -1: its shape modes in reverse."""
    shapes = model.shape_basis.numpy().reshape(model.shape_size, -1, 3)[::order]
    return MorphableModel.from_arrays(
        "still", model.mean_vertices, shapes, model.mean_colors, model.texture_basis.numpy().reshape(model.texture_size, -1, 3),
        None, model.triangles, model.landmarks)


def test_errors_are_those_of_the_face_after_alignment():
    """The oracle looks for the similarity by a general solver."""
    random = np.random.default_rng(0)
    true = random.normal(0., 60., [3, 50, 3])
    truth, numbers = scene_series.Truth(true, np.arange(50) < 30), [2, 0, 1]
    found = 1.2 * true[numbers] + random.normal(0., 9., [3, 50, 3]) + 4.

    def apart(x, face, person):
        return np.exp(x[6]) * face @ Rotation.from_rotvec(x[:3]).as_matrix() + x[3:6] - person

    expected = []
    for face, person in zip(found[:, :30], true[numbers, :30], strict=True):
        best = scipy.optimize.least_squares(lambda x, *pair: apart(x, *pair).ravel(), np.zeros(7), args=(face, person), xtol=1e-12)
        expected.append(np.linalg.norm(apart(best.x, face, person), axis=1).mean())
    np.testing.assert_allclose(truth.errors(found, numbers), expected, rtol=1e-4)
    turned = true[numbers] @ Rotation.from_rotvec([.1, .2, .3]).as_matrix() * 1.1 + 5.
    turned[:, 30:] = 0.  # what is no face does not count
    np.testing.assert_allclose(truth.errors(turned, numbers), 0., atol=1e-9)


def test_without_expressions_their_series_is_not_offered(tiny_model):
    people = scene_series.SyntheticPeople(without_expressions(tiny_model), 1, 0)
    assert people.offered == [name for name in degradations.SERIES if name != "expression"]
    with pytest.raises(ValueError, match="series expression: the model has no expressions; expected some of light, yaw"):
        degradations.choose(["expression"], people.offered)
    assert (people.pictures("yaw", 60) != people.portraits).any()


def test_the_truth_is_known_to_networks_of_the_same_model(tiny_model, small_embedded, tiny_reconstructor):
    people = scene_series.SyntheticPeople(tiny_model, 3, 5)
    drawn = tiny_model.sample(3, 5)
    expected = tiny_model.mean_vertices + np.reshape(drawn.shape @ tiny_model.shape_basis, [3, -1, 3])
    np.testing.assert_allclose(people.truth(tiny_reconstructor.network).vertices, expected, atol=1e-3)
    for other in (small_embedded, without_expressions(tiny_model, order=-1)):
        assert scene_series.SyntheticPeople(other, 1, 5).truth(tiny_reconstructor.network) is None
