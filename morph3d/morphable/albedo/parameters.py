"""The parameters of a painted face, and how much people differ in each.

Lengths are mm on the canonical face, shades are nats of reflectance (positive is darker), coverages go from 0 to 1.
"""
from types import SimpleNamespace
from typing import NamedTuple

import numpy as np


class Parameter(NamedTuple):
    """The normal distribution of a parameter over people, cut off at `low` and `high`."""
    center: float
    spread: float  # one standard deviation over people
    low: float = -np.inf
    high: float = np.inf


def _part(spread):
    return Parameter(0., spread)


PARAMETERS = {
    # Skin: natural logarithms of concentrations.
    "melanin": Parameter(np.log(.014), .70, np.log(.001), np.log(.25)), "blood": Parameter(np.log(.0255), .36),
    "carotene": Parameter(.47, .14, 0., 1.),
    # Hair pigments; eumelanin is a logarithm.
    "hair_eumelanin": Parameter(np.log(4.5), .9, np.log(.1), np.log(12.)),
    "hair_pheomelanin": Parameter(.25, .35, 0., 2.), "hair_gray": Parameter(-.25, .36, 0., 1.),
    "brow_eumelanin": _part(.45), "beard_eumelanin": _part(.35),
    # Brows: coverage 0..1, mm, the logarithm of the thickness, and coverage of their parts.
    "brow_density": Parameter(.75, .25, .05, 1.), "brow_height": _part(.5), "brow_arch": _part(.75), "brow_thickness": _part(.26),
    "brow_inner": _part(.28), "brow_middle": _part(.22), "brow_tail": _part(.28),
    # Eyes.
    "iris_melanin": Parameter(1.7, 1., 0., 3.5), "iris_brightness": _part(.25), "sclera_brightness": _part(.12),
    "sclera_blood": Parameter(.0012, .0008, 0., .01), "limbus": Parameter(.5, .25, 0., 1.),
    # Lids: shade and pigments.
    "upper_lashes": Parameter(.80, .28, 0., 1.2), "lower_lashes": Parameter(.28, .14, 0., .8),
    "lid_shadow": Parameter(.12, .14), "lid_blood": _part(.20), "rim_blood": Parameter(.5, .2), "lid_crease": Parameter(.30, .20),
    "socket_shade": Parameter(.08, .14), "inner_socket": Parameter(.15, .12), "dark_circles": Parameter(.20, .20),
    "eye_bags": Parameter(.06, .08),
    # Lips.
    "lip_blood": Parameter(1.5, .4), "lip_melanin": Parameter(.42, .40), "lip_shade": _part(.16),
    "upper_lip_shade": Parameter(.14, .10), "mouth_line": Parameter(.9, .28, 0., 2.), "mouth_corners": Parameter(.3, .12),
    # Beard: stubble, of which women have next to none; coverage 0..1, parts relative to the whole. A full beard is a rare thing
    # on one side of the mean, which a linear model would answer with as many pale chins.
    "beard": Parameter(.17, .13, 0., .6), "mustache": _part(.22), "goatee": _part(.22), "jaw_beard": _part(.22),
    "cheek_beard": Parameter(-.35, .2),
    # Blood, in logarithms: in photographs a forehead is 3 (a*) less red than the cheeks, nose and chin are as red.
    "blush": Parameter(.35, .28), "nose_blood": Parameter(.32, .18), "chin_blood": Parameter(.3, .15),
    "forehead_blood": Parameter(-.10, .15), "ear_blood": Parameter(.4, .2),
    # Shade: folds and hollows.
    "nostrils": Parameter(1.7, .3, 0., 3.), "nose_sides": Parameter(.06, .12), "nose_base": Parameter(.16, .14),
    "nose_ridge": _part(.10), "alar_crease": Parameter(.12, .10), "philtrum": Parameter(.06, .08),
    "nasolabial": Parameter(.10, .13), "marionette": Parameter(.05, .08), "chin_crease": Parameter(.14, .13),
    "glabella": Parameter(.05, .08), "brow_bone": _part(.07), "tear_trough": Parameter(.05, .09), "crows_feet": Parameter(.02, .07),
    "cheek_hollows": Parameter(.07, .13), "cheekbones": _part(.13), "temples": Parameter(.05, .12),
    "jaw_shade": Parameter(.13, .13), "neck_shade": Parameter(.25, .13), "forehead_shade": _part(.11), "chin_shade": _part(.10),
    # Scalp: coverage 0..1, and of bands along the hairline.
    "hair_density": Parameter(.93, .06, 0., 1.), "hair_gloss": _part(.12), "hair_front": _part(.11), "hair_temples": _part(.13),
    "sideburns": Parameter(.25, .14),
}
# Smooth spots that span what no name covers: (x, y, width) in mm, and one standard deviation of shade, of log blood.
SPOTS = ((0., 55., 16.), (28., 52., 16.), (50., 38., 14.), (0., 28., 9.), (30., 15., 8.), (62., 8., 12.), (0., 0., 7.),
         (15., -18., 8.), (32., -18., 10.), (52., -20., 13.), (0., -28., 8.), (16., -36., 7.), (36., -42., 11.),
         (58., -48., 13.), (12., -54., 6.), (34., -66., 10.), (52., -76., 12.), (0., -90., 9.), (22., -92., 10.),
         (13., 2., 6.))
SPOT_SHADE, SPOT_BLOOD, SIDE_SHADE = .070, .12, .040
PARAMETERS |= {f"shade_{i}": _part(SPOT_SHADE) for i in range(len(SPOTS))}
PARAMETERS |= {f"blood_{i}": _part(SPOT_BLOOD) for i in range(0, len(SPOTS), 3)}
# Left-right differences, which a face has few of: uneven spots (brighter right, darker left).
PARAMETERS |= {f"side_{i}": _part(SIDE_SHADE) for i in range(1, len(SPOTS), 2) if SPOTS[i][0] > 0.}
ASYMMETRIC = tuple(name for name in PARAMETERS if name.startswith("side_"))


def values(scores):
    """Standard scores {name: number} -> parameter values; a name that is missing is at its center."""
    return SimpleNamespace(**{name: float(np.clip(p.center + p.spread * scores.get(name, 0.), p.low, p.high))
                              for name, p in PARAMETERS.items()})
