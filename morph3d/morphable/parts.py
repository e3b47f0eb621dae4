"""The parts of a face as masks over a model's vertices, from its mean shape and its 68 landmarks alone.

Every boundary is drawn once, on the canonical face (albedo/canonical.py), onto which the landmarks warp any mesh.
"""
import types

import numpy as np
from scipy.interpolate import RBFInterpolator

from morph3d.mesh import polygons
from morph3d.mesh.normals import vertex_normals
from morph3d.morphable.albedo import anatomy as albedo_regions
from morph3d.morphable.albedo import masks
from morph3d.morphable.landmarks import AVERAGE_FACE

FACE = ("forehead", "brows", "eyelids", "nose", "cheeks", "lips", "chin")
_L = AVERAGE_FACE
_MOUTH_AROUND = np.r_[4:13, 31:36, 48:60]  # the landmarks around the mouth, which has skin before it

# mm on the canonical face: half the nose's width at a height; the height of the jaw's lower edge at a depth.
_NOSE_Y, _NOSE_WIDTH = (-46., -44., -40., -32., -18., 3.), (13., 18., 20., 19., 13., 7.)
_JAW_Z, _JAW_Y = (-80., -65., -55., -45., -30., -15., 0., 12.), (-54., -60., -70., -84., -96., -105., -111., -113.)


def find(vertices, triangles, landmarks, known=types.MappingProxyType({})):
    """The masks of a mesh.

    Args:
      vertices: [V, 3] mm, the mean face.
      triangles: [F, 3] vertex indices.
      landmarks: [68] vertex indices.
      known: {name: [V] bool}, the parts of these, by the names below, that need not be found.

    Returns:
      {name: [V] bool}, read only. These twelve share the vertices out, each vertex to one of them:
        eyes: the eyeballs, where these are pieces of their own, or else what lies between the lids;
        mouth: the inside, where the mesh has one;
        ears, scalp (behind the mean hairline), neck (below the jaw, and whatever is below it);
        forehead (with the temples), brows, eyelids (from the brow to the rim of the socket), nose, cheeks (with the
        upper lip's skin and the sides of the jaw), lips (their red), chin.
      And `face`, the seven of the last line together: the skin in front of the ears from the hairline to the jaw, on
      which the recovery of shape is judged. A part is empty where the mesh does not reach.
    """
    points = vertices[landmarks]
    eyeballs = _eyeballs(vertices, triangles, landmarks)
    fields = albedo_regions.find(vertices, points, vertex_normals(vertices, triangles))
    eyes = eyeballs if eyeballs.any() else _between_lids(fields.face, 0.)
    rules = {"eyes": eyes, "mouth": _mouth(fields.face, triangles), **_skin(fields)} | known
    # The first rule that holds decides.
    chosen = np.argmax(list(rules.values()), axis=0)
    parts = {name: chosen == number for number, name in enumerate(rules)}
    parts["face"] = np.any([parts[name] for name in FACE], axis=0)
    return types.MappingProxyType(parts)


def _skin(fields):
    """{name: [V] bool} rules, of which the first that holds decides; the last always does."""
    face, brow = fields.face, fields.brow
    x, y, z = face.x, face.y, face.z
    front = face.azimuth < 80.
    return {
        "ears": fields.ear_depth > 0.,
        "lips": fields.lips > 0.,
        "brows": front & (np.abs(brow.across) < 6.) & (brow.along > -.05) & (brow.along < 1.05),
        "nose": (x < np.interp(y, _NOSE_Y, _NOSE_WIDTH)) & (y > _NOSE_Y[0]) & (y < 6.) & (z > 0.),
        "eyelids": _between_lids(face, -8.) | front & (y > 0.) & (brow.across < 0.) & (x > 12.) & (x < 54.),
        "scalp": fields.hairline > 0.,
        "neck": (y < np.interp(z, _JAW_Z, _JAW_Y)) | (fields.behind_ears > 0.),
        "forehead": y > 6.,
        "chin": (y < -81.) & (x < 26.),
        "cheeks": np.ones(len(x), bool)}


def _between_lids(face, margin):
    """Where the lids' contour lies more than `margin` mm outward."""
    return (masks.inside(face.x, face.y, _L[42:48, :2]) > margin) & (face.z > -40.) & (face.azimuth < 80.)


def _mouth(face, triangles):
    """The cavity: what lies deep behind the skin around the mouth, and all that hangs together with it in there."""
    box = (face.x < 37.) & (face.y < -37.) & (face.y > -95.) & (face.z > -90.)
    skin = RBFInterpolator(_L[_MOUTH_AROUND, :2], _L[_MOUTH_AROUND, 2], smoothing=1.)
    depth = np.zeros(len(face.z))
    depth[box] = skin(np.stack([face.across, face.y], 1)[box]) - face.z[box]
    behind = depth > 6.
    pieces = polygons.pieces(len(depth), triangles[behind[triangles].all(1)])
    return behind & np.isin(pieces, pieces[(depth > 14.) & (face.z > -60.) & (face.y < -60.)])


def _eyeballs(vertices, triangles, landmarks):
    """Pieces of their own that lie around the center of an eye."""
    pieces = polygons.pieces(len(vertices), triangles)
    centers = [vertices[landmarks[eye]].mean(0) for eye in (slice(36, 42), slice(42, 48))]
    distance = np.min([np.linalg.norm(vertices - center, axis=1) for center in centers], axis=0)
    farthest = np.zeros(len(vertices))
    np.maximum.at(farthest, pieces, distance)
    return (farthest < 40.)[pieces]
