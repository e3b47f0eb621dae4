"""Distributions of the cosine between photos, and between photos and renderings (paper, section 4.3, figure 5 and table 2)."""
from typing import NamedTuple

import matplotlib.figure
import numpy as np
from scipy import stats

from morph3d.evaluation import galleries, report

AT_A_TIME = 256  # photos whose pairs are counted together
WIDTH = 1e-4  # of the bins in which pairs are counted, so an Earth mover's distance to them is off by half of it at most
EDGES = np.linspace(-1., 1., 20001)
CENTERS = (EDGES[1:] + EDGES[:-1]) / 2.


class Pairs(NamedTuple):
    """All pairs of photos, counted by their cosine."""
    same: np.ndarray  # [20000] how many pairs of one person have a cosine in each bin
    different: np.ndarray  # ... of two people


def of_pairs(identities, people):
    """The Pairs of photos of these identities [N, I] and people [N]. Tens of millions of pairs take seconds."""
    galleries.finite("photos", identities)
    _, number = np.unique(people, return_inverse=True)
    counts = np.zeros([2, len(CENTERS)], np.int64)
    for first in range(0, len(number), AT_A_TIME):
        rows = slice(first, first + AT_A_TIME)
        cosine = identities[rows] @ identities[first:].T
        bins = np.clip((cosine + 1.) / WIDTH, 0., len(CENTERS) - 1.).astype(np.int64)
        same = number[rows, None] == number[first:]
        once = np.triu(np.ones(cosine.shape, bool), 1)
        for count, mask in zip(counts, (once & same, once & ~same), strict=True):
            count += np.bincount(bins[mask], minlength=len(CENTERS))
    return Pairs(*counts)


def distance(cosines, counts):
    """The Earth mover's distance of cosines [N] to counted ones [20000], the mean way in cosine; None where nothing was counted.

    Off by WIDTH / 2 at most, which is how far a counted pair lies from the center of its bin.
    """
    return float(stats.wasserstein_distance(cosines, CENTERS, None, counts)) if counts.any() else None


def distance_between(counts, others):
    """... of counted ones to counted ones; off by WIDTH at most."""
    return float(stats.wasserstein_distance(CENTERS, CENTERS, counts, others)) if counts.any() and others.any() else None


def share_below(counts, cosine):
    """The share of counted pairs whose cosine is lower, 0..1; those in its bin counted by how much of the bin is."""
    below = np.interp(cosine, EDGES, np.concatenate([[0], np.cumsum(counts)]))
    return float(below / counts.sum()) if counts.any() else None


def mean(counts):
    """The mean cosine of counted pairs; None where there are none."""
    return float(np.average(CENTERS, weights=counts)) if counts.any() else None


def figure(pairs, renderings):
    """Figure 5: the distributions of pairs of photos above, below them those of photo and rendering, each with its mean.

    Args:
      pairs: Pairs.
      renderings: {label: [N] cosines of photos and their renderings}.

    Returns:
      [H, W, 3] uint8.
    """
    drawing = matplotlib.figure.Figure(figsize=(7, 2. + 1.6 * len(renderings)), dpi=100, layout="constrained")
    above, *below = drawing.subplots(1 + len(renderings), sharex=True)
    for name, counts, color in (("same person", pairs.same, "C0"), ("different people", pairs.different, "C3")):
        if counts.any():
            _distribution(above, f"{counts.sum():,} pairs of photos, {name}", CENTERS, counts, color)
    for axes, (label, cosines) in zip(below, renderings.items(), strict=True):
        _distribution(axes, f"{len(cosines):,} photos and their renderings, {label}", cosines, np.ones(len(cosines)), "C2")
    for axes in (above, *below):
        axes.legend(fontsize="x-small", loc="upper left")
        axes.set(yticks=[], xlim=(-.5, 1.), ylim=(0., 1.4 * axes.get_ylim()[1]))
    below[-1].set(xlabel="cosine", xticks=np.arange(-.5, 1.01, .25))
    return report.pixels(drawing)


def _distribution(axes, label, cosines, weights, color):
    """A density in bins of .02, and its mean."""
    middle = np.average(cosines, weights=weights)
    density, edges = np.histogram(np.clip(cosines, -1., 1.), np.linspace(-1., 1., 101), weights=weights, density=True)
    axes.stairs(density, edges, fill=True, alpha=.5, color=color, label=f"{label}: mean {middle:.3f}")
    axes.axvline(middle, color=color)
