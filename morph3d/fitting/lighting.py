"""The light of a photo: point lights all around, near where they begin, and an ambient one, of unknown intensities.

A picture is linear in the intensities, so that no start can be wrong; a light between the places where lights begin is nearly that
of those next to it. Then they move, and those around a light meet in it.
"""
import functools
import math
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from morph3d import scene
from morph3d.scene import PointLights

DISTANCE = 3000.  # mm
# Degrees of elevation and azimuth, around the half space before the face that scene.sample_lights draws from.
ELEVATIONS, FARTHEST, AROUND = (-30., -5., 20., 45., 70.), 80., 10  # rows; the largest azimuth; lights in a row at eye level
MOVED = .2  # radians, by which they are likely to move
SAMPLES = 4000  # lights that the prior is made of
NORMALS = 400  # directions that lights are compared by

# [L, 2] elevations and azimuths in radians, where lights begin.
PLACES = np.radians([(elevation, azimuth) for elevation in ELEVATIONS
                     for azimuth in np.linspace(-FARTHEST, FARTHEST, int(AROUND * math.cos(math.radians(elevation))))])
COUNT = len(PLACES) + 1  # with the ambient one, which is the last


def directions(places):
    """Elevations and azimuths [L, 2] in radians -> unit vectors [L, 3] in the camera's frame, from the face to the lights."""
    (sine, side), (cosine, ahead) = np.sin(places.T), np.cos(places.T)
    return np.stack([cosine * side, sine, cosine * ahead], -1)


def turned(places):
    """[L, 3, 2], the derivatives of `directions` by elevation and azimuth."""
    (sine, side), (cosine, ahead) = np.sin(places.T), np.cos(places.T)
    return np.stack([np.stack([-sine * side, cosine, -sine * ahead], -1),
                     np.stack([cosine * ahead, 0. * sine, -cosine * side], -1)], -1)


class Prior(NamedTuple):
    """What light is likely, before a photo is seen: a normal distribution of intensities [COUNT, 3], flattened."""
    mean: np.ndarray  # [COUNT * 3] linear RGB
    precision: np.ndarray  # [COUNT * 3, COUNT * 3]


@functools.cache
def prior():
    """The Prior of the light that the network was trained in, scene.sample_lights."""
    drawn = scene.sample_lights(SAMPLES, [0, 0])
    towards = drawn.positions.numpy() / np.linalg.norm(drawn.positions, axis=-1, keepdims=True)
    normals = np.random.default_rng(0).standard_normal([NORMALS, 3])
    normals[:, 2] = np.abs(normals[:, 2])  # those that a camera sees
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    def received(from_where):
        return np.maximum(from_where @ normals.T, 0.)

    wanted = np.einsum("sln,slc->snc", received(towards), drawn.intensities.numpy())
    among = received(directions(PLACES))
    shares = np.linalg.solve(among @ among.T + .01 * NORMALS * np.eye(len(among)), among)
    samples = np.concatenate([np.einsum("kn,snc->skc", shares, wanted), drawn.ambient.numpy()[:, None]], 1).reshape(SAMPLES, -1)
    return Prior(samples.mean(0), np.linalg.inv(np.cov(samples.T) + 1e-4 * np.eye(samples.shape[1])))


def point_lights(intensities, places, around):
    """The PointLights, a batch of one.

    Args:
      intensities: [COUNT, 3] linear RGB.
      places: [COUNT - 1, 2], see `directions`.
      around: [3] mm, the place of the face in the world.
    """
    return PointLights(tf.constant((DISTANCE * directions(places) + around)[None], tf.float32),
                       tf.constant(intensities[None, :-1], tf.float32), tf.constant(intensities[None, -1], tf.float32))
