"""The painter: named facial colour parameters -> a coloured face.

Skin is pigment (melanin and blood fields) and shade; hair, lips and eyes lie over it. Every parameter is a number around its
centre; `PARAMETERS` says how much people differ.
"""
from types import SimpleNamespace
from typing import NamedTuple

import numpy as np

from . import pigments
from .masks import bump, line, smoothstep, spot
from .regions import Regions


class Parameter(NamedTuple):
    center: float
    spread: float  # one standard deviation over people
    low: float = -np.inf
    high: float = np.inf


def _part(spread):
    return Parameter(0., spread)


PARAMETERS = {
    # Skin: natural logarithms of concentrations.
    "melanin": Parameter(np.log(.055), .80, np.log(.008), np.log(.40)), "blood": Parameter(np.log(.02), .22),
    "carotene": Parameter(.22, .10, .05, .6),
    # Hair pigments; eumelanin is a logarithm.
    "hair_eumelanin": Parameter(np.log(3.), .9, np.log(.1), np.log(12.)), "hair_pheomelanin": Parameter(.25, .35, 0., 2.),
    "hair_grey": Parameter(-.15, .35, 0., 1.), "brow_eumelanin": _part(.35), "beard_eumelanin": _part(.35),
    # Brows: coverage 0..1, mm, and coverage of their parts.
    "brow_density": Parameter(.72, .20, .05, 1.), "brow_height": _part(1.8), "brow_thickness": Parameter(3.6, 1.1, 1.4, 9.),
    "brow_length": _part(.08), "brow_gap": _part(.09), "brow_arch": _part(1.5), "brow_tilt": _part(1.5),
    "brow_inner": _part(.20), "brow_middle": _part(.15), "brow_tail": _part(.20), "brow_taper": Parameter(.55, .2, 0., .95),
    "brow_softness": Parameter(1.5, .5, .6, 3.), "brow_monobrow": Parameter(0., .12, 0., .6),
    # Eyes.
    "iris_melanin": Parameter(1.4, .9, 0., 3.5), "iris_brightness": _part(.25), "sclera_brightness": _part(.12),
    "sclera_blood": Parameter(.0012, .0008, 0., .01), "limbus": Parameter(.5, .25, 0., 1.),
    # Lids: shade and pigments.
    "upper_lashes": Parameter(.75, .35, 0., 2.), "lower_lashes": Parameter(.30, .2, 0., 1.2), "lash_width": Parameter(1.1, .25, .6, 2.5),
    "lid_shadow": Parameter(.10, .16), "lid_blood": _part(.25), "lid_crease": Parameter(.35, .2), "crease_height": Parameter(6.5, 1.5, 3.5, 11.),
    "socket_shade": Parameter(.12, .14), "inner_socket": Parameter(.15, .12), "dark_circles": Parameter(.22, .22), "eye_bags": Parameter(.08, .1),
    # Lips.
    "lip_blood": Parameter(1.55, .32), "lip_melanin": Parameter(.25, .35), "lip_shade": _part(.14), "upper_lip_shade": Parameter(.14, .12),
    "lip_edge": Parameter(0., .9, -3., 3.), "upper_lip_edge": _part(.8), "lower_lip_edge": _part(.8), "mouth_line": Parameter(.9, .3, 0., 2.),
    "mouth_corners": Parameter(.2, .15), "lip_contour": _part(.12),
    # Beard, coverage 0..1; parts relative to the whole.
    "beard": Parameter(.04, .34, 0., 1.), "moustache": _part(.4), "goatee": _part(.4), "soul_patch": _part(.4), "jaw_beard": _part(.45),
    "cheek_beard": Parameter(-.35, .35), "sideburns": Parameter(.15, .25, 0., 1.),
    # Blood, in logarithms.
    "blush": Parameter(.25, .25), "nose_blood": Parameter(.30, .25), "chin_blood": Parameter(.08, .15), "forehead_blood": _part(.15),
    "ear_blood": Parameter(.3, .2),
    # Shade: folds and hollows.
    "nostrils": Parameter(.9, .25, 0., 2.), "nose_sides": Parameter(.05, .10), "nose_base": Parameter(.18, .12), "nose_ridge": _part(.08),
    "philtrum": Parameter(.06, .07), "nasolabial": Parameter(.10, .12), "marionette": Parameter(.04, .08), "chin_crease": Parameter(.14, .10),
    "forehead_wrinkles": Parameter(.04, .08), "glabella": Parameter(.06, .09), "crows_feet": Parameter(.02, .06),
    "cheek_hollows": Parameter(.06, .13), "cheekbones": _part(.09), "temples": Parameter(.05, .10), "jaw_shade": Parameter(.20, .15),
    "neck_shade": Parameter(.30, .15), "forehead_shade": _part(.10), "chin_shade": _part(.09),
    # Scalp.
    "hair_density": Parameter(.93, .12, 0., 1.), "hairline": _part(9.), "temple_recession": Parameter(2., 9.), "widows_peak": _part(3.),
    "crown": Parameter(.02, .12), "fringe": Parameter(-6., 20.), "long_hair": Parameter(-.05, .40, 0., 1.), "hair_gloss": _part(.15),
}
# Smooth spots that span what no name covers: (x, y, width) in mm, and one standard deviation of shade, of log blood.
SPOTS = [(0., 55., 16.), (28., 52., 16.), (50., 38., 14.), (0., 28., 9.), (30., 15., 8.), (62., 8., 12.), (0., 0., 7.), (15., -18., 8.),
         (32., -18., 10.), (52., -20., 13.), (0., -28., 8.), (16., -36., 7.), (36., -42., 11.), (58., -48., 13.), (12., -54., 6.),
         (34., -66., 10.), (52., -76., 12.), (0., -90., 9.), (22., -92., 10.), (13., 2., 6.)]
