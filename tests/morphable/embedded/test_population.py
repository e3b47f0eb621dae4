"""Random measures have the means, deviations and correlations of the surveys."""
import numpy as np
import pytest

from morph3d.morphable.embedded import population

COUNT = 40_000


@pytest.fixture(scope="module")
def drawn():
    random = np.random.default_rng(1)
    male, group = random.integers(0, 2, COUNT), random.choice(4, COUNT, p=population.SHARES)
    return male, group, population.draw(male, group, random.standard_normal(len(male)), random)


def test_shares_and_tables_are_whole():
    assert sum(population.SHARES) == pytest.approx(1.)
    for name, (men, women, deviation) in population.SURVEYED.items():
        assert len(men) == len(women) == len(population.GROUPS), name
        assert 0. < deviation < .25 * np.mean(men), name
    assert "interpupillary" in population.SURVEYED and len(population.SURVEYED) == 18


def test_each_group_has_its_means_and_deviation(drawn):
    male, group, measures = drawn
    for name, (men, women, deviation) in population.SURVEYED.items():
        for sex, means in ((1, men), (0, women)):
            for number, mean in enumerate(means):
                values = measures[name][(male == sex) & (group == number)]
                assert abs(values.mean() - mean) < .08 * deviation, name
                assert values.std() == pytest.approx(deviation, rel=.08), name  # the clipping at LIMIT takes a few per cent


def test_pooled_is_the_mean_and_deviation_of_all(drawn):
    for name, values in drawn[2].items():
        mean, deviation = population.pooled(name)
        assert abs(values.mean() - mean) < .05 * deviation and values.std() == pytest.approx(deviation, rel=.06), name


@pytest.mark.parametrize("one, other, expected", [
    ("face_breadth", "head_breadth", .63), ("face_breadth", "interpupillary", .45), ("forehead_breadth", "head_breadth", .46),
    ("head_length", "head_breadth", .32), ("nose_length", "face_length", .36), ("nose_breadth", "head_length", 0.),
    ("ear_length", "eye_length", 0.)])
def test_measures_go_together_as_surveyed(drawn, one, other, expected):
    male, group, measures = drawn
    here = (male == 1) & (group == 0)
    assert np.corrcoef(measures[one][here], measures[other][here])[0, 1] == pytest.approx(expected, abs=.06)


def test_nobody_is_beyond_the_limit():
    male, group = np.ones(COUNT, int), np.zeros(COUNT, int)
    for name, values in population.draw(male, group, np.zeros(len(male)), np.random.default_rng(0)).items():
        men, _, deviation = population.SURVEYED[name]
        loads = np.array([population.WIDTH.get(name, 0.), population.HEIGHT.get(name, 0.)])
        largest = population.LIMIT * (loads.sum() + np.sqrt(1. - loads @ loads))
        assert np.abs(values - men[0]).max() <= largest * deviation + 1e-9, name


def test_the_same_generator_gives_the_same_measures():
    male, group = np.array([0, 1, 1]), np.array([0, 3, 1])
    first, again, other = (population.draw(male, group, np.zeros(len(male)), np.random.default_rng(seed)) for seed in (3, 3, 4))
    for name in population.SURVEYED:
        np.testing.assert_array_equal(first[name], again[name])
        assert (first[name] != other[name]).all()
