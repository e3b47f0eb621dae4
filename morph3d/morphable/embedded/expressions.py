"""Expressions: ARKit's face units of the human head, and random acts of them that the expression modes are computed from."""
import numpy as np

from morph3d.morphable.embedded import human_head
from morph3d.morphable.embedded.relief import centers_of

OFTEN = .15  # how often a unit is in an act, but for these
MORE_OFTEN = dict(jawOpen=.35, mouthSmileLeft=.35, eyeBlinkLeft=.25, browInnerUp=.25, browDownLeft=.25, eyeSquintLeft=.25)
CORRECTIVE = "mouthClose"  # it takes the lips together while the jaw is open, and is no act of its own
STRENGTH, STRONGEST = .15, 1.  # the deviation of the strengths, which are one-sided normal, and the largest
SIDES_APART = .25  # how much the sides differ
GAZE = .3  # the deviation of how far the eyes look aside and up, of the units that turn them
OWN_WAY, OWN_SCALE = .3, 30.  # how much stronger or weaker acts are from place to place, as people differ; mm of likeness


def units(scale):
    """{ARKit's name: [cage, 3] mm}: what a unit at full strength does to the cage of a head `scale` times as large as published."""
    head = human_head.read()
    names = [name for name in head.targets if name.startswith("faceunits/")]
    return dict(zip((name.partition("/")[2] for name in names), scale * head.dense(names), strict=True))


def draw(displacements, neutral, count, random):
    """Random acts of the units {name: displacements [cage, 3]} on the neutral cage [cage, 3]: [count, cage, 3] mm.

    The 51 units alone would span no more than 51 modes. But people differ in how they smile: units of the whole face are stronger
    on one side, and all of them smoothly stronger or weaker from place to place.
    """
    side = np.tanh(neutral[:, :1] / 12.)
    centers = centers_of(neutral, OWN_SCALE)
    kernel = np.exp(-((neutral[:, None] - centers)**2).sum(-1) / (2. * OWN_SCALE**2))
    kernel /= np.linalg.norm(kernel, axis=1, keepdims=True)
    acts = np.zeros([count, *neutral.shape], np.float32)
    for act in acts:
        for name, strength in _strengths(list(displacements), random).items():
            way = 1. + OWN_WAY * kernel @ random.standard_normal([len(centers), 1])
            if not name.endswith(("Left", "Right")):
                way = way * (1. + SIDES_APART * random.standard_normal() * side)
            act += strength * (1. if name.startswith("eyeLook") else way) * displacements[name]
    return acts


def _strengths(names, random):
    """{unit: strength} of the units of a random act."""
    aside, up = GAZE * random.standard_normal(2)
    found = _opposite(aside, "eyeLookOutLeft", "eyeLookInLeft") | _opposite(aside, "eyeLookInRight", "eyeLookOutRight") | \
        _opposite(up, "eyeLookUpLeft", "eyeLookDownLeft") | _opposite(up, "eyeLookUpRight", "eyeLookDownRight")
    for name in names:
        if name.startswith("eyeLook") or name.endswith("Right") or name == CORRECTIVE:
            continue
        if random.random() > MORE_OFTEN.get(name, OFTEN):
            continue
        strength, apart = STRENGTH * random.standard_normal(), SIDES_APART * random.standard_normal()
        right = name.replace("Left", "Right")
        if name in ("jawLeft", "mouthLeft"):
            found |= _opposite(strength, name, right)
        elif right != name:
            found |= {name: abs(strength) * (1. + apart), right: abs(strength) * (1. - apart)}
        else:
            found[name] = abs(strength)
    return {name: min(strength, STRONGEST) for name, strength in found.items()}


def _opposite(strength, more, less):
    return {more if strength > 0. else less: abs(strength)}