SPOT_SHADE, SPOT_BLOOD, SIDE_SHADE = .06, .10, .05
for _number in range(len(SPOTS)):
    PARAMETERS[f"shade_{_number}"] = _part(SPOT_SHADE)
for _number in range(0, len(SPOTS), 3):
    PARAMETERS[f"blood_{_number}"] = _part(SPOT_BLOOD)
# Left-right differences, which a face has few of: uneven spots and the sweep of the hair.
ASYMMETRIC = tuple(f"side_{_number}" for _number in range(1, len(SPOTS), 3)) + ("parting",)
for _name in ASYMMETRIC:
    PARAMETERS[_name] = Parameter(0., 10.) if _name == "parting" else _part(SIDE_SHADE)


def values(scores):
    """Standard scores {name: number} -> parameter values; a name that is missing is at its centre."""
    return SimpleNamespace(**{name: float(np.clip(p.center + p.spread * scores.get(name, 0.), p.low, p.high))
                              for name, p in PARAMETERS.items()})


class Painter:
    """Paints one mesh: `painter(values)` -> [V, 3] sRGB in 0..1."""

    def __init__(self, regions: Regions):
        self.regions = regions
        self.fields = _fixed_fields(regions)

    def __call__(self, p):
        r, f = self.regions, self.fields
        linear = _skin(r, f, p)
        linear = _over(linear, *_beard(r, f, p))
        linear = _over(linear, *_brows(r, p))
        linear = _over(linear, *_lashes(r, p))
        linear = _over(linear, *_scalp(r, f, p))
        linear = _over(linear, _eye(r, p), r.eye)
        linear = _over(linear, pigments.skin(.01, .25, .1) * .35, r.mouth)
        return np.clip(pigments.encode(linear), 0., 1.).astype(np.float32)


def _over(below, color, coverage):
    return below + coverage[:, None] * (color - below)


