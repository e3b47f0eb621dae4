"""ICT-FaceKit, the light-stage face model of USC ICT (MIT license), read from its folder of OBJ files in one topology.

The kit has shapes only; morphable/albedo paints the colors.
"""
import itertools
import os

import numpy as np

from morph3d.morphable import blendshapes
from morph3d.morphable.readers import checks

TEMPLATE = "generic_neutral_mesh.obj"
MILLIMETERS = 10.  # the files are in centimeters
VERTICES = 26719
IDENTITIES = tuple(f"identity{i:03d}" for i in range(100))
EXPRESSIONS = tuple("""
    browDown_L browDown_R browInnerUp_L browInnerUp_R browOuterUp_L browOuterUp_R cheekPuff_L cheekPuff_R
    cheekRaiser_L cheekRaiser_R cheekSquint_L cheekSquint_R eyeBlink_L eyeBlink_R eyeLookDown_L eyeLookDown_R
    eyeLookIn_L eyeLookIn_R eyeLookOut_L eyeLookOut_R eyeLookUp_L eyeLookUp_R eyeSquint_L eyeSquint_R eyeWide_L
    eyeWide_R jawForward jawLeft jawOpen jawRight mouthClose mouthDimple_L mouthDimple_R mouthFrown_L mouthFrown_R
    mouthFunnel mouthLeft mouthLowerDown_L mouthLowerDown_R mouthPress_L mouthPress_R mouthPucker mouthRight
    mouthRollLower mouthRollUpper mouthShrugLower mouthShrugUpper mouthSmile_L mouthSmile_R mouthStretch_L
    mouthStretch_R mouthUpperUp_L mouthUpperUp_R noseSneer_L noseSneer_R PupilDilate_L PupilDilate_R""".split())

# Vertex ranges of the parts that a picture of a head needs. Left out: the sockets behind the eyeballs, gums, tongue and
# teeth, and the transparent shells around the eyes (tears, blends, occlusion, lashes), opaque to a renderer like ours.
SKIN = range(0, 11248)
MOUTH_INSIDE = range(11248, 13294)
EYEBALLS = range(21451, 24591)

# The kit's own vertices for the 68 points of Multi-PIE.
LANDMARKS = np.array("""
    1225 1888 1052 367 1719 1722 2199 1447 966 3661 4390 3927 3924 2608 3272 4088 3443 268 493 1914 2044 1401
    3615 4240 4114 2734 2509 978 4527 4942 4857 1140 2075 1147 4269 3360 1507 1542 1537 1528 1518 1511 3742
    3751 3756 3721 3725 3732 5708 5695 2081 0 4275 6200 6213 6346 6461 5518 5957 5841 5702 5711 5533 6216 6207
    6470 5517 5966""".split(), np.int32)


def read(path, expression_scale=.2):
    """The MorphableModel of an ICT-FaceKit folder, 16,434 vertices.

    Shape modes are the kit's identities, each the neutral face plus one standard deviation. Expressions are blend
    shapes, in the order of EXPRESSIONS, with weights in 0..1 and no statistics; we take a standard deviation of 0.2,
    for all 57 act at once and half of the draws run a blend shape backward, which looks human only while it is small.
    Those that ARKit has too, 51, are the model's `blendshapes` at full weight, in ARKit's names.
    The origin stays where the kit has it, between the ears at the height of the nose's tip, as in the Basel Face Model:
    the pivot of a head. The irises lie hidden behind the corneas; the albedo paints them on these.

    Args:
      path: the folder `FaceXModel`, or the folder that holds it.
      expression_scale: the blend shape weight that one standard deviation of an expression coefficient stands for.

    Raises:
      ValueError: the folder or one of its files is not as the kit has it.
    """
    folder = _find(os.fspath(path))
    template = os.path.join(folder, TEMPLATE)
    kept = np.concatenate([SKIN, MOUTH_INSIDE, EYEBALLS])
    renumbered = np.full(VERTICES, -1)
    renumbered[kept] = np.arange(len(kept))
    triangles, landmarks = renumbered[_triangles(template)], renumbered[LANDMARKS]
    triangles = triangles[(triangles >= 0).all(1)]

    vertices = _vertices(template)[kept]
    modes = [(_vertices(os.path.join(folder, f"{name}.obj"))[kept] - vertices).astype(np.float32)
             for name in IDENTITIES + EXPRESSIONS]
    shape_modes, expression_modes = np.array(modes[:len(IDENTITIES)]), np.array(modes[len(IDENTITIES):])
    return checks.assemble(template, vertices, shape_modes, None, expression_scale * expression_modes, triangles, landmarks,
                           _named(expression_modes), name="ICT-FaceKit", eyeballs=np.isin(kept, EYEBALLS),
                           mouth_inside=np.isin(kept, MOUTH_INSIDE))


