"""Random people: heads with the surveyed measures, as a caliper that knows nothing of how they were made finds them."""
import numpy as np
import pytest

from morph3d.mesh.normals import vertex_normals
from morph3d.mesh.registration import from_points
from morph3d.morphable.embedded import controls, people, population
from tests.morphable.embedded import caliper


@pytest.fixture(scope="module")
def found(mesh, crowd_vertices):
    """{measure: [300] mm}."""
    sizes = [caliper.sizes(mesh, vertices) for vertices in crowd_vertices]
    return {name: np.array([each[name] for each in sizes]) for name in sizes[0]}


def test_traits_are_in_their_ranges(crowd):
    assert crowd.male.sum() == 150 and set(crowd.male) == {0, 1}
    np.testing.assert_allclose(crowd.ancestry.sum(1), 1.)
    assert crowd.ancestry.min() >= 0. and (crowd.ancestry.max(1) > .8).mean() > .4
    assert 0. <= crowd.old.min() and crowd.old.max() <= people.OLDEST and crowd.old.mean() == pytest.approx(.225, abs=.03)
    assert 0. <= crowd.weight.min() and crowd.weight.max() <= 1. and crowd.weight.mean() == pytest.approx(.5, abs=.04)
    assert crowd.cages.shape == (300, 4052, 3) and np.isfinite(crowd.cages).all()


def test_no_ancestry_is_rare(crowd):
    assert (crowd.ancestry.mean(0) > .15).all()


@pytest.mark.parametrize("name", caliper.MEASURES)
def test_measures_are_those_of_the_surveys(found, name):
    mean, deviation = population.pooled(name)
    assert abs(found[name].mean() - mean) < .5 * deviation
    assert .7 < found[name].std() / deviation < 1.3


def test_men_are_larger(crowd, found):
    men = crowd.male == 1
    for name in "head_breadth head_length face_length face_breadth nose_length nose_breadth lip_length ear_length".split():
        assert found[name][men].mean() > found[name][~men].mean() + .3 * found[name].std(), name


def test_men_look_like_men(crowd, head):
    """Beside their size they differ from women as the published men do."""
    skin = np.unique(head.quads[head.parts["head"]])
    targets = [f"macrodetails/{ancestry}-{{}}-young" for ancestry in controls.ANCESTRIES]
    male, female = (head.dense([name.format(sex) for name in targets]).mean(0)[skin] for sex in controls.SEXES[::-1])
    men, women = (crowd.cages[crowd.male == sex].mean(0)[skin] for sex in (1, 0))
    found, expected = (from_points(other, women).apply(other) - women for other in (men, women + male - female))
    assert (found * expected).sum() > .6 * np.linalg.norm(found) * np.linalg.norm(expected)


def test_ancestry_shows_in_noses_and_lips(crowd, found):
    african, asian, caucasian = (crowd.ancestry[:, number] > .6 for number in range(3))
    breadth, protrusion, lips = found["nose_breadth"], found["nose_protrusion"], found["upper_vermilion"]
    assert breadth[african].mean() > breadth[asian].mean() + 2. > breadth[caucasian].mean() + 3.
    assert protrusion[caucasian].mean() > protrusion[african].mean() + 1.
    assert lips[african].mean() > lips[caucasian].mean() + 1.5


def differences(crowd, crowd_vertices, trait):
    """[V, 3] mm per standard deviation of a trait [N], among people of one sex and ancestry."""
    traits = np.c_[np.ones(len(trait)), crowd.male, crowd.ancestry[:, :2], (trait - trait.mean()) / trait.std()]
    return np.linalg.lstsq(traits, crowd_vertices.reshape(len(trait), -1), rcond=None)[0][-1].reshape(-1, 3)


def test_weight_shows_in_the_neck(crowd, crowd_vertices, mesh):
    moved = differences(crowd, crowd_vertices, crowd.weight)
    out = (moved * vertex_normals(crowd_vertices.mean(0), mesh.triangles)).sum(1)
    assert out[mesh.parts["neck"]].mean() > .4


def test_age_shows_in_the_face(crowd, crowd_vertices, mesh):
    """Beside where the whole head lies."""
    moved = differences(crowd, crowd_vertices, crowd.old)[mesh.parts["head"]]
    assert np.sqrt(((moved - moved.mean(0))**2).sum(1).mean()) > .5


def test_the_same_seed_gives_the_same_people():
    first, again, other = (people.draw(8, seed) for seed in (3, 3, 4))
    for one, same, different in zip(first, again, other, strict=True):
        np.testing.assert_allclose(one, same, atol=1e-6)  # threads add up in any order
        assert one.shape == different.shape
    assert np.abs(first.cages - other.cages).max() > 1.


def test_no_two_people_are_alike(crowd_vertices, mesh):
    point = crowd_vertices[:, mesh.landmarks]
    point = (point - point.mean(1, keepdims=True)).reshape(len(point), -1)
    distance = np.linalg.norm(point[:, None] - point, axis=-1) / np.sqrt(68.)
    assert distance[~np.eye(len(point), dtype=bool)].min() > .5
