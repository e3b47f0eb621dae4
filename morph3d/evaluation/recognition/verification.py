"""Verification: is a pair of photos of one person? The protocol of Labeled Faces in the Wild (Huang et al. 2007), ten folds."""
import pathlib
from typing import NamedTuple

import numpy as np
from absl import logging
from scipy import stats

FOLDS = 10
DRAWN = 300  # pairs of one person, and as many of two, that are drawn of each fold, as in the official lists
TRIES = 10  # a fold with fewer pairs gives what so many draws for each of the 300 have met
FALSE_ACCEPTS = 1e-3


class Pairs(NamedTuple):
    """M pairs of photos, by their numbers."""
    first: np.ndarray  # [M]
    second: np.ndarray  # [M]
    same: np.ndarray  # [M] bool, of one person
    fold: np.ndarray  # [M]


class Verification(NamedTuple):
    accuracy: float  # mean over the folds, each judged by the threshold that is best on the others
    deviation: float  # standard deviation over the folds
    auc: float  # area under the ROC curve of all pairs
    tar: float  # share of the pairs of one person accepted where at most 1 in 1,000 of the others is


def verify(scores, pairs):
    """The Verification by scores [M], higher where a pair looks more like one person.

    Raises:
      ValueError: a score is not finite.
    """
    if not np.isfinite(scores).all():
        raise ValueError(f"{np.sum(~np.isfinite(scores))} of {len(scores)} scores are not finite; see what the recognizer gives")
    accuracies = []
    for fold in np.unique(pairs.fold):
        own = pairs.fold == fold
        accuracies.append(np.mean((scores[own] > _threshold(scores[~own], pairs.same[~own])) == pairs.same[own]))
    genuine, impostor = scores[pairs.same], scores[~pairs.same]
    auc = stats.mannwhitneyu(genuine, impostor).statistic / (len(genuine) * len(impostor))
    accepted = genuine > np.sort(impostor)[::-1][int(FALSE_ACCEPTS * len(impostor))]
    return Verification(float(np.mean(accuracies)), float(np.std(accuracies)), float(auc), float(np.mean(accepted)))


def cosines(vectors, pairs):
    """The cosine of each pair of vectors [N, I] -> [M]; 0 where one is 0, to six digits: more are float32's rounding."""
    vectors = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
    return np.round((vectors[pairs.first] * vectors[pairs.second]).sum(1), 6)