def _named(expressions):
    """{name of ARKit: [V, 3]} of the expressions [E, V, 3]; both halves of what ARKit moves as a whole are added."""
    found = {}
    for name, shape in zip(EXPRESSIONS, expressions, strict=True):
        whole, _, side = name.partition("_")
        sided = whole + {"L": "Left", "R": "Right", "": ""}[side]
        name = sided if sided in blendshapes.ARKIT else whole
        found[name] = found[name] + shape if name in found else shape
    return {name: found[name] for name in blendshapes.ARKIT if name in found}


def _find(path):
    """The folder with the OBJ files: the path, or FaceXModel in it."""
    if os.path.isfile(path):
        raise ValueError(f"{path}: found a file, expected ICT-FaceKit's folder FaceXModel; unpack the archive "
                         f"(tar -xf {os.path.basename(path)}) and give the folder")
    for folder in (path, os.path.join(path, "FaceXModel")):
        if os.path.isfile(os.path.join(folder, TEMPLATE)):
            return folder
    raise ValueError(f"{path}: found no {TEMPLATE} in it nor in its FaceXModel, expected ICT-FaceKit's folder; "
                     "get it from github.com/ICT-VGL/ICT-FaceKit, or give the file of another model")


def _vertices(path):
    """The vertices of an OBJ file, [26719, 3] mm."""
    text = _text(path)
    # They are one block of lines "v x y z", which NumPy reads four times as fast as Python.
    first, last = text.find("\nv "), text.rfind("\nv ")
    block = text[first:text.find("\n", last + 1)].replace("\nv ", " ")
    try:
        return np.fromstring(block, sep=" ").reshape(VERTICES, 3) * MILLIMETERS
    except ValueError as error:
        raise ValueError(f"{path}: found unreadable or missing vertices ({error}), expected {VERTICES} lines "
                         "'v x y z'; unpack ICT-FaceKit again") from error


def _text(path):
    if not os.path.isfile(path):
        raise ValueError(f"{path}: found no such file, expected a neutral face, {len(IDENTITIES)} identities and "
                         f"{len(EXPRESSIONS)} expressions beside each other; unpack ICT-FaceKit again")
    with open(path, encoding="ascii", errors="replace") as file:
        return file.read()


def _triangles(path):
    """[F, 3] indices from 0 of an OBJ file's faces "f 874/1 12/2 871/3 873/4"; a quad becomes two triangles."""
    lines = [line for line in _text(path).splitlines() if line.startswith("f ")]
    faces = [[int(corner.split("/")[0]) - 1 for corner in line.split()[1:]] for line in lines]
    triangles = np.array([(face[0], *pair) for face in faces for pair in itertools.pairwise(face[1:])])
    if triangles.size == 0 or triangles.max() >= VERTICES:
        raise ValueError(f"{path}: found {len(faces)} faces, with indices up to {triangles.max(initial=-1) + 1}, "
                         f"expected faces of {VERTICES} vertices; unpack ICT-FaceKit again")
    return triangles
