"""Albedo for a face mesh that has none: plausible skin, brows, lids, lips, beard, hair and eyes as a linear model.

A painter of named facial color parameters (painter.py), drawn on a canonical face that the 68 landmarks carry onto any
mesh (canonical.py), in the colors that pigments give (pigments.py); a linear model of a population of painted faces
(people.py).
"""
from typing import NamedTuple

import numpy as np

from morph3d.morphable.albedo import anatomy
from morph3d.morphable.albedo.anatomy import Parts
from morph3d.morphable.albedo.painter import Painter
from morph3d.morphable.albedo.parameters import ASYMMETRIC, values
from morph3d.morphable.albedo.people import differences, draw_traits, principal_modes, sample_scores

# Of what `paint` paints. Whoever changes that raises it, and pins the new colors in tests/morphable/test_albedo.py: painted models
# are known by it, or checkpoints would take a model in new colors for the old one.
VERSION = 3


class Albedo(NamedTuple):
    """A linear model of the colors of one mesh."""
    mean: np.ndarray  # [V, 3] float32 sRGB-encoded reflectance, 0..1
    modes: np.ndarray  # [T, V, 3] float32, one standard deviation each
    names: tuple  # T names
    coefficients: np.ndarray  # [N, T] float32 of the people that the modes summarize; left-right differences are 0


def paint(vertices, landmarks, normals, parts=Parts(), people=1200, modes=199, seed=0, traits=None):
    """A linear albedo model for a mesh.

    Args:
      vertices: [V, 3] mm; +x the subject's left, +y up, +z out of the face.
      landmarks: [68, 3] mm, positions of the iBUG-68 landmarks.
      normals: [V, 3] unit.
      parts: Parts, masks [V] of what the model itself knows: without eyeballs the eyes are taken for a part of the skin's mesh.
      people: N, how many painted faces the modes summarize; the time taken is proportional to it.
      modes: T, fewer than people and more than there are left-right differences.
      seed: of the population.
      traits: {name: [N] standard scores} of the people to be painted, where they are known: "tone" (dark skin), "sex" (+1 male, -1
        female), "age", "makeup", "sun" (redder and yellower skin); the others are drawn. See people.draw_traits.

    Returns:
      Albedo with T modes: the principal components of the population, and one per left-right difference.

    Raises:
      ValueError: an array of another shape, too few people, or traits that are none.
    """
    vertices, landmarks, normals = _check(vertices, landmarks, normals, parts)
    if not people > modes > len(ASYMMETRIC):
        raise ValueError(f"people: {people} are too few for {modes} modes, or these for {len(ASYMMETRIC)} left-right differences")
    painter = Painter(anatomy.find(vertices, landmarks, normals, parts))
    rng = np.random.default_rng(seed)
    scores = sample_scores(draw_traits(people, rng, traits), rng)
    faces = np.stack([painter(values(person)) for person in scores])
    names = tuple(f"principal_{number}" for number in range(modes - len(ASYMMETRIC)))
    mean, principal, coefficients = principal_modes(faces, len(names))
    uneven = differences(painter, ASYMMETRIC)
    return Albedo(mean, np.concatenate([principal, uneven]).astype(np.float32), names + ASYMMETRIC,
                  np.pad(coefficients, [(0, 0), (0, len(ASYMMETRIC))]).astype(np.float32))


def _check(vertices, landmarks, normals, parts):
    vertices, landmarks, normals = (np.asarray(a, np.float32) for a in (vertices, landmarks, normals))
    if vertices.ndim != 2 or vertices.shape[1] != 3:
        raise ValueError(f"vertices: shape {vertices.shape}, expected [V, 3]")
    if landmarks.shape != (68, 3):
        raise ValueError(f"landmarks: shape {landmarks.shape}, expected [68, 3] positions in iBUG-68 order")
    if normals.shape != vertices.shape:
        raise ValueError(f"normals: shape {normals.shape}, expected {vertices.shape} as the vertices'")
    for name, array in (("vertices", vertices), ("landmarks", landmarks), ("normals", normals)):
        if not np.isfinite(array).all():
            raise ValueError(f"{name}: not finite, expected numbers")
    if np.linalg.svd(landmarks - landmarks.mean(0), compute_uv=False)[2] < 1.:
        raise ValueError("landmarks: they lie in a plane, expected positions in space, mm")
    for name, mask in parts._asdict().items():
        if mask is not None and np.shape(mask) != (len(vertices),):
            raise ValueError(f"{name}: shape {np.shape(mask)}, expected [{len(vertices)}], one value per vertex")
        if mask is not None and not (np.min(mask) >= 0. and np.max(mask) <= 1.):
            raise ValueError(f"{name}: values from {np.min(mask):g} to {np.max(mask):g}, expected 0..1")
    return vertices, landmarks, normals
