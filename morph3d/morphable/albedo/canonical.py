"""The canonical face: the average face (landmarks.AVERAGE_FACE), on which every mask is drawn once, and the warp onto it."""
from typing import NamedTuple

import numpy as np
from scipy.interpolate import RBFInterpolator

from morph3d.morphable.landmarks import AVERAGE_FACE

_HEAD_AXIS_Z = -82.  # mm: the vertical axis of the cranium lies this far behind the eyes


class CanonicalFace(NamedTuple):
    """A mesh seen on the canonical face; every field is [V]."""
    across: np.ndarray  # mm to the subject's left (negative: right)
    x: np.ndarray  # mm from the midline, never negative
    y: np.ndarray  # mm above the eyes
    z: np.ndarray  # mm before the eyes
    azimuth: np.ndarray  # degrees around the cranium: 0 the nose, 90 the ears, 180 the nape
    facing: np.ndarray  # z of the unit normal
    upward: np.ndarray  # y of the unit normal
    outward: np.ndarray  # the unit normal's part away from the midline


def warp(vertices, landmarks, normals, smoothing=20.):
    """Maps vertices onto the canonical face by the spline that takes the landmarks to the canonical ones.

    A biharmonic spline in space (kernel r, affine part), slightly smoothed, nearly affine far from the landmarks.

    Args:
      vertices, normals: [V, 3] mm, unit.
      landmarks: [68, 3] mm.
      smoothing: mm, larger is smoother.
    """
    spline = RBFInterpolator(landmarks, AVERAGE_FACE, kernel="linear", smoothing=smoothing, degree=1)
    x, y, z = spline(vertices).T.astype(np.float32)
    azimuth = np.degrees(np.arctan2(np.abs(x), z - _HEAD_AXIS_Z))
    return CanonicalFace(x, np.abs(x), y, z, azimuth, normals[:, 2], normals[:, 1], normals[:, 0] * np.sign(x))
