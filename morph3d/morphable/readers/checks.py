"""Checks that what a file holds is a face in our conventions (size, axes, winding, spread, colors), and the model made of it."""
import os
import pathlib

import numpy as np

from morph3d.mesh import arrays, normals
from morph3d.morphable.model import MorphableModel, digest

# Nothing in most files states their unit, so ask the face: its outer eye corners are about 90 mm apart.
EYES = 60., 130.
UNITS = {"meters": 1e3, "decimeters": 1e2, "centimeters": 1e1, "micrometers": 1e-3}

# Where the origin of a head lies, between the ears, in mm from the middle of the outer eye corners.
PIVOT = 0., -32., -87.

# Root mean square over the vertices of how far people differ from the mean, mm: some 3 to 10 in all models known. With
# standard deviations in the place of variances it is below a half, the other way round it is meters.
SPREAD = .8, 100.


def assemble(path, vertices, shape_modes, colors, expression_modes, triangles, landmarks, blendshapes=None,
             uvs=None, name=None, **parts):
    """The MorphableModel, if its neutral face is one in our conventions.

    Args:
      path: the file, for the messages.
      vertices: [V, 3] mm, the neutral face; +x the subject's left, +y up, +z out of the face.
      shape_modes: [S, V, 3] mm, one standard deviation each.
      colors: (mean [V, 3], modes [T, V, 3]) sRGB in 0..1; None: the albedo paints them.
      expression_modes: [E, V, 3] mm, or None.
      triangles: [F, 3] vertex indices, counter-clockwise from outside.
      landmarks: [68] vertex indices.
      blendshapes: {name: [V, 3] mm}, or None.
      uvs: an Atlas of the triangles, or None.
      name: the model's name; None: that of the file without its ending.
      **parts: masks [V] of eyeballs, teeth and so on for the painter, by the names of albedo.Parts.

    Raises:
      ValueError: an array of another shape, unit, direction or winding.
    """
    painted = colors is None
    if painted:
        colors = _painted(path, vertices, triangles, landmarks, parts)
    model = MorphableModel.from_arrays(name or pathlib.Path(os.fspath(path)).stem, vertices, shape_modes, *colors,
                                       expression_modes, triangles, landmarks, blendshapes, uvs)
    _check_axes(path, vertices[landmarks])
    _check_winding(path, vertices, triangles, vertices[landmarks[30]])
    _check_spread(path, shape_modes)
    if painted:
        from morph3d.morphable import albedo  # as in _painted
        # Of what is painted by the painter's version: the last bits of the colors are those of a machine and its threads.
        model.fingerprint = digest(model.mean_vertices, model.shape_basis, model.expression_basis, model.triangles,
                                   model.landmarks, np.array(albedo.VERSION))
    return model


def from_pivot(vertices, points):
    """The vertices [V, 3] mm of a face with landmarks [68, 3], moved so that the origin lies between the ears, a head's pivot."""
    return vertices - (points[36] + points[45]) / 2. - PIVOT


def outward(path, vertices, triangles, points):
    """The triangles, or all of them turned round, so that they face +z at the nose's tip of the landmarks, [68, 3].

    For files whose winding nobody has stated. ValueError where they name no vertices.
    """
    triangles = arrays.indices(f"{path}: triangles", triangles, ("F", 3), len(vertices))
    return triangles if _facing(vertices, triangles, points[30]) >= 0. else triangles[:, ::-1]


def has_shape(array, shape):
    """Whether an array has the shape, in which None stands for any length but 0."""
    return array.size > 0 and len(array.shape) == len(shape) and all(
        want in (None, have) for want, have in zip(shape, array.shape, strict=True))


def check_size(path, right_eye, left_eye):
    """Refuses a face whose outer eye corners, [3] each, are not apart as those of an adult in millimeters."""
    if not np.isfinite([right_eye, left_eye]).all():
        raise ValueError(f"{path}: found outer eye corners that are not finite, expected positions in mm; get the file again")
    eyes = np.linalg.norm(left_eye - right_eye)
    if not EYES[0] < eyes < EYES[1]:
        unit = next((f"from {name} " for name, size in UNITS.items() if EYES[0] < eyes * size < EYES[1]), "")
        raise ValueError(f"{path}: found outer eye corners {eyes:.3g} apart, expected about 90 mm; convert the file "
                         f"{unit}to millimeters")


def color_range(path, colors):
    """The largest color: 255 if the mean colors are 8-bit, as in Basel 2009, or 1."""
    brightest = np.max(colors, initial=0.)
    if brightest > 300.:
        raise ValueError(f"{path}: found mean colors up to {brightest:g}, expected them in 0..1 or 0..255; scale the colors, "
                         "mean and modes")
    return 255. if brightest > arrays.BRIGHTEST else 1.


def _painted(path, vertices, triangles, landmarks, parts):
    from morph3d.morphable import albedo  # here, for it is much code that most models do without
    triangles = arrays.indices(f"{path}: triangles", triangles, ("F", 3), len(vertices))  # before they are used
    facing = normals.vertex_normals(vertices, triangles)
    colors = albedo.paint(vertices, vertices[landmarks], facing, albedo.Parts(**parts))
    return colors.mean, colors.modes


def _check_axes(path, points):
    """points: [68, 3] landmarks."""
    eyes = (points[36] + points[45]) / 2.
    across, up, out = points[45] - points[36], eyes - (points[48] + points[54]) / 2., points[30] - eyes
    wrong = [f"{name} {_direction(vector)}" for name, vector, axis, least in (
        ("from the right eye to the left", across, 0, .7), ("from the mouth to the eyes", up, 1, .7),
        ("from the eyes to the nose's tip", out, 2, 0.)) if not vector[axis] > least * np.linalg.norm(vector)]
    if wrong:
        raise ValueError(f"{path}: found the direction {', '.join(wrong)}, expected +x the subject's left, +y up and +z out of "
                         "the face; turn the mean, the modes and the landmarks of the file")


def _direction(vector):
    return "({:.2f}, {:.2f}, {:.2f})".format(*vector / max(np.linalg.norm(vector), 1e-9))


def _check_winding(path, vertices, triangles, nose):
    if not _facing(vertices, triangles, nose) > 0:
        raise ValueError(f"{path}: found triangles that face inward at the nose's tip, expected them counter-"
                         "clockwise from outside and +z out of the face; swap two rows of the file's list of triangles")


def _facing(vertices, triangles, center, radius=30.):
    """mm^2: the z component of the summed area vectors of the triangles around the center."""
    triangles = triangles[(np.linalg.norm(vertices - center, axis=1) < radius)[triangles].any(1)]
    a, b, c = np.moveaxis(vertices[triangles], 1, 0)
    return np.cross(b - a, c - a)[:, 2].sum()


def _check_spread(path, shape_modes):
    spread = np.sqrt(np.vdot(shape_modes, shape_modes) / shape_modes.shape[1])
    if len(shape_modes) and not SPREAD[0] < spread < SPREAD[1]:
        raise ValueError(f"{path}: found shapes that differ from their mean by {spread:.2g} mm (root mean square), expected some "
                         "millimeters; see whether the file has variances where standard deviations belong, or the reverse")
