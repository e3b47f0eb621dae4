"""Fixed fields over a face: those that parameters only weigh, and a few that the painter combines.

Nothing here moves from face to face, for a linear model cannot move anything: it would add a dark band at the one place and a
pale one at the other. What differs between people are amounts.
"""
from typing import NamedTuple

import numpy as np

from morph3d.morphable.albedo.anatomy import Anatomy
from morph3d.morphable.albedo.masks import bump, front, line, mottle, smoothstep, spot
from morph3d.morphable.albedo.parameters import PARAMETERS, SPOTS


class Fields(NamedTuple):
    """The fields of one mesh, by the parameter that weighs them or by their own name."""
    blood: dict  # parameter -> [V], summed into the logarithm of blood
    shade: dict  # parameter -> [V], summed into the shade
    beard: dict  # parameter -> [V], where that part of a beard grows
    hair: np.ndarray  # [V] coverage of the hair of the head
    hair_edges: dict  # parameter -> [V], where it can be denser or thinner
    circles: np.ndarray  # [V] the dark circles under the eyes
    occlusion: np.ndarray  # [V] shade where little light comes from around: under the chin and brows, inside the ears
    grain: np.ndarray  # [V] about 0, deviation 1: uneven skin
    strands: np.ndarray  # [V] about 1, uneven as hair is


def build(r: Anatomy):
    """The fields of a mesh from its Anatomy."""
    face = r.face
    spots = [spot(face, *where) for where in SPOTS]
    uneven = [field * np.tanh(face.across / 12.) for field in spots]

    def of(kind, fields):
        return {name: field for i, field in enumerate(fields) if (name := f"{kind}_{i}") in PARAMETERS}

    return Fields(
        _blood(r) | of("blood", spots),
        _lid_shades(r) | _center_shades(r) | _outer_shades(r) | of("shade", spots) | of("side", uneven),
        _beard(r), _hair(r), _hair_edges(r), _below_eye(r, 6., 4.5) * (1.2 - .5 * r.lower_lid.along), _occlusion(r),
        mottle(40, 7., 1, face.x, face.y, face.z), 1. + .07 * mottle(40, 9., 2, 1.5 * face.azimuth, .25 * face.z, .25 * face.y))


def _blood(r):
    face = r.face
    return {"blush": spot(face, 40., -30., 15., 12.),
            "nose_blood": spot(face, 0., -32., 10., 9.) + spot(face, 12., -36., 5.),
            "chin_blood": spot(face, 0., -95., 13., 9.), "forehead_blood": spot(face, 0., 50., 40., 18.),
            "ear_blood": r.on_ear, "lid_blood": _upper_lid(r), "rim_blood": _rims(r) + spot(face, 17.5, -1.5, 2.5) * (1. - r.eye)}


def _upper_lid(r):
    return r.lids * smoothstep(-1., 1., r.upper_lid.across)


def _rims(r):
    """The wet rims of the lids."""
    return bump(r.opening, 1.2) * r.front * (1. - r.eye)


def _between_corners(along, beyond):
    """Along a lid: 1 between the corners of the eye, fading out within the given share of its length."""
    return smoothstep(-beyond, beyond, along) * smoothstep(1. + beyond, 1. - beyond, along)


def _below_eye(r, distance, width):
    """A band along the lower lid, `distance` mm below it."""
    across = r.lower_lid.across
    return bump(-across - distance, width) * (across < 0.) * _between_corners(r.lower_lid.along, .25) * r.front


def _lid_shades(r):
    face = r.face
    along, across = r.upper_lid
    crease = bump(across - 6.5 * (.75 + .35 * along), 1.4) * _between_corners(along - .03, .18) * r.front
    return {"lid_shadow": _upper_lid(r), "lid_crease": crease,
            "eye_bags": _below_eye(r, 12., 3.) * smoothstep(1.2, .4, r.lower_lid.along),
            "tear_trough": line(face, [(17., -7.), (25., -14.), (36., -18.)], 4.),
            "brow_bone": -line(face, [(20., 19.), (38., 23.), (54., 15.)], 4.),
            "socket_shade": spot(face, 31., 8., 14., 9.), "inner_socket": spot(face, 13., 5., 6., 8.),
            "crows_feet": spot(face, 57., -2., 6., 7.)}


