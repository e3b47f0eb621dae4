"""Distributions of cosines: against all pairs, one by one, and scipy on the values themselves."""
import itertools

import hypothesis
import numpy as np
import pytest
from hypothesis import strategies as st
from scipy import stats

from morph3d.evaluation.recognition import similarity
from tests.evaluation.recognition.identities import crowd

COSINES = st.lists(st.floats(-.5, .5), min_size=1, max_size=20)


def counted(cosines):
    return np.histogram(cosines, similarity.EDGES)[0]


@pytest.fixture(scope="module")
def photos():
    """300 photos, more than are counted together, and the cosines of their pairs."""
    identities, people = crowd([1, 2, 3, 4] * 30, spread=.8)
    pairs = list(itertools.combinations(range(len(people)), 2))
    same = np.array([people[i] == people[j] for i, j in pairs])
    cosines = np.array([identities[i] @ identities[j] for i, j in pairs])
    return identities, people, cosines[same], cosines[~same]


def test_every_pair_is_counted_once(photos):
    identities, people, same, different = photos
    pairs = similarity.of_pairs(identities, people)
    assert pairs.same.sum() == len(same) and pairs.different.sum() == len(different)
    for counts, cosines in zip(pairs, (same, different), strict=True):
        assert np.abs(np.repeat(similarity.CENTERS, counts) - np.sort(cosines)).max() <= .51 * similarity.WIDTH
        assert similarity.mean(counts) == pytest.approx(cosines.mean(), abs=similarity.WIDTH / 2)


def test_the_distance_is_scipys_of_the_cosines_themselves(photos):
    identities, people, same, different = photos
    pairs = similarity.of_pairs(identities, people)
    own = np.random.default_rng(1).normal(.4, .1, 77)
    for counts, cosines in zip(pairs, (same, different), strict=True):
        assert similarity.distance(own, counts) == pytest.approx(stats.wasserstein_distance(own, cosines), abs=similarity.WIDTH / 2)
    between = similarity.distance_between(*pairs)
    assert between == pytest.approx(stats.wasserstein_distance(same, different), abs=similarity.WIDTH) and between > .3


def test_shares_are_those_of_the_pairs(photos):
    identities, people, same, different = photos
    pairs = similarity.of_pairs(identities, people)
    for cosine in (-.2, 0., .3, .61234):
        for counts, cosines in zip(pairs, (same, different), strict=True):
            in_bin = np.mean(np.abs(cosines - cosine) <= similarity.WIDTH)
            assert similarity.share_below(counts, cosine) == pytest.approx(np.mean(cosines < cosine), abs=in_bin + 1e-9)


def test_cosines_of_one_and_minus_one_are_counted():
    pairs = similarity.of_pairs(np.float32([[1, 1e-4], [1, 1e-4], [-1, 0], [0, 1]]), np.array(["a", "a", "b", "c"]))
    assert pairs.same[-1] == 1 and pairs.different[0] == 2 and pairs.different.sum() == 5


def test_nobody_with_two_photos_has_no_distance():
    pairs = similarity.of_pairs(*crowd([1] * 5))
    assert pairs.same.sum() == 0 and similarity.distance(np.zeros(3), pairs.same) is None
    assert similarity.distance_between(*pairs) is similarity.mean(pairs.same) is similarity.share_below(pairs.same, 0.) is None
    assert similarity.figure(pairs, {"a": np.zeros(3)}).dtype == np.uint8


@hypothesis.given(COSINES, COSINES, st.integers(-4000, 4000))
@hypothesis.settings(max_examples=12)
def test_the_distance_is_symmetric_and_does_not_see_a_shift_of_both(one, other, bins):
    """A shift by whole bins, away from their edges, where rounding decides which bin it is."""
    one, other = ((np.floor(np.array(cosines) / similarity.WIDTH) + .5) * similarity.WIDTH for cosines in (one, other))
    there, back = similarity.distance(one, counted(other)), similarity.distance(other, counted(one))
    assert there == pytest.approx(back, abs=1e-9)
    assert similarity.distance_between(counted(one), counted(other)) == pytest.approx(there, abs=1e-9)
    shift = bins * similarity.WIDTH
    assert similarity.distance(one + shift, counted(other + shift)) == pytest.approx(there, abs=1e-9)
    assert similarity.distance(one, counted(one)) == pytest.approx(0., abs=1e-9)


def test_the_figure_shows_a_panel_for_pairs_and_for_each_reconstructor(photos):
    identities, people, *_ = photos
    pairs = similarity.of_pairs(identities, people)
    pictures = [similarity.figure(pairs, {f"network {n}": np.linspace(.2, .6, 50) for n in range(count)}) for count in (1, 2)]
    assert pictures[0].dtype == np.uint8 and pictures[0].shape[1:] == (700, 3)
    assert pictures[1].shape[0] - pictures[0].shape[0] == 160
    colors = {"blue": [31, 119, 180], "red": [214, 39, 40], "green": [44, 160, 44]}  # matplotlib's C0, C3, C2: the lines at means
    assert all((pictures[0] == color).all(-1).sum() > 100 for color in colors.values())


def test_identities_that_are_not_finite_are_refused():
    identities, people = crowd([2] * 4)
    identities[3, 0] = np.nan
    with pytest.raises(ValueError, match="1 of 8 photos are not finite"):
        similarity.of_pairs(identities, people)