def read(path, photos):
    """The Pairs of a file like LFW's pairs.txt: "10 300", then for each fold 300 lines NAME I J, and 300 lines NAME I NAME J.

    Args:
      path: of the file.
      photos: list of sources.Photo, in which NAME I is the one whose file is NAME/NAME_000I, of any kind.

    Raises:
      ValueError: another form; a pair of photos that are not there.
    """
    header, *lines = [line.split() for line in pathlib.Path(path).read_text(errors="replace").splitlines() if line.strip()] or [[]]
    folds, size = map(int, header) if len(header) == 2 and all(map(str.isdecimal, header)) else (0, 0)
    if folds < 2 or not size or len(lines) != 2 * folds * size:
        raise ValueError(f"{path}: found {' '.join(header)[:40]!r} and {len(lines)} pairs; expected a list like LFW's pairs.txt: a "
                         "line '10 300', and for each of 10 folds 300 pairs of one person and 300 of two")
    named = [_named(path, words) for words in lines]
    number = {tuple(pathlib.PurePosixPath(photo.key).with_suffix("").parts[-2:]): n for n, photo in enumerate(photos)}
    unknown = [file for pair in named for file in pair if file not in number]
    if unknown:
        raise ValueError(f"{path}: {'/'.join(unknown[0])} is not among the {len(photos)} photos, nor are {len(unknown) - 1} more "
                         f"of {2 * len(named)} photos of pairs; give the folder of the data set that the pairs are of, with files "
                         "NAME/NAME_0001.jpg")
    first, second = np.array([[number[file] for file in pair] for pair in named]).T
    same = np.array([len(words) == 3 for words in lines])
    return Pairs(first, second, same, np.arange(len(lines)) // (2 * size))


def _named(path, words):
    """Both files of a line, each as (folder, name without ending)."""
    if not (len(words) in (3, 4) and words[1].isdecimal() and words[-1].isdecimal()):
        raise ValueError(f"{path}: found the line {' '.join(words)[:80]!r}; expected NAME I J of one person, or NAME I NAME J of "
                         "two")
    name, first, *other, second = words
    return tuple((person, f"{person}_{int(number):04d}") for person, number in ((name, first), (*(other or [name]), second)))


def within(pairs, kept):
    """The pairs of which both photos are kept, by their new numbers; None, with words in the log, where too few are.

    Args:
      kept: the old numbers of the photos that are kept, in their new order.
    """
    new = {old: number for number, old in enumerate(kept)}
    left = [n for n, pair in enumerate(zip(pairs.first, pairs.second, strict=True)) if pair[0] in new and pair[1] in new]
    first, second = (np.array([new[old] for old in side[left]], int) for side in pairs[:2])
    found = Pairs(first, second, pairs.same[left], pairs.fold[left])
    if len(np.unique(found.fold)) < 2 or len(np.unique(found.same)) < 2:
        logging.warning("no verification: both photos of %d pairs are left; expected pairs of one person and of two in two folds",
                        len(left))
        return None
    return found


def draw(people, seed=0):
    """Pairs drawn as LFW's were, in ten folds that share no person, as many of one person as of two, at most 300 in each fold.

    First the people are drawn, then photos of theirs, so that nobody of whom there are hundreds decides.

    Args:
      people: [N] whose each photo is.

    Returns:
      Pairs; None, with words in the log, where fewer than ten people have two photos, or there are not twenty.
    """
    names, counts = np.unique(people, return_counts=True)
    if np.sum(counts > 1) < FOLDS or len(names) < 2 * FOLDS:
        logging.warning("no verification: %d people, %d of them with two photos or more; for ten folds %d and %d are needed",
                        len(names), np.sum(counts > 1), 2 * FOLDS, FOLDS)
        return None
    rng = np.random.default_rng(seed)
    shuffled = rng.permutation(len(names))
    # Dealt like cards, those with several photos first, so that each fold has people of both kinds.
    shuffled = shuffled[np.argsort(counts[shuffled] < 2, kind="stable")]
    rows = []
    for fold in range(FOLDS):
        photos = [np.flatnonzero(people == names[n]) for n in shuffled[fold::FOLDS]]
        same, different = (_drawn(rng, photos, alike) for alike in (True, False))
        count = min(len(same), len(different))
        rows += [(*pair, alike, fold) for alike, some in ((True, same), (False, different)) for pair in some[:count]]
    first, second, same, fold = np.array(rows).T
    return Pairs(first, second, same.astype(bool), fold)


def _drawn(rng, photos, alike):
    """Up to 300 pairs, none twice, of photos [[numbers of a person's], ...] of one person or of two."""
    photos = [some for some in photos if len(some) > 1] if alike else photos
    found = {}
    for _ in range(TRIES * DRAWN):
        if len(found) == DRAWN:
            break
        if alike:
            pair = rng.choice(photos[rng.integers(len(photos))], 2, replace=False)
        else:
            pair = [rng.choice(photos[n]) for n in rng.choice(len(photos), 2, replace=False)]
        found[tuple(sorted(map(int, pair)))] = None
    return list(found)


def _threshold(scores, same):
    """The score above which calling pairs those of one person is right most often."""
    order = np.argsort(-scores, kind="stable")
    scores, same = scores[order], same[order]
    right = np.cumsum(np.where(same, 1, -1))  # of so many more than if none were accepted
    steps = np.flatnonzero(np.diff(scores, append=-np.inf))  # equal scores are accepted together
    best = steps[np.argmax(right[steps])]
    if right[best] < 0:
        return scores[0]
    following = scores[best + 1] if best + 1 < len(scores) else scores[best] - 1.
    return (scores[best] + following) / 2.