def _fixed_fields(r):
    """The shapes [V] that parameters only weigh."""
    face = r.face
    f = SimpleNamespace()
    f.spots = [spot(face, *where) for where in SPOTS]
    f.side = np.tanh(face.across / 12.)
    blood, shade = f.blood, f.shade = {}, {}
    blood["blush"] = spot(face, 40., -30., 15., 12.)
    blood["nose_blood"] = spot(face, 0., -32., 10., 9.) + spot(face, 12., -36., 5.)
    blood["chin_blood"] = spot(face, 0., -95., 13., 9.)
    blood["forehead_blood"] = spot(face, 0., 50., 40., 18.)
    blood["ear_blood"] = r.ear
    above = np.maximum(r.upper_lid.across, 0.)
    within = smoothstep(-.25, .05, r.upper_lid.along) * smoothstep(1.25, .95, r.upper_lid.along) * r.front
    lid = smoothstep(-1., 1., r.upper_lid.across) * smoothstep(11., 7., above) * within
    shade["lid_shadow"] = blood["lid_blood"] = lid
    below = -r.lower_lid.across
    under = smoothstep(-.2, .1, r.lower_lid.along) * smoothstep(1.2, .8, r.lower_lid.along) * r.front
    f.circles = bump(below - 6., 4.5) * (below > 0.) * under * (1.2 - .5 * r.lower_lid.along)
    shade["eye_bags"] = bump(below - 12., 2.2) * under * smoothstep(1.2, .4, r.lower_lid.along)
    shade["socket_shade"] = spot(face, 31., 8., 14., 9.)
    shade["inner_socket"] = spot(face, 13., 5., 5., 8.)
    shade["mouth_corners"] = spot(face, 27., -69., 3.)
    shade["lip_contour"] = bump(r.lips + 2., 1.3)
    down = smoothstep(.2, -.5, face.upward)
    shade["nostrils"] = spot(face, 6.5, -43., 3.6, 3.) * (.35 + .65 * down)
    shade["nose_sides"] = line(face, [(10., 2.), (10., -12.), (13., -26.)], 4.)
    shade["nose_base"] = bump(face.y + 47., 3.) * bump(face.x, 11.) * r.front
    shade["nose_ridge"] = bump(face.x, 4.) * smoothstep(8., 0., face.y) * smoothstep(-34., -26., face.y) * r.front
    shade["philtrum"] = bump(face.x, 2.6) * smoothstep(-60., -57., face.y) * smoothstep(-46., -49., face.y) * r.front
    shade["nasolabial"] = line(face, [(16., -36.), (24., -46.), (31., -58.), (34., -70.)], 2.6)
    shade["marionette"] = line(face, [(28., -71.), (30., -80.), (30., -90.)], 2.6)
    shade["chin_crease"] = line(face, [(-16., -87.), (0., -85.), (16., -87.)], 2.8)
    shade["forehead_wrinkles"] = sum(line(face, [(-42., y - 2.), (0., y), (42., y - 2.)], 1.8) for y in (42., 51., 60.))
    shade["glabella"] = line(face, [(5., 14.), (5.5, 28.)], 1.8) + line(face, [(-8., 6.), (8., 6.)], 1.8)
    shade["crows_feet"] = sum(line(face, [(50., y0), (62., y1)], 1.5) for y0, y1 in ((2., 6.), (-1., -1.), (-4., -8.)))
    shade["cheek_hollows"] = spot(face, 50., -52., 11., 15.)
    shade["cheekbones"] = -spot(face, 48., -16., 14., 7.)
    shade["temples"] = spot(face, 66., 22., 10., 16.)
    shade["jaw_shade"] = bump(r.jaw.across + 4., 8.) * smoothstep(1.4, 1.1, r.jaw.along) * r.front * (face.y < 0.)
    shade["neck_shade"] = smoothstep(-108., -122., face.y + .35 * (face.z - 10.)) * smoothstep(-10., -35., face.z)
    shade["forehead_shade"] = spot(face, 0., 52., 45., 16.)
    shade["chin_shade"] = spot(face, 0., -97., 14., 9.)
    skin_only = (1. - r.eye) * (1. - r.mouth)
    f.occlusion = .22 * np.maximum(-face.upward, 0.) * skin_only + .35 * r.ear * smoothstep(.6, 0., face.facing)
    f.moustache, f.goatee, f.jaw_beard, f.cheek_beard, f.soul_patch = _beard_parts(r)
    f.crown = smoothstep(30., 90., r.hairline) * smoothstep(150., 60., face.azimuth)
    f.strands = 1. + .10 * np.sin(face.across * .9 + 2. * np.sin(face.z * .11)) * np.sin(.07 * face.z + 1.)
    return f


