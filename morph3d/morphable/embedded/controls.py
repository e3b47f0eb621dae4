"""The controls of a human head: what sex, age, ancestry, muscle and weight make of it, and details, each between two targets."""
import itertools
from typing import NamedTuple

import numpy as np

from morph3d.morphable.embedded import human_head

ANCESTRIES, SEXES, AGES = ("african", "asian", "caucasian"), ("female", "male"), ("young", "old")
OPPOSITES = {"incr": "decr", "up": "down", "out": "in", "forward": "backward", "convex": "concave", "uncompress": "compress",
             "pointed": "triangle", "square": "round", "oval": "rectangular",
             "invertedtriangular": "triangular", "l": "r"}  # how the names of a control's two targets end
# mm, one standard deviation of the largest displacement that details of a group make.
AMPLITUDES = dict(nose=1.4, eyes=.85, mouth=1.1, chin=1.7, cheek=1.5, ears=1.5, forehead=1.2, head=1.8, neck=3., eyebrows=1.8,
                  asym=.6)
LEAST, MOST = .02, .35  # of a target, for one standard deviation
SIDEWAYS = "asym/", "nose/nose-trans-out", "mouth/mouth-trans-out"  # controls that make a face uneven
LEFT_OUT = "eye-push",  # they take the lids off the eyeball
# What shapes skin and form; to follow measures with it would crease and square the head.
FORM = ("laugh-lines", "dimples", "temple", "nubian", "square", "oval", "triangular", "cleft", "double", "eye-bag", "angles",
        "trans-forward", "ear-wing", "ear-flap", "ear-rot")


class Detail(NamedTuple):
    """A control of both sides: weights above zero add so much of the first targets, those below of the second."""
    more: tuple  # names, of one target or of those of the right and the left side
    less: tuple
    deviation: float  # of its weights over people
    measured: bool  # whether heads may follow their measures with it


def macro_names():
    """The targets of `macro_weights`, in its order; those that the head has."""
    return [name for name, _ in _macro(np.zeros([1, 3]), *np.zeros([4, 1]))]


def macro_weights(ancestry, male, old, muscle, weight):
    """[N, K]: how much people have of the targets `macro_names`.

    Args:
      ancestry: [N, 3], shares of ANCESTRIES.
      male, old, muscle, weight: [N] each, in 0..1; muscle and weight are average at .5.
    """
    return np.stack([values for _, values in _macro(ancestry, male, old, muscle, weight)], 1)


def _macro(ancestry, male, old, muscle, weight):
    shares = {"female": 1. - male, "male": male, "young": 1. - old, "old": old, **dict(zip(ANCESTRIES, ancestry.T, strict=True))}
    for name, value in (("muscle", muscle), ("weight", weight)):
        low, high = np.maximum(1. - 2. * value, 0.), np.maximum(2. * value - 1., 0.)
        shares |= {f"min{name}": low, f"max{name}": high, f"average{name}": 1. - low - high}
    people = itertools.product(ANCESTRIES, SEXES, AGES)
    builds = itertools.product(("universal",), SEXES, AGES, *([f"{size}{name}" for size in ("min", "average", "max")]
                                                             for name in ("muscle", "weight")))
    known = human_head.read().targets
    for words in itertools.chain(people, builds):
        name = "macrodetails/" + "-".join(words)
        if name in known:
            yield name, np.prod([shares[word] for word in words if word != "universal"], axis=0)


def details():
    """The Details of the head, in the order of their targets' names."""
    targets, found, done = human_head.read().targets, [], set()
    for name in sorted(targets):
        group, _, stem = name.partition("/")
        if group not in AMPLITUDES or name in done or stem.startswith("l-") or any(word in name for word in LEFT_OUT):
            continue
        more, less = name, _opposite(name, targets)
        if less is None:  # one that can only be added would move the mean
            continue
        if name.rpartition("-")[2] not in OPPOSITES:
            more, less = less, more
        done |= {more, less}
        uneven = more.startswith(SIDEWAYS)
        largest = max(np.linalg.norm(targets[each][1], axis=1).max() for each in (more, less))
        deviation = np.clip(AMPLITUDES["asym" if uneven else group] / largest, LEAST, MOST)
        found.append(Detail(_both_sides(more), _both_sides(less), float(deviation),
                            not uneven and not any(word in more for word in FORM)))
    return found


def _both_sides(name):
    return (name, name.replace("/r-", "/l-")) if "/r-" in name else (name,)


def _opposite(name, targets):
    stem, _, end = name.rpartition("-")
    ends = OPPOSITES | {low: high for high, low in OPPOSITES.items()}
    opposite = f"{stem}-{ends.get(end)}"
    return opposite if opposite in targets else None


def fields(names):
    """[cage, 3] mm: what targets make together. Eyeballs grow with their lids, of which the published targets take no notice."""
    head = human_head.read()
    field = head.dense(names).sum(0)
    for name in names:
        if "eye-scale" in name:
            eye, socket = (head.quads[head.parts[("right_" if "/r-" in name else "left_") + part]] for part in ("eye", "socket"))
            center = head.vertices[np.unique(eye)].mean(0)
            lids = np.unique(socket)
            away = head.vertices[lids, :2] - center[:2]
            grown = (away * field[lids, :2]).sum() / (away**2).sum()
            field[np.unique(eye)] = grown * (head.vertices[np.unique(eye)] - center)
    return field
