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
    "carotene": Parameter(.45, .095, 0., 1.),
    # Hair pigments; eumelanin is a logarithm.
    "hair_eumelanin": Parameter(np.log(4.5), .9, np.log(.1), np.log(12.)),
    "hair_pheomelanin": Parameter(.25, .35, 0., 2.), "hair_gray": Parameter(-.25, .36, 0., 1.),
    "brow_eumelanin": _part(.35), "beard_eumelanin": _part(.35),
    # Brows: coverage 0..1, mm, and coverage of their parts.
    "brow_density": Parameter(.80, .24, .05, 1.), "brow_height": _part(1.7),
    "brow_thickness": Parameter(3.6, 1.2, 1.4, 9.), "brow_length": _part(.08), "brow_gap": _part(.11),
    "brow_arch": _part(1.6), "brow_tilt": _part(1.6), "brow_inner": _part(.20), "brow_middle": _part(.15),
    "brow_tail": _part(.20), "brow_taper": Parameter(.55, .2, 0., .95), "brow_softness": Parameter(2., .5, .6, 3.),
    "brow_monobrow": Parameter(0., .12, 0., .6),
    # Eyes.
    "iris_melanin": Parameter(1.7, 1., 0., 3.5), "iris_brightness": _part(.25), "sclera_brightness": _part(.12),
    "sclera_blood": Parameter(.0012, .0008, 0., .01), "limbus": Parameter(.5, .25, 0., 1.),
    # Lids: shade and pigments.
    "upper_lashes": Parameter(.85, .42, 0., 2.), "lower_lashes": Parameter(.30, .2, 0., 1.2),
    "lash_width": Parameter(1.1, .25, .6, 2.5), "lid_shadow": Parameter(.10, .2), "lid_blood": _part(.25),
    "lid_crease": Parameter(.35, .26), "crease_height": Parameter(6.5, 1.8, 3.5, 11.),
    "socket_shade": Parameter(.12, .18), "inner_socket": Parameter(.15, .12), "dark_circles": Parameter(.22, .27),
    "eye_bags": Parameter(.08, .1),
    # Lips.
    "lip_blood": Parameter(1.5, .4), "lip_melanin": Parameter(.42, .40), "lip_shade": _part(.18),
    "upper_lip_shade": Parameter(.14, .12), "lip_edge": Parameter(0., .7, -3., 3.), "upper_lip_edge": _part(.5),
    "lower_lip_edge": _part(.5), "mouth_line": Parameter(.9, .3, 0., 2.), "mouth_corners": Parameter(.2, .15),
    "lip_contour": _part(.12),
    # Beard, coverage 0..1; parts relative to the whole.
    "beard": Parameter(.04, .34, 0., 1.), "mustache": _part(.4), "goatee": _part(.4), "soul_patch": _part(.4),
    "jaw_beard": _part(.45), "cheek_beard": Parameter(-.35, .35), "sideburns": Parameter(.15, .25, 0., 1.),
    # Blood, in logarithms: in photographs a forehead is 3 (a*) less red than the cheeks, nose and chin are as red.
    "blush": Parameter(.35, .28), "nose_blood": Parameter(.32, .18), "chin_blood": Parameter(.3, .15),
    "forehead_blood": Parameter(-.10, .15), "ear_blood": Parameter(.4, .2),
    # Shade: folds and hollows.
    "nostrils": Parameter(.9, .25, 0., 2.), "nose_sides": Parameter(.05, .10), "nose_base": Parameter(.18, .12),
    "nose_ridge": _part(.08), "philtrum": Parameter(.06, .07), "nasolabial": Parameter(.10, .12),
    "marionette": Parameter(.04, .08), "chin_crease": Parameter(.14, .10), "forehead_wrinkles": Parameter(.04, .08),
    "glabella": Parameter(.06, .09), "crows_feet": Parameter(.02, .06), "cheek_hollows": Parameter(.06, .17),
    "cheekbones": _part(.12), "temples": Parameter(.05, .10), "jaw_shade": Parameter(.20, .15),
    "neck_shade": Parameter(.30, .15), "forehead_shade": _part(.10), "chin_shade": _part(.09),
    # Scalp.
    "hair_density": Parameter(.93, .12, 0., 1.), "hairline": _part(3.), "temple_recession": Parameter(2., 4.),
    "widows_peak": _part(2.5), "crown": Parameter(.02, .12), "fringe": Parameter(-3., 6.),
    "long_hair": Parameter(-.05, .40, 0., 1.), "hair_gloss": _part(.15),
}
# Smooth spots that span what no name covers: (x, y, width) in mm, and one standard deviation of shade, of log blood.
SPOTS = ((0., 55., 16.), (28., 52., 16.), (50., 38., 14.), (0., 28., 9.), (30., 15., 8.), (62., 8., 12.), (0., 0., 7.),
         (15., -18., 8.), (32., -18., 10.), (52., -20., 13.), (0., -28., 8.), (16., -36., 7.), (36., -42., 11.),
         (58., -48., 13.), (12., -54., 6.), (34., -66., 10.), (52., -76., 12.), (0., -90., 9.), (22., -92., 10.),
         (13., 2., 6.))
SPOT_SHADE, SPOT_BLOOD, SIDE_SHADE = .075, .12, .05
PARAMETERS |= {f"shade_{i}": _part(SPOT_SHADE) for i in range(len(SPOTS))}
PARAMETERS |= {f"blood_{i}": _part(SPOT_BLOOD) for i in range(0, len(SPOTS), 3)}
# Left-right differences, which a face has few of: uneven spots (brighter right, darker left) and the sweep of the hair.
PARAMETERS |= {f"side_{i}": _part(SIDE_SHADE) for i in range(1, len(SPOTS), 2) if SPOTS[i][0] > 0.}
PARAMETERS["parting"] = _part(3.)
ASYMMETRIC = tuple(name for name in PARAMETERS if name.startswith("side_") or name == "parting")


def values(scores):
    """Standard scores {name: number} -> parameter values; a name that is missing is at its center."""
    return SimpleNamespace(**{name: float(np.clip(p.center + p.spread * scores.get(name, 0.), p.low, p.high))
                              for name, p in PARAMETERS.items()})