def _beard_parts(r):
    """Moustache, chin, jaw and cheeks [V] each, together 1 where a man's beard grows; and the patch under the lower lip."""
    face = r.face
    edge = np.interp(face.x, [0., 14., 22., 34., 50., 62., 72.], [-45., -46., -54., -60., -54., -40., -14.]).astype(np.float32)
    grows = smoothstep(4., -7., face.y - edge) * smoothstep(-136., -118., face.y) * smoothstep(90., 80., face.azimuth)
    grows *= r.front * (1. - r.ear)
    above_mouth = smoothstep(-73., -66., face.y)
    moustache = above_mouth * smoothstep(38., 27., face.x)
    goatee = (1. - above_mouth) * smoothstep(38., 24., face.x)
    rest = 1. - moustache - goatee
    low = smoothstep(30., 10., r.jaw.across)
    return (grows * moustache, grows * goatee, grows * rest * low, grows * rest * (1. - low),
            bump(face.x, 5.) * bump(face.y + 82., 4.) * r.front)


def _skin(r, f, p):
    """Skin and lips, linear [V, 3]."""
    face = r.face
    blood = p.blood + sum(getattr(p, name) * field for name, field in f.blood.items())
    shade = f.occlusion + sum(getattr(p, name) * field for name, field in f.shade.items())
    for number, field in enumerate(f.spots):
        shade += getattr(p, f"shade_{number}") * field
        blood += getattr(p, f"blood_{number}", 0.) * field
        shade += getattr(p, f"side_{number}", 0.) * field * f.side
    melanin = p.melanin + .9 * p.dark_circles * f.circles
    blood += 1.3 * p.dark_circles * f.circles
    edge = p.lip_edge + np.where(face.y > -67., p.upper_lip_edge, p.lower_lip_edge)
    lips = smoothstep(-1.1, 1.1, r.lips + edge) * r.front * smoothstep(-30., -22., face.z)
    melanin = melanin + lips * (p.lip_melanin - .15 * (p.melanin - PARAMETERS["melanin"].center))
    blood += lips * p.lip_blood
    shade += lips * (p.lip_shade + p.upper_lip_shade * r.upper_lip) + p.mouth_line * r.mouth_line
    shade += _crease(r, p)
    return pigments.skin(np.exp(melanin), np.exp(np.minimum(blood, -1.4)), p.carotene) * np.exp(-shade)[:, None]


def _crease(r, p):
    """The fold of the upper lid."""
    along, across = r.upper_lid
    return p.lid_crease * bump(across - p.crease_height * (.75 + .35 * along), 1.1) * smoothstep(-.15, .15, along) * \
        smoothstep(1.2, .9, along) * r.front


def _brows(r, p):
    """Colour [3] and coverage [V]: a band of hairs along the brow, each quarter with its own density."""
    along, across = r.brow
    start, end = -.04 + p.brow_gap, 1.04 + p.brow_length
    s = (along - start) / (end - start)
    t = across - p.brow_height - p.brow_arch * (bump(s - .65, .2) - .4) - p.brow_tilt * (s - .5) * 2.
    half = p.brow_thickness * (1. - p.brow_taper * smoothstep(.45, 1.05, s)) * (.8 + .2 * smoothstep(-.05, .2, s))
    density = p.brow_density + p.brow_inner * bump(s, .18) + p.brow_middle * bump(s - .5, .2) + p.brow_tail * bump(s - .95, .2)
    body = smoothstep(half + p.brow_softness, half - p.brow_softness, np.abs(t))
    ends = smoothstep(-.06, .12, s) * smoothstep(1.06, .85, s)
    middle = p.brow_monobrow * bump(r.face.x, 8.) * bump(r.face.y - 22. - p.brow_height, p.brow_thickness)
    coverage = np.clip(np.clip(density, 0., 1.) * body * ends + middle, 0., .97) * (r.front * (1. - r.eye))
    color = pigments.hair(np.exp(p.hair_eumelanin + p.brow_eumelanin + .3), p.hair_pheomelanin, .6 * p.hair_grey)
    return color, coverage


