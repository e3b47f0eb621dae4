"""The painter: named facial color parameters -> a colored face.

Skin is pigment (melanin and blood fields) and shade; over it lie, in this order, beard, brows, lashes, hair, eyes and
the inside of the mouth.
"""
import numpy as np

from morph3d import colors
from morph3d.morphable.albedo import fields, pigments
from morph3d.morphable.albedo.anatomy import Anatomy
from morph3d.morphable.albedo.masks import bump, smoothstep
from morph3d.morphable.albedo.parameters import PARAMETERS

_MOST_BLOOD = np.log(.25)  # lipstick; the color of skin hardly changes beyond
_MOUTH = .35 * pigments.skin(.01, .25, .1)  # the unlit inside


class Painter:
    """Paints one mesh: `painter(values)`, from `parameters.values`, -> [V, 3] float32 sRGB in 0..1."""

    def __init__(self, anatomy: Anatomy):
        self.anatomy = anatomy
        self.fields = fields.build(anatomy)

    def __call__(self, p):
        r, f = self.anatomy, self.fields
        linear = _skin(r, f, p)
        for color, coverage in (_beard(f, p), _brows(r, p), _lashes(r, p), _scalp(r, f, p), (_eye(r, p), r.eye),
                                (_MOUTH, r.mouth)):
            linear = _over(linear, color, coverage)
        return np.clip(colors.srgb_from_linear(linear), 0., 1.).astype(np.float32)


def _over(below, color, coverage):
    return below + coverage[:, None] * (color - below)


def _weighted(p, parts):
    return sum(getattr(p, name) * field for name, field in parts.items() if hasattr(p, name))


def _skin(r, f, p):
    """Skin and lips, linear [V, 3]."""
    edge = p.lip_edge + np.where(r.face.y > -67., p.upper_lip_edge, p.lower_lip_edge)
    lips = smoothstep(-1.1, 1.1, r.lips + edge) * r.front
    # Lips are a little less dark than dark skin and darker than pale skin.
    lip_melanin = p.lip_melanin - .15 * (p.melanin - PARAMETERS["melanin"].center)
    melanin = p.melanin + .9 * p.dark_circles * f.circles + lip_melanin * lips
    blood = p.blood + _weighted(p, f.blood) + 1.3 * p.dark_circles * f.circles + p.lip_blood * lips
    shade = f.occlusion + _weighted(p, f.shade) + _crease(r, p) + (p.lip_shade + p.upper_lip_shade * r.upper_lip) * lips
    color = pigments.skin(np.exp(melanin), np.exp(np.minimum(blood, _MOST_BLOOD)), p.carotene)
    return color * np.exp(-shade)[:, None]


def _crease(r, p):
    """Shade [V] of the fold of the upper lid."""
    along, across = r.upper_lid
    ends = smoothstep(-.15, .15, along) * smoothstep(1.2, .9, along)
    return p.lid_crease * bump(across - p.crease_height * (.75 + .35 * along), 1.1) * ends * r.front


def _beard(f, p):
    """Color [3] and coverage [V], from stubble to a full beard, each part with its own density."""
    parts = {name: np.clip(p.beard * (1. + getattr(p, name)), 0., 1.) for name in f.beard if name != "soul_patch"}
    coverage = sum(density * f.beard[name] for name, density in parts.items())
    coverage = coverage + np.clip(p.beard * p.soul_patch, -.2, .4) * f.beard["soul_patch"]
    color = pigments.hair(np.exp(p.hair_eumelanin + p.beard_eumelanin), p.hair_pheomelanin, p.hair_gray)
    return color, np.clip(coverage, 0., .92)


