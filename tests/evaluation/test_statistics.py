"""Intervals of means: against scipy's bootstrap, and how often they hold the truth."""
import hypothesis
import numpy as np
import pytest
from hypothesis import strategies as st
from scipy import stats

from morph3d.evaluation import statistics


def test_the_interval_is_that_of_scipys_bootstrap():
    values = np.random.default_rng(0).gamma(2., size=60)
    found = statistics.mean(values)
    expected = stats.bootstrap((values,), np.mean, n_resamples=20000, method="percentile", rng=1).confidence_interval
    assert found.value == pytest.approx(values.mean()) and found.count == 60
    assert [found.low, found.high] == pytest.approx([expected.low, expected.high], abs=.03 * (expected.high - expected.low))


def test_photos_of_one_person_are_drawn_together():
    """Each person's five photos are the same: five times the photos are no more witnesses."""
    people = np.random.default_rng(1).normal(size=40)
    alone = statistics.mean(people)
    photos = statistics.mean(np.repeat(people, 5), np.repeat(np.arange(40), 5))
    assert photos == pytest.approx(alone) and photos.count == 40
    assert statistics.mean(np.repeat(people, 5)).high - alone.value < .6 * (photos.high - alone.value)


def test_people_with_more_photos_weigh_more():
    found = statistics.mean([0., 0., 0., 4.], ["a", "a", "a", "b"])
    assert found.value == 1. and found.low == 0. and found.high == 4.


def test_the_interval_holds_the_truth_as_often_as_it_says(monkeypatch):
    monkeypatch.setattr(statistics, "RESAMPLES", 1000)
    statistics._resamples.cache_clear()
    rng = np.random.default_rng(2)
    hits = [low <= 3. <= high for low, high in (statistics.mean(rng.normal(3., 1., 50), seed=n)[1:3] for n in range(200))]
    statistics._resamples.cache_clear()
    assert .88 < np.mean(hits) < .99


@pytest.mark.parametrize("value", [0., 1.])
def test_a_perfect_recall_is_not_certain(value):
    found = statistics.share(np.full(84, value))
    wide = 1. - .025**(1. / 84.)  # of which 84 in a row would have a chance of 2.5 %
    assert found.value == value
    assert abs(found.low - value) + abs(found.high - value) == pytest.approx(wide)
    hits = np.arange(84) < 80
    assert statistics.share(hits) == statistics.mean(hits)


def test_pairs_show_a_difference_that_the_spread_of_people_hides():
    rng = np.random.default_rng(3)
    people = rng.normal(10., 5., 60)
    better = people - .3 + rng.normal(0., .1, 60)
    found = statistics.difference(better, people)
    assert found.high < 0. and found.value == pytest.approx(-.3, abs=.05)
    assert statistics.mean(better).high > statistics.mean(people).value
    nothing = statistics.difference(people, people)
    assert nothing.low == nothing.high == nothing.value == 0.


@hypothesis.given(st.lists(st.floats(-100., 100.), min_size=1, max_size=20), st.floats(-10., 10.), st.floats(.1, 10.))
@hypothesis.settings(max_examples=20)
def test_a_change_of_units_changes_nothing_else(values, shift, scale):
    before, after = statistics.mean(values), statistics.mean(scale * np.array(values) + shift)
    if len({round(value, 9) for value in values}) > 1:
        assert after[:3] == pytest.approx(scale * np.array(before[:3]) + shift, abs=1e-6)


@pytest.mark.parametrize("values, words", [
    ([], "found 0 values, 0 of them not finite"), ([1., np.nan, np.inf], "found 3 values, 2 of them not finite")])
def test_what_is_no_number_is_refused(values, words):
    with pytest.raises(ValueError, match=words):
        statistics.mean(values)
    with pytest.raises(ValueError, match="found 1 and 2 values; expected those of the same people"):
        statistics.difference([1.], [1., 2.])


def correlated(count, seed=4):
    values = np.random.default_rng(seed).normal(size=[2, count])
    return values[0], .5 * values[0] + values[1]


