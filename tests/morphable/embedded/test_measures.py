"""The ends of measures lie where a caliper would be put."""
import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from morph3d.morphable.embedded import measures, population
from tests.morphable.embedded import caliper


@pytest.fixture(scope="module")
def mean(crowd_vertices):
    """[V, 3] mm of an average head, in a frame of its own."""
    return crowd_vertices.mean(0).astype(np.float64)


@pytest.fixture(scope="module")
def between(mesh, mean):
    return measures.ends(mesh, mean)


def values(between, vertices):
    return {name: float(found[0]) for name, found in measures.measure(between, vertices[None]).items()}


def test_every_surveyed_measure_has_two_ends(between, mesh):
    assert set(between) == set(population.SURVEYED)
    for name, pair in between.items():
        for end in pair:
            assert end.shape == (1, mesh.matrix.shape[0]) and end.sum() == pytest.approx(1.), name


def test_a_caliper_finds_the_same_sizes(between, mesh, mean):
    found, expected = values(between, mean), caliper.sizes(mesh, mean)
    assert tuple(sorted(expected)) == tuple(sorted(caliper.MEASURES))
    for name, size in expected.items():
        sought = name in ("head_length", "head_breadth", "face_breadth", "nose_breadth", "ear_length")  # the rest are landmarks
        assert found[name] == pytest.approx(size, abs=2. if sought else .3), name


def test_distances_grow_with_the_head_and_turn_with_it(between, mean):
    before = values(between, mean)
    turned = 1.1 * mean @ Rotation.from_euler("xyz", [20., -50., 9.], degrees=True).as_matrix().T + [4., 5., 6.]
    assert values(between, turned) == pytest.approx({name: 1.1 * value for name, value in before.items()})


@pytest.mark.parametrize("name", "head_breadth face_breadth jaw_breadth forehead_breadth nose_breadth nose_root_breadth".split())
def test_breadths_are_taken_straight_across(between, mean, name):
    first, second = (end @ mean for end in between[name])
    np.testing.assert_allclose(first[0] * [-1., 1., 1.], second[0], atol=.5)
    assert first[0, 0] > 0.


def test_points_that_are_no_landmarks(between, mesh, mean):
    point, place = mean[mesh.landmarks], {name: [(end @ mean)[0] for end in pair] for name, pair in between.items()}
    jaw = place["jaw_breadth"][0]  # where the jaw turns: below the mouth's corner, behind it and before the ear
    assert point[8, 1] < jaw[1] < point[54, 1] and mean[mesh.masks["ears"] > .5, 2].mean() < jaw[2] < point[54, 2] - 20.
    front, back = place["head_length"]
    assert front[2] - back[2] > 170. and front[1] > point[27, 1] and abs(front[0]) < 1. and abs(back[0]) < 1.
    top, bottom = place["ear_length"]
    ears = mean[mesh.masks["ears"] > .5]
    assert [top[1], bottom[1]] == pytest.approx([ears[:, 1].max(), ears[:, 1].min()], abs=.5) and min(top[0], bottom[0]) > 50.
    root = place["nose_root_breadth"][0]
    assert abs(root[1] - point[27, 1]) < 3. and root[2] < point[27, 2]
    forehead = place["forehead_breadth"][0]
    assert forehead[1] > point[24, 1] + 5.


def test_moving_one_end_changes_its_measures_alone(between, mesh, mean):
    """The tip of the nose is an end of one measure."""
    moved = mean.copy()
    moved[mesh.landmarks[30], 2] += 3.
    before, after = values(between, mean), values(between, moved)
    assert {name for name in before if before[name] != after[name]} == {"nose_protrusion"}
    assert after["nose_protrusion"] > before["nose_protrusion"] + 2.


def test_many_heads_are_measured_at_once(between, crowd_vertices):
    together = measures.measure(between, crowd_vertices[:3])
    for number in range(3):
        assert {name: found[number] for name, found in together.items()} == pytest.approx(values(between, crowd_vertices[number]))
