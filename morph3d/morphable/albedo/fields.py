"""Fixed fields over a face: those that parameters only weigh, and a few that the painter combines."""
from typing import NamedTuple

import numpy as np

from morph3d.morphable.albedo.anatomy import Anatomy
from morph3d.morphable.albedo.masks import bump, front, line, smoothstep, spot
from morph3d.morphable.albedo.parameters import SPOTS


class Fields(NamedTuple):
    """The fields of one mesh, by the parameter that weighs them or by their own name."""
    blood: dict  # parameter -> [V], summed into the logarithm of blood
    shade: dict  # parameter -> [V], summed into the shade
    beard: dict  # parameter -> [V], where that part of a beard grows
    circles: np.ndarray  # [V] the dark circles under the eyes
    occlusion: np.ndarray  # [V] shade where little light comes from around: under the chin and brows, inside the ears
    crown: np.ndarray  # [V] where men go bald first, beside the temples
    strands: np.ndarray  # [V] about 1, uneven as hair is


def build(r: Anatomy):
    """The fields of a mesh from its Anatomy."""
    face = r.face
    solid = (1. - r.eye) * (1. - r.mouth)
    spots = [spot(face, *where) for where in SPOTS]
    sides = np.tanh(face.across / 12.)
    return Fields(
        _blood(r) | {f"blood_{i}": field for i, field in enumerate(spots)},
        _lid_shades(r) | _center_shades(r) | _outer_shades(r) | {f"shade_{i}": field for i, field in enumerate(spots)} |
        {f"side_{i}": field * sides for i, field in enumerate(spots)},
        _beard(r), _below_eye(r, 6., 4.5) * (1.2 - .5 * r.lower_lid.along),
        .22 * np.maximum(-face.upward, 0.) * solid + .35 * r.ear * smoothstep(.6, 0., face.facing),
        smoothstep(30., 90., r.hairline) * smoothstep(150., 60., face.azimuth),
        1. + .10 * np.sin(face.x * .9 + 2. * np.sin(face.z * .11)) * np.sin(.07 * face.z + 1.))


def _blood(r):
    face = r.face
    return {"blush": spot(face, 40., -30., 15., 12.),
            "nose_blood": spot(face, 0., -32., 10., 9.) + spot(face, 12., -36., 5.),
            "chin_blood": spot(face, 0., -95., 13., 9.), "forehead_blood": spot(face, 0., 50., 40., 18.),
            "ear_blood": r.ear, "lid_blood": _lid(r)}


def _lid(r):
    """The upper lid, from the lashes to the brow bone."""
    along, across = r.upper_lid
    within = smoothstep(-.25, .05, along) * smoothstep(1.25, .95, along) * r.front
    return smoothstep(-1., 1., across) * smoothstep(11., 7., across) * within


def _below_eye(r, distance, width):
    """A band along the lower lid, `distance` mm below it."""
    along, across = r.lower_lid
    within = smoothstep(-.2, .1, along) * smoothstep(1.2, .8, along) * r.front
    return bump(-across - distance, width) * (across < 0.) * within


def _lid_shades(r):
    face = r.face
    return {"lid_shadow": _lid(r), "eye_bags": _below_eye(r, 12., 2.2) * smoothstep(1.2, .4, r.lower_lid.along),
            "socket_shade": spot(face, 31., 8., 14., 9.), "inner_socket": spot(face, 13., 5., 5., 8.),
            "crows_feet": sum(line(face, [(50., y), (62., end)], 1.5) for y, end in ((2., 6.), (-1., -1.), (-4., -8.)))}


def _center_shades(r):
    """Brows' root, nose, mouth and chin."""
    face = r.face
    pointing_down = smoothstep(.2, -.5, face.upward)
    return {
        "glabella": line(face, [(5., 14.), (5.5, 28.)], 1.8) + line(face, [(-8., 6.), (8., 6.)], 1.8),
        "nostrils": spot(face, 6.5, -43., 3.6, 3.) * (.35 + .65 * pointing_down),
        "nose_sides": line(face, [(10., 2.), (10., -12.), (13., -26.)], 4.),
        "nose_base": bump(face.y + 47., 3.) * bump(face.x, 11.) * r.front,
        "nose_ridge": bump(face.x, 4.) * smoothstep(8., 0., face.y) * smoothstep(-34., -26., face.y) * r.front,
        "philtrum": bump(face.x, 2.6) * smoothstep(-60., -57., face.y) * smoothstep(-46., -49., face.y) * r.front,
        "mouth_line": r.mouth_line, "mouth_corners": spot(face, 27., -69., 3.), "lip_contour": bump(r.lips + 2., 1.3),
        "chin_crease": line(face, [(-16., -87.), (0., -85.), (16., -87.)], 2.8),
        "chin_shade": spot(face, 0., -97., 14., 9.)}


def _outer_shades(r):
    """Forehead, cheeks, jaw and neck."""
    face = r.face
    return {
        "forehead_shade": spot(face, 0., 52., 45., 16.), "temples": spot(face, 66., 22., 10., 16.),
        "forehead_wrinkles": sum(line(face, [(-42., y - 2.), (0., y), (42., y - 2.)], 1.8) for y in (42., 51., 60.)),
        "nasolabial": line(face, [(16., -36.), (24., -46.), (31., -58.), (34., -70.)], 2.6),
        "marionette": line(face, [(28., -71.), (30., -80.), (30., -90.)], 2.6),
        "cheek_hollows": spot(face, 50., -52., 11., 15.), "cheekbones": -spot(face, 48., -16., 14., 7.),
        "jaw_shade": bump(r.jaw.across + 4., 8.) * smoothstep(1.4, 1.1, r.jaw.along) * r.front * smoothstep(5., -25., face.y),
        "neck_shade": smoothstep(-108., -122., face.y + .35 * (face.z - 10.)) * smoothstep(-10., -35., face.z)}


def _beard(r):
    """Mustache, chin, jaw and cheeks, together 1 where a man's beard grows; and the patch under the lower lip."""
    face = r.face
    upper_edge = np.interp(face.x, [0., 14., 22., 34., 50., 62., 72.], [-45., -46., -54., -60., -54., -40., -14.])
    grows = smoothstep(4., -7., face.y - upper_edge.astype(np.float32)) * smoothstep(-136., -118., face.y)
    grows *= smoothstep(90., 80., face.azimuth) * smoothstep(1., -1.2, r.lips) * front(face) * (1. - r.ear)
    above_mouth = smoothstep(-73., -66., face.y)
    mustache = above_mouth * smoothstep(38., 27., face.x)
    goatee = (1. - above_mouth) * smoothstep(38., 24., face.x)
    low = smoothstep(30., 10., r.jaw.across)
    rest = 1. - mustache - goatee
    return {"mustache": grows * mustache, "goatee": grows * goatee, "jaw_beard": grows * rest * low,
            "cheek_beard": grows * rest * (1. - low), "soul_patch": grows * bump(face.x, 5.) * bump(face.y + 82., 4.)}