def _lashes(r, p):
    """Near-black lines on the edges of the lids."""
    upper, lower = r.upper_lid, r.lower_lid
    top = bump(upper.across - .4, p.lash_width) * smoothstep(-.1, .25, upper.along) * smoothstep(1.15, .95, upper.along)
    bottom = bump(lower.across + .3, .8 * p.lash_width) * smoothstep(0., .4, lower.along) * smoothstep(1.12, .9, lower.along)
    coverage = np.clip(p.upper_lashes * top + p.lower_lashes * bottom, 0., .95) * r.front * (1. - r.eye)
    return pigments.hair(np.exp(.6 * p.hair_eumelanin + 1.2), .1, 0.), coverage


def _beard(r, f, p):
    """Colour [3] and coverage [V]: stubble to full beard, each part with its own density."""
    whole = p.beard
    parts = ((p.moustache, f.moustache), (p.goatee, f.goatee), (p.jaw_beard, f.jaw_beard), (p.cheek_beard, f.cheek_beard))
    coverage = sum(np.clip(whole * (1. + part), 0., 1.) * field for part, field in parts)
    coverage = coverage + np.clip(whole * p.soul_patch, -.2, .4) * f.soul_patch
    color = pigments.hair(np.exp(p.hair_eumelanin + p.beard_eumelanin), p.hair_pheomelanin, p.hair_grey)
    return color, np.clip(coverage, 0., .92) * smoothstep(1., -1.2, r.lips)


def _scalp(r, f, p):
    """Colour [V, 3] and coverage [V] of the hair of the head: behind the hairline, sideburns, fringe and long hair."""
    face = r.face
    height = r.hairline - p.hairline * smoothstep(85., 60., face.azimuth) - p.temple_recession * bump(face.azimuth - 38., 12.)
    height = height + p.widows_peak * bump(face.across, 9.)
    drop = np.maximum(p.fringe, 0.) + p.parting * np.tanh(face.across / 25.) * smoothstep(-10., 10., p.fringe)
    height = height + drop * smoothstep(62., 48., face.azimuth)
    top = p.hair_density * smoothstep(-4., 6., height) * (1. - np.clip(p.crown, 0., 1.) * f.crown)
    burns = p.sideburns * bump(face.azimuth - 80., 5.) * smoothstep(-50., -25., face.y) * smoothstep(20., 0., face.y)
    curtain = smoothstep(64., 74., face.azimuth + .10 * np.maximum(-face.y - 60., 0.)) * smoothstep(40., 10., face.y)
    coverage = np.maximum(np.maximum(top, burns) * (1. - r.ear), p.long_hair * curtain)
    color = pigments.hair(np.exp(p.hair_eumelanin), p.hair_pheomelanin, p.hair_grey)
    gloss = f.strands * (1. + p.hair_gloss * smoothstep(.2, .9, face.upward))
    return color * gloss[:, None], np.clip(coverage, 0., 1.)


def _eye(r, p):
    """Linear [V, 3] of eyeballs: pupil, iris with a dark rim, sclera in the shadow of the upper lid."""
    d = r.iris_distance
    lid_shadow = np.exp(-.55 * smoothstep(0., 5.5, r.eye_height) - .12)[:, None]
    sclera = pigments.skin(.0015, p.sclera_blood, .1) * (1.1 * np.exp(p.sclera_brightness))
    sclera = np.exp(-.5 * smoothstep(9., 15., d))[:, None] * sclera
    ring = 1. - p.limbus * bump(d - 5.6, .7)
    iris = pigments.iris(p.iris_melanin) * np.exp(p.iris_brightness) * ring[:, None]
    color = _over(sclera, iris, smoothstep(6.4, 5.4, d))
    return _over(color, np.float32([.004] * 3), smoothstep(2.6, 1.7, d)) * lid_shadow
