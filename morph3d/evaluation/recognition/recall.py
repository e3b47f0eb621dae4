"""The recall of identities: how often the photos nearest to a query are of the right person (paper, section 4.4)."""
from typing import NamedTuple

import numpy as np

from morph3d.evaluation import galleries

AT_A_TIME = 256  # queries that are compared with all photos together
TIE = 1e-6  # cosines that differ by less are as near: float32 rounds them by some 1e-7


class Found(NamedTuple):
    """What each of M queries has found."""
    people: np.ndarray  # [M] whose each query is
    top1: np.ndarray  # [M] 0..1, whether the nearest photo is of the right person
    top5: np.ndarray  # [M] ... one of the five nearest
    right: np.ndarray  # [M] mean cosine with the photos of the right person
    wrong: np.ndarray  # [M] ... of others


def find(queries, query_people, photos, people, own=None):
    """What queries find among photos, ranked by cosine.

    Where photos are exactly as near, their order is a matter of chance, and the right person counts as found among the first k with
    the share of the orders in which they are: identities that are all the same score k / N where each person has one photo.

    Args:
      queries: [M, I] unit vectors.
      query_people: [M] whose each is.
      photos: [N, I] unit vectors.
      people: [N] whose each is; each query's person is among them, and another too.
      own: [M] the number of the photo that each query is itself and does not search; None: they search all.

    Raises:
      ValueError: an identity is not finite.
    """
    galleries.finite("photos", photos), galleries.finite("queries", queries)
    names, number = np.unique(people, return_inverse=True)
    query_number = np.searchsorted(names, query_people)
    parts = []
    for first in range(0, len(queries), AT_A_TIME):
        rows = slice(first, first + AT_A_TIME)
        right = query_number[rows, None] == number
        wrong = ~right
        if own is not None:
            right[np.arange(len(right)), own[rows]] = False
        parts.append(_ranked(queries[rows] @ photos.T, right, wrong))
    return Found(np.asarray(query_people), *map(np.concatenate, zip(*parts, strict=True)))


def chance(query_people, people, first):
    """How often a random order has the right person among the first, [M] 0..1."""
    names, counts = np.unique(people, return_counts=True)
    right = counts[np.searchsorted(names, query_people)]
    return _among(first, 0, len(people) - right, right)


def has_another(people):
    """Of whom there are two photos or more, [N] bool."""
    _, number, counts = np.unique(people, return_inverse=True, return_counts=True)
    return counts[number] > 1


def _ranked(cosine, right, wrong):
    """Found's arrays but the people; of cosines and masks [M, N]."""
    nearest = np.where(right, cosine, -np.inf).max(1, keepdims=True)
    nearer = (wrong & (cosine > nearest + TIE)).sum(1)
    as_near = np.abs(cosine - nearest) <= TIE
    top1, top5 = (_among(first, nearer, (wrong & as_near).sum(1), (right & as_near).sum(1)) for first in (1, 5))
    return top1, top5, *(np.where(mask, cosine, 0.).sum(1) / mask.sum(1) for mask in (right, wrong))


def _among(first, nearer, wrong, right):
    """The chance that of `wrong` and `right` photos as near, in random order behind `nearer` wrong ones, a right one is among the
    first: 1 - (wrong choose free) / (wrong + right choose free).
    """
    missed = 1.
    for taken in range(first):
        free = taken < first - nearer
        missed = missed * np.where(free, np.maximum(wrong - taken, 0) / np.maximum(wrong + right - taken, 1), 1.)
    return 1. - missed
