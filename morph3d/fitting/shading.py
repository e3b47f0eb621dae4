"""Phong's shading of single points and its derivatives, for least squares; renderer/phong.py draws the pictures."""
from typing import NamedTuple

import numpy as np

from morph3d.fitting import lighting
from morph3d.renderer.phong import SHININESS, SPECULAR


class Shaded(NamedTuple):
    """The light that points send to the camera, and what it changes with; linear RGB."""
    of_light: np.ndarray  # [P, COUNT, 3], per intensity of each light: the light sent is their sum, weighted by the intensities
    of_albedo: np.ndarray  # [P, 3]
    of_normal: np.ndarray  # [P, 3, 3] colors by axes
    of_places: np.ndarray  # [P, 3, COUNT - 1, 2] colors by elevations and azimuths


def shade(albedo, normals, positions, light, places, around):
    """The Shaded of points in the camera's frame, as phong.shade has it.

    I = Ka Kd + sum_l I_l (Kd n.l + Ks max(r.v, 0)^s) [n.l > 0], r = 2 (n.l) n - l, Ks = c (1 - Kd).

    Args:
      albedo: [P, 3] linear RGB, Kd.
      normals: [P, 3], of length 1.
      positions: [P, 3] mm.
      light: [COUNT, 3] linear RGB, see lighting.py.
      places: [COUNT - 1, 2] radians.
      around: [3] mm, the place that lights stand around.
    """
    to_light = _unit(lighting.DISTANCE * lighting.directions(places) + around - positions[:, None])  # [P, L, 3]
    to_eye = _unit(-positions)
    facing = np.einsum("pld,pd->pl", to_light, normals)
    lit = facing > 0.
    facing, toward = np.where(lit, facing, 0.), np.einsum("pd,pd->p", normals, to_eye)[:, None]
    mirrored = np.where(lit, np.maximum(2. * facing * toward - np.einsum("pld,pd->pl", to_light, to_eye), 0.), 0.)
    shine, specular = mirrored**SHININESS, SPECULAR * (1. - albedo)
    of_light = np.concatenate([albedo[:, None] * facing[..., None] + specular[:, None] * shine[..., None], albedo[:, None]], 1)
    lamps = light[:-1]
    of_albedo = (facing - SPECULAR * shine) @ lamps + light[-1]
    steep = 2. * SHININESS * mirrored**(SHININESS - 1.)
    # d(n.l) = l, d(r.v) = 2 ((n.v) l + (n.l) v), for each light times its intensity.
    by_light = np.einsum("pl,lc,pld->pcd", lit * 1., lamps, to_light, optimize=True) * albedo[..., None]
    by_shine = np.einsum("pl,lc,pld->pcd", steep * toward, lamps, to_light, optimize=True) + \
        np.einsum("pl,lc,pd->pcd", steep * facing, lamps, to_eye, optimize=True)
    # By l, d(n.l) = n and d(r.v) = 2 (n.v) n - v; lights are so far away that they turn alike for all points.
    turns = lighting.turned(places)
    by_normal = np.einsum("pl,pd,ldt->plt", lit * 1., normals, turns, optimize=True)
    by_mirrored = np.einsum("pl,pd,ldt->plt", steep, toward * normals - to_eye / 2., turns, optimize=True)
    of_places = np.einsum("lc,plct->pclt", lamps, albedo[:, None, :, None] * by_normal[:, :, None] +
                          specular[:, None, :, None] * by_mirrored[:, :, None])
    return Shaded(of_light, of_albedo, by_light + specular[..., None] * by_shine, of_places)


def _unit(vectors):
    return vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)