def _brows(r, p):
    """Color [3] and coverage [V]: a band of hairs along the brow, each third with its own density."""
    start, end = -.04 + p.brow_gap, 1.04 + p.brow_length
    s = (r.brow.along - start) / (end - start)
    t = r.brow.across - p.brow_height - p.brow_arch * (bump(s - .65, .2) - .4) - p.brow_tilt * (2. * s - 1.)
    taper = (1. - p.brow_taper * smoothstep(.45, 1.05, s)) * (.8 + .2 * smoothstep(-.05, .2, s))
    body = smoothstep(p.brow_softness, -p.brow_softness, np.abs(t) - p.brow_thickness * taper)
    density = p.brow_density + p.brow_inner * bump(s, .18) + p.brow_middle * bump(s - .5, .2)
    density = np.clip(density + p.brow_tail * bump(s - .95, .2), 0., 1.)
    density = density * smoothstep(-.06, .12, s) * smoothstep(1.06, .85, s)
    middle = p.brow_monobrow * bump(r.face.x, 8.) * bump(r.face.y - 22. - p.brow_height, p.brow_thickness)
    color = pigments.hair(np.exp(p.hair_eumelanin + p.brow_eumelanin + .5), p.hair_pheomelanin, .6 * p.hair_gray)
    return color, np.clip(density * body + middle, 0., .97) * r.front * (1. - r.eye)


def _lashes(r, p):
    """Near-black lines [3], [V] on the edges of the lids."""
    upper, lower = r.upper_lid, r.lower_lid
    top = bump(upper.across - .4, p.lash_width) * smoothstep(-.1, .25, upper.along) * smoothstep(1.15, .95, upper.along)
    bottom = bump(lower.across + .3, .8 * p.lash_width) * smoothstep(0., .4, lower.along) * \
        smoothstep(1.12, .9, lower.along)
    coverage = np.clip(p.upper_lashes * top + p.lower_lashes * bottom, 0., .95)
    return pigments.hair(np.exp(.6 * p.hair_eumelanin + 1.2), .1, 0.), coverage * r.front * (1. - r.eye)


def _scalp(r, f, p):
    """Color [V, 3] and coverage [V] of the hair of the head: behind the hairline, sideburns, fringe and long hair."""
    face = r.face
    recession = p.hairline * smoothstep(85., 60., face.azimuth) + p.temple_recession * bump(face.azimuth - 38., 12.)
    sweep = p.parting * np.tanh(face.across / 25.)
    fringe = (np.maximum(p.fringe, 0.) + sweep) * smoothstep(62., 48., face.azimuth)
    height = r.hairline - recession + p.widows_peak * bump(face.across, 9.) + fringe
    # As wide as hairlines differ, or the linear model would ring there: dark and pale bands in place of a line that moves.
    top = p.hair_density * smoothstep(-11., 12., height) * (1. - np.clip(p.crown, 0., 1.) * f.crown)
    burns = p.sideburns * bump(face.azimuth - 80., 5.) * smoothstep(-50., -25., face.y) * smoothstep(20., 0., face.y)
    # Long hair hangs behind a line from the temple to the shoulder.
    curtain = smoothstep(64., 74., face.azimuth - .10 * np.maximum(-face.y - 60., 0.)) * smoothstep(40., 10., face.y)
    coverage = np.maximum(np.maximum(top, burns) * (1. - r.ear), p.long_hair * curtain * (1. - .8 * r.ear))
    color = pigments.hair(np.exp(p.hair_eumelanin), p.hair_pheomelanin, p.hair_gray)
    gloss = f.strands * (1. + p.hair_gloss * smoothstep(.2, .9, face.upward))
    return color * gloss[:, None], np.clip(coverage, 0., 1.)


def _eye(r, p):
    """Linear [V, 3] of eyeballs: pupil, iris with a dark rim, sclera, in the shadow of the upper lid."""
    d = r.iris_distance
    shadow = np.exp(-.8 * smoothstep(-.5, 5.5, r.eye_height) - .15)[:, None]
    back = np.exp(-.5 * smoothstep(9., 15., d))[:, None]
    sclera = .85 * np.exp(p.sclera_brightness) * back * pigments.sclera(p.sclera_blood)
    rim = (1. - p.limbus * bump(d - 5.6, .7))[:, None]
    iris = np.exp(p.iris_brightness) * rim * pigments.iris(p.iris_melanin)
    # Edges as wide as the meshes are fine: half the diameter of a visible iris is 5.9 mm, of a pupil about 2 mm.
    color = _over(sclera, iris, smoothstep(6.4, 5.4, d))
    return _over(color, np.full(3, .004), smoothstep(2.6, 1.7, d)) * shadow