def _center_shades(r):
    """Brows' root, nose, mouth and chin."""
    face = r.face
    return {
        "glabella": line(face, [(6., 12.), (6.5, 30.)], 3.5),
        "nostrils": _nostrils(face),
        "nose_sides": line(face, [(10., 2.), (10., -12.), (13., -26.)], 4.),
        "nose_base": bump(face.y + 47., 3.) * bump(face.x, 11.) * r.front,
        "alar_crease": line(face, [(15., -34.), (17.5, -41.), (15.5, -47.)], 3.),
        "nose_ridge": bump(face.x, 4.) * smoothstep(8., 0., face.y) * smoothstep(-34., -26., face.y) * r.front,
        "philtrum": bump(face.x, 3.) * smoothstep(-60., -57., face.y) * smoothstep(-46., -49., face.y) * r.front,
        "mouth_line": r.mouth_line, "mouth_corners": spot(face, 27., -69., 3.5),
        "chin_crease": line(face, [(-16., -87.), (0., -85.), (16., -87.)], 4.), "chin_shade": spot(face, 0., -97., 14., 9.)}


def _nostrils(face):
    """1 inside the nostrils, where the surface looks toward their middle; less on the rims, which look down."""
    x, y, z = face.x - 6.5, face.y + 38., face.z - 20.
    distance = np.sqrt(x * x + y * y + z * z) + 1e-3
    away = (x * face.outward + y * face.upward + z * face.facing) / distance
    cavity = smoothstep(.05, -.3, away) * smoothstep(20., 15., distance) * smoothstep(13., 11., face.x)
    rims = .25 * spot(face, 6.5, -42., 4., 3.) * smoothstep(.1, -.5, face.upward)
    floors = .8 * spot(face, 6.7, -39.5, 2.6, 2.2)
    return np.maximum.reduce([cavity * smoothstep(-46.5, -42., face.y), rims, floors]) * front(face)


def _outer_shades(r):
    """Forehead, cheeks, jaw and neck."""
    face = r.face
    return {
        "forehead_shade": spot(face, 0., 52., 45., 16.), "temples": spot(face, 66., 22., 12., 18.),
        "nasolabial": line(face, [(16., -36.), (24., -46.), (31., -58.), (34., -70.)], 4.),
        "marionette": line(face, [(28., -71.), (30., -80.), (30., -90.)], 4.),
        "cheek_hollows": spot(face, 50., -52., 13., 17.), "cheekbones": -spot(face, 48., -16., 14., 9.),
        "jaw_shade": bump(r.jaw.across + 6., 12.) * smoothstep(1.3, .8, r.jaw.along) * r.front,
        "neck_shade": smoothstep(-104., -126., face.y + .35 * (face.z - 10.)) * smoothstep(-5., -40., face.z)}


def _occlusion(r):
    face = r.face
    solid = (1. - r.eye) * (1. - r.mouth) * (1. - r.teeth)
    return .22 * np.maximum(-face.upward, 0.) * solid + .35 * r.on_ear * smoothstep(.6, 0., face.facing)


def _beard(r):
    """Mustache, chin, jaw and cheeks, together 1 where a man's beard grows, with edges of three centimeters."""
    face = r.face
    edge = np.interp(face.azimuth, [0., 12., 18., 28., 40., 55., 65., 74.], [-84., -84., -82., -72., -62., -48., -32., -14.])
    below = smoothstep(13., -13., face.y - edge.astype(np.float32)) * smoothstep(-148., -112., face.y)
    mustache = line(face, [(-33., -80.), (-29., -68.), (-18., -57.), (0., -54.), (18., -57.), (29., -68.), (33., -80.)], 5., .1)
    grows = (1. - r.vermilion) * (1. - r.mouth) * smoothstep(96., 78., face.azimuth) * (1. - r.on_ear)
    goatee = smoothstep(44., 14., face.x) * below
    low = smoothstep(34., 4., r.jaw.across)
    rest = below * (1. - smoothstep(44., 14., face.x))
    return {"mustache": mustache * (1. - below) * grows, "goatee": goatee * grows, "jaw_beard": grows * rest * low,
            "cheek_beard": grows * rest * (1. - low)}


def _hair(r):
    """The cap of hair, shorter and so more transparent on the sides and the nape; its edge is a centimeter and a half wide."""
    face = r.face
    thick = 1. - .22 * smoothstep(45., -40., face.y) * smoothstep(50., 75., face.azimuth)
    return smoothstep(-9., 12., r.hairline) * thick * (1. - r.on_ear) * (1. - r.eye)


def _hair_edges(r):
    """Bands along the hairline: on the forehead, at the temples, and before the ears."""
    face, free = r.face, (1. - r.on_ear) * (1. - r.eye)
    edge = bump(r.hairline, 8.) * free
    temples = bump(face.azimuth - 42., 16.)
    return {"hair_front": edge * bump(face.azimuth, 22.), "hair_temples": edge * temples,
            "sideburns": bump(r.hairline + 6., 12.) * bump(face.azimuth - 76., 8.) * free}
