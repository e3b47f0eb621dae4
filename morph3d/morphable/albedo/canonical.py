"""The canonical face: an average face in mm on which every mask of the albedo is drawn once, and the warp onto it.

Origin between the inner corners of the eyes; +x the subject's left, +y up, +z out of the face.
"""
from typing import NamedTuple

import numpy as np
from scipy.interpolate import RBFInterpolator

from morph3d.morphable.landmarks import MIRROR

# The left half of the iBUG-68 landmarks of an average adult face: index -> position, mm. The right half mirrors it.
_LEFT_HALF = {
    8: (0, -110, 12), 9: (15, -107, 10), 10: (30, -103, -4), 11: (43, -96, -18), 12: (57, -79, -31), 13: (66, -58, -40),
    14: (69, -39, -47), 15: (73, -19, -53), 16: (74, 3, -55),
    22: (12, 25, 15), 23: (24, 28, 13), 24: (38, 29, 6), 25: (49, 26, -2), 26: (58, 18, -13),
    27: (0, 3, 15), 28: (0, -8, 23), 29: (0, -18, 31), 30: (0, -30, 39),
    33: (0, -46, 24), 34: (6, -45, 22), 35: (12.5, -45, 17),
    42: (18, -1.5, 0), 43: (28, 5, 3), 44: (39, 5, 2), 45: (45, 0, -6), 46: (39, -3, 0), 47: (27, -3, 2),
    51: (0, -59, 26), 52: (7, -58, 25), 53: (17, -62, 20), 54: (25, -69, 10), 55: (18, -75, 17), 56: (10, -77, 22),
    57: (0, -78, 23.5), 62: (0, -67, 21), 63: (10, -67, 19), 64: (22, -69, 9), 65: (11, -68, 18), 66: (0, -68, 20.5)}
_HEAD_AXIS_Z = -82.  # mm: the vertical axis of the cranium lies this far behind the eyes


def _landmarks():
    positions = np.zeros([68, 3])
    for left, position in _LEFT_HALF.items():
        positions[MIRROR[left]] = np.array(position) * [-1, 1, 1]
        positions[left] = position
    return positions


LANDMARKS = _landmarks()  # [68, 3] mm, symmetric


class CanonicalFace(NamedTuple):
    """A mesh seen on the canonical face; every field is [V]."""
    across: np.ndarray  # mm to the subject's left (negative: right)
    x: np.ndarray  # mm from the midline, never negative
    y: np.ndarray  # mm above the eyes
    z: np.ndarray  # mm before the eyes
    azimuth: np.ndarray  # degrees around the cranium: 0 the nose, 90 the ears, 180 the nape
    facing: np.ndarray  # z of the unit normal
    upward: np.ndarray  # y of the unit normal


def warp(vertices, landmarks, normals, smoothing=20.):
    """Maps vertices onto the canonical face by the spline that takes the landmarks to the canonical ones.

    A biharmonic spline in space (kernel r, affine part), slightly smoothed, nearly affine far from the landmarks.

    Args:
      vertices, normals: [V, 3] mm, unit.
      landmarks: [68, 3] mm.
      smoothing: mm, larger is smoother.
    """
    spline = RBFInterpolator(landmarks, LANDMARKS, kernel="linear", smoothing=smoothing, degree=1)
    x, y, z = spline(vertices).T.astype(np.float32)
    azimuth = np.degrees(np.arctan2(np.abs(x), z - _HEAD_AXIS_Z))
    return CanonicalFace(x, np.abs(x), y, z, azimuth, normals[:, 2], normals[:, 1])
