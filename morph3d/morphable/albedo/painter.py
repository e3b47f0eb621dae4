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
_MOUTH = .40 * pigments.skin(.01, .25, .3)  # the inside at the lips, hardly lit
_TOOTH = np.array([.60, .54, .43], np.float32)  # linear: a light shade of dentists' guides
_HAIR_ON_SKIN = .30  # brows and beards are at most this bright, relative to the skin: paler ones, inverted, would be white


class Painter:
    """Paints one mesh: `painter(values)`, from `parameters.values`, -> [V, 3] float32 sRGB in 0..1."""

    def __init__(self, anatomy: Anatomy):
        self.anatomy = anatomy
        self.fields = fields.build(anatomy)

    def __call__(self, p):
        r, f = self.anatomy, self.fields
        skin = _skin(r, f, p)
        linear = skin
        for color, coverage in (_beard(f, p, skin), _brows(r, f, p, skin), _lashes(r, p), _hair(r, f, p), (_eye(r, p), r.eye),
                                (_mouth(r), r.mouth), (_teeth(r), r.teeth)):
            linear = _over(linear, color, coverage)
        return np.clip(colors.srgb_from_linear(linear), 0., 1.).astype(np.float32)


def _over(below, color, coverage):
    return below + coverage[:, None] * (color - below)


def _weighted(p, parts):
    return sum(getattr(p, name) * field for name, field in parts.items())


def _skin(r, f, p):
    """Skin and lips, linear [V, 3]."""
    lips = r.vermilion * (1. - r.teeth)
    # Lips are a little less dark than dark skin and darker than pale skin.
    lip_melanin = p.lip_melanin - .15 * (p.melanin - PARAMETERS["melanin"].center)
    melanin = p.melanin + .9 * p.dark_circles * f.circles + lip_melanin * lips + .02 * f.grain
    blood = p.blood + _weighted(p, f.blood) + 1.3 * p.dark_circles * f.circles + p.lip_blood * lips + .06 * f.grain
    shade = f.occlusion + _weighted(p, f.shade) + (p.lip_shade + p.upper_lip_shade * r.upper_lip) * lips
    color = pigments.skin(np.exp(melanin), np.exp(np.minimum(blood, _MOST_BLOOD)), p.carotene)
    return color * np.exp(-shade)[:, None]


def _beard(f, p, skin):
    """Color [V, 3] and coverage [V]: stubble, each part with its own density."""
    coverage = sum(p.beard * (1. + getattr(p, name)) * field for name, field in f.beard.items())
    color = pigments.hair(np.exp(p.hair_eumelanin + p.beard_eumelanin), p.hair_pheomelanin, p.hair_gray)
    return np.minimum(color, _HAIR_ON_SKIN * skin), np.clip(coverage * (1. + .1 * f.grain), 0., .9)


def _brows(r, f, p, skin):
    """Color [V, 3] and coverage [V]: a band of hairs along the brow, each third with its own density."""
    s, across = r.brow
    t = across - p.brow_height - p.brow_arch * (bump(s - .65, .25) - .4)
    # Half as thick at the tail, and softer on the inner end, where hairs stand up.
    half = np.exp(p.brow_thickness) * (3.9 - 1.9 * smoothstep(.35, 1.05, s))
    body = np.exp(-np.abs(t / half)**2.4)
    density = p.brow_density + p.brow_inner * bump(s - .1, .2) + p.brow_middle * bump(s - .5, .2) + p.brow_tail * bump(s - .9, .2)
    ends = smoothstep(-.16, .22, s) * smoothstep(1.14, .80, s)
    # Everyone has some down around the brow, or else the inverse of a thick brow would be paler than the skin.
    coverage = (density * (1. + .08 * f.grain) * body + .08 * bump(across, 6.)) * ends
    color = pigments.hair(np.exp(.6 * p.hair_eumelanin + p.brow_eumelanin + 1.1), p.hair_pheomelanin, .3 * p.hair_gray)
    return np.minimum(color, _HAIR_ON_SKIN * skin), np.clip(coverage, 0., .95) * r.front * (1. - r.eye)


def _lashes(r, p):
    """Near-black lines [3], [V] on the edges of the lids."""
    upper, lower = r.upper_lid, r.lower_lid
    top = bump(upper.across - .6, 1.1) * smoothstep(-.08, .3, upper.along) * smoothstep(1.15, .95, upper.along)
    bottom = bump(lower.across + .9, .9) * smoothstep(.1, .6, lower.along) * smoothstep(1.12, .9, lower.along)
    coverage = np.clip(p.upper_lashes * top + p.lower_lashes * bottom, 0., .95)
    return pigments.hair(np.exp(.6 * p.hair_eumelanin + 1.2), .1, 0.), coverage * r.front * (1. - r.eye)


def _hair(r, f, p):
    """Color [V, 3] and coverage [V] of the hair of the head, cut short."""
    color = pigments.hair(np.exp(p.hair_eumelanin), p.hair_pheomelanin, p.hair_gray)
    gloss = f.strands * (1. + p.hair_gloss * smoothstep(.2, .9, r.face.upward))
    coverage = p.hair_density * f.hair + _weighted(p, f.hair_edges)
    return color * gloss[:, None], np.clip(coverage, 0., 1.)


def _eye(r, p):
    """Linear [V, 3] of eyeballs: pupil, iris with a dark rim, sclera redder in the corners, in the shadow of the upper lid."""
    d = r.iris_distance
    lid, along = r.upper_lid.across, r.upper_lid.along
    shadow = np.exp(-.75 * smoothstep(-5.5, .5, lid) - .25 * smoothstep(3., 9., d) - .1)[:, None]
    corner = smoothstep(.26, .02, along) + .6 * smoothstep(.78, 1., along)
    sclera = .80 * np.exp(p.sclera_brightness) * pigments.sclera(p.sclera_blood + .012 * corner**2)
    rim = (1. - p.limbus * bump(d - 5.6, .9))[:, None]
    # Fibers scatter less toward the pupil, and lighten the ring around it in light eyes.
    iris = np.exp(p.iris_brightness) * rim * pigments.iris(p.iris_melanin)
    # Edges as wide as the meshes are fine: half the diameter of a visible iris is 5.9 mm, of a pupil about 2 mm.
    color = _over(sclera, iris, smoothstep(6.6, 5.0, d))
    return _over(color, np.full(3, .006), smoothstep(3.0, 1.5, d)) * shadow


def _mouth(r):
    """Linear [V, 3]: gums and throat, darker toward the back."""
    return _MOUTH * np.exp(-.014 * np.maximum(15. - r.face.z, 0.))[:, None]


def _teeth(r):
    """Linear [V, 3]: ivory, in the shadow of lips and cheeks toward the back, where the mouth's own red light remains."""
    depth = np.maximum(np.max(r.face.z[r.teeth > .5], initial=-99.) - r.face.z, 0.)
    return _over(_mouth(r), .7 * _TOOTH, np.exp(-.08 * depth))
