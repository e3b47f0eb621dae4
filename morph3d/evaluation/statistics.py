"""Means of what was measured on people, with intervals that say how far chance goes: bootstrap over people."""
import functools
from typing import NamedTuple

import numpy as np
from scipy import stats

RESAMPLES = 10000
CONFIDENCE = .95


class Estimate(NamedTuple):
    """A mean, and the interval of 95 % confidence around it; of one person it means nothing and is not shown."""
    value: float
    low: float
    high: float
    count: int  # of people

    def __str__(self):
        return f"{self.value:.3f} ({self.low:.3f} to {self.high:.3f})" if self.count > 1 else f"{self.value:.3f}"


def mean(values, people=None, seed=0):
    """The mean of values, and its interval by the percentiles of 10,000 resamples of the people (Efron 1979).

    Photos of one person are no independent witnesses, so people are drawn, each with all values of theirs.

    Args:
      values: [N] finite numbers.
      people: [N] whose each is; None: each is of another person.
      seed: of the resampling.

    Raises:
      ValueError: there are no values, or some are not finite.

    >>> mean([1., 2., 3., 4.])
    Estimate(value=2.5, low=1.5, high=3.5, count=4)
    """
    values = np.asarray(values, np.float64)
    if not len(values) or not np.isfinite(values).all():
        raise ValueError(f"found {len(values)} values, {np.sum(~np.isfinite(values))} of them not finite; expected one or more, "
                         "all finite: leave out what could not be measured, and count it")
    _, person = np.unique(np.arange(len(values)) if people is None else people, return_inverse=True)
    sums, counts = np.bincount(person, values), np.bincount(person)
    drawn = _resamples(len(counts), seed)
    return _estimate(values.mean(), drawn @ sums / (drawn @ counts), len(counts))


def share(hits, people=None, seed=0):
    """`mean` of hits in 0..1.

    Where all are 0 or all 1 every resample would be the same; there the interval is the exact binomial one of as many people
    (Clopper and Pearson 1934).
    """
    found = mean(hits, people, seed)
    if found.low == found.high == found.value and found.value in (0., 1.):
        exact = stats.binomtest(int(found.value) * found.count, found.count).proportion_ci(CONFIDENCE)
        return found._replace(low=float(exact.low), high=float(exact.high))
    return found


def difference(values, others, people=None, seed=0):
    """The mean of `values - others`, pair by pair, and its interval: two models on the same people differ if it leaves out 0.

    Args:
      values, others: [N] numbers, the i-th of both of the same photo, scan or person.
      people, seed: see `mean`.
    """
    _require_pairs(values, others)
    return mean(np.subtract(values, others), people, seed)


def correlation(values, others, seed=0):
    """Pearson's correlation of two numbers of each person, and its interval by the percentiles of 10,000 resamples of the people.

    Args:
      values, others: [N] finite numbers, the i-th of both of the same person.
      seed: of the resampling.

    Returns:
      Estimate; None where one of the two is the same for all, for which there is no correlation.

    Raises:
      ValueError: there are fewer than three people, or some numbers are not finite.
    """
    _require_pairs(values, others)
    pairs = np.array([values, others], np.float64)
    if pairs.shape[1] < 3 or not np.isfinite(pairs).all():
        raise ValueError(f"found {pairs.shape[1]} pairs of numbers, {np.sum(~np.isfinite(pairs))} of these not finite; expected "
                         "three or more, all finite: leave out what could not be measured, and count it")
    if np.isclose(pairs, pairs[:, :1]).all(1).any():
        return None
    a, b = (pairs - pairs.mean(1, keepdims=True)) / pairs.std(1, keepdims=True)
    moments = _resamples(len(a), seed) @ np.stack([a, b, a * b, a * a, b * b], 1) / len(a)
    mean_a, mean_b, product, square_a, square_b = moments.T
    with np.errstate(divide="ignore", invalid="ignore"):  # of a resample that drew one person only
        drawn = (product - mean_a * mean_b) / np.sqrt((square_a - mean_a**2) * (square_b - mean_b**2))
    return _estimate(np.mean(a * b), drawn[np.isfinite(drawn)], len(a))


def between(values, people):
    """How much people differ in what their photographs, which differ too, show: one-way analysis of variance, random effects.

    Args:
      values: [N, C] finite numbers of N photographs.
      people: [N] whom each shows; those with one photograph are left out.

    Returns:
      [C], the standard deviation between people (0 where a person's photographs differ as much as those of several), and the
      number of people it is computed from.

    Raises:
      ValueError: fewer than two people have two photographs or more.
    """
    _, person, photos = np.unique(people, return_inverse=True, return_counts=True)
    several = photos[person] > 1
    _, person, photos = np.unique(person[several], return_inverse=True, return_counts=True)
    if len(photos) < 2:
        raise ValueError(f"found {len(photos)} people with two photographs or more, expected two or more: give a source "
                         "with a folder for each person")
    values, total = np.asarray(values, np.float64)[several], photos.sum()
    means = np.stack([np.bincount(person, channel) for channel in values.T], 1) / photos[:, None]
    within = np.square(values - means[person]).sum(0) / (total - len(photos))
    among = (photos[:, None] * np.square(means - values.mean(0))).sum(0) / (len(photos) - 1)
    each = (total - np.square(photos).sum() / total) / (len(photos) - 1)  # photographs of a person, where all have as many
    return np.sqrt(np.maximum(among - within, 0.) / each), len(photos)


def _require_pairs(values, others):
    if len(values) != len(others):
        raise ValueError(f"found {len(values)} and {len(others)} values; expected those of the same people, in the same order")


@functools.lru_cache(maxsize=2)  # a report asks again and again for those of the same people, of some and of all
def _resamples(count, seed):
    """How often each of `count` people is drawn in each resample, [RESAMPLES, count]."""
    return np.random.default_rng(seed).multinomial(count, np.full(count, 1. / count), RESAMPLES).astype(np.uint16)


def _estimate(value, resampled, count):
    low, high = np.quantile(resampled, [.5 - CONFIDENCE / 2., .5 + CONFIDENCE / 2.])
    return Estimate(float(value), float(low), float(high), count)
