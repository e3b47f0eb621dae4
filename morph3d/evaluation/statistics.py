"""Means of what was measured on people, with intervals that say how far chance goes: bootstrap over people."""
from typing import NamedTuple

import numpy as np
from scipy import stats

RESAMPLES = 10000
CONFIDENCE = .95


class Estimate(NamedTuple):
    """A mean, and the interval of 95 % confidence around it."""
    value: float
    low: float
    high: float
    count: int  # of people

    def __str__(self):
        return f"{self.value:.3f} ({self.low:.3f} to {self.high:.3f})"


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
    drawn = np.random.default_rng(seed).multinomial(len(counts), np.full(len(counts), 1. / len(counts)), RESAMPLES)
    low, high = np.quantile(drawn @ sums / (drawn @ counts), [.5 - CONFIDENCE / 2., .5 + CONFIDENCE / 2.])
    return Estimate(float(values.mean()), float(low), float(high), len(counts))


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
    if len(values) != len(others):
        raise ValueError(f"found {len(values)} and {len(others)} values; expected those of the same people, in the same order")
    return mean(np.subtract(values, others), people, seed)