def test_the_correlation_is_pearsons_and_its_interval_that_of_scipys_bootstrap():
    values, others = correlated(40)
    found = statistics.correlation(values, others)
    expected = stats.bootstrap((values, others), lambda a, b: stats.pearsonr(a, b, axis=-1).statistic, n_resamples=4000,
                               paired=True, method="percentile", rng=1).confidence_interval
    assert found.value == pytest.approx(stats.pearsonr(values, others).statistic) and found.count == 40
    assert [found.low, found.high] == pytest.approx([expected.low, expected.high], abs=.05 * (expected.high - expected.low))


def test_a_resample_has_the_correlation_of_the_people_drawn(monkeypatch):
    """NumPy's, of every person as often as drawn; six people, whose means differ much between resamples."""
    monkeypatch.setattr(statistics, "RESAMPLES", 60)
    values, others = correlated(6)
    found = statistics.correlation(values, others, seed=123)
    drawn = [np.corrcoef(np.repeat(values, counts), np.repeat(others, counts))[0, 1] for counts in statistics._resamples(6, 123)]
    assert [found.low, found.high] == pytest.approx(np.quantile(drawn, [.025, .975]))
    statistics._resamples.cache_clear()


@hypothesis.given(st.floats(-1e3, 1e3), st.floats(.01, 100.), st.booleans())
@hypothesis.settings(max_examples=10)
def test_a_correlation_has_no_units(shift, scale, turned):
    values, others = correlated(20)
    before = statistics.correlation(values, others)
    after = statistics.correlation((-scale if turned else scale) * values + shift, others)
    expected = (-before.value, -before.high, -before.low) if turned else before[:3]
    assert after[:3] == pytest.approx(expected, abs=1e-6)


def test_what_is_the_same_for_all_has_no_correlation():
    values = np.random.default_rng(5).normal(size=30)
    assert statistics.correlation(np.full(30, .1) + .2, values) is None
    assert statistics.correlation(values, np.zeros(30)) is None
    few = statistics.correlation([1., 2., 3.], [1., 2., 4.])  # many resamples draw one of the three only
    assert np.isfinite(few[:3]).all() and few.low <= few.value <= few.high <= 1. + 1e-9


@pytest.mark.parametrize("values, words", [
    ([1., 2.], "found 2 pairs of numbers, 0 of these not finite; expected three or more"),
    ([1., 2., np.nan], "found 3 pairs of numbers, 2 of these not finite")])
def test_a_correlation_of_too_little_is_refused(values, words):
    with pytest.raises(ValueError, match=words):
        statistics.correlation(values, values)
    with pytest.raises(ValueError, match="expected those of the same people"):
        statistics.correlation(values, [1.])


def test_between_finds_what_people_differ_by_whatever_their_photos_differ_by():
    rng = np.random.default_rng(5)
    people = np.repeat(np.arange(3000), rng.integers(1, 6, 3000))
    truth = np.array([2., 5., 0.])
    values = (truth * rng.standard_normal([3000, 3]))[people] + [4., 3., 1.] * rng.standard_normal([len(people), 3])
    found, count = statistics.between(values, people)
    np.testing.assert_allclose(found, truth, atol=.2)
    assert count == np.sum(np.bincount(people) > 1)


def test_between_of_equal_photos_is_the_textbook_variance():
    # Searle, Casella and McCulloch 1992, section 3.5: (mean square among - mean square within) / photos of a person.
    found, count = statistics.between([[1.], [3.], [7.], [9.]], ["a", "a", "b", "b"])
    assert found[0] == pytest.approx(np.sqrt((36. - 2.) / 2.)) and count == 2
    assert statistics.between([[1.], [3.], [7.], [9.], [99.]], ["a", "a", "b", "b", "c"]) == (found, 2)


def test_between_needs_people_with_several_photos():
    with pytest.raises(ValueError, match="found 1 people with two photographs or more, expected two or more: give a source with a"):
        statistics.between([[1.], [2.], [3.]], ["a", "a", "b"])
