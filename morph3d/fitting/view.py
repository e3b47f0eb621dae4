"""The view of a head in a square picture: seven numbers that fitting solves for, and what its points do when these change.

A point X of the head (model space, mm), turned to Y = R X, is seen in the picture at

    center + scale (Y_x + shift_x, -Y_y - shift_y) / (1 - nearness Y_z),

a perspective camera at the distance 1 / nearness, of which orthographic views are the limit nearness -> 0: written so, pose and
distance do not fight in least squares as they do with a focal length and a translation.
"""
import math
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from morph3d import alignment
from morph3d.scene import Camera, Pose

SIZE = 7
# Per mm: a head is seen from half a meter (a selfie) to two and more; as scene.sample draws it.
NEARNESS, NEARNESS_DEVIATION = .0012, .0005
FARTHEST, NEAREST = .0001, .004  # what steps keep it between: ten meters and a quarter


class View(NamedTuple):
    """How a head is seen."""
    rotation: np.ndarray  # [3] pitch, yaw, roll, radians, as scene.Pose has them
    shift: np.ndarray  # [2] mm to the right and up, of the head's origin from the line through the picture's center of perspective
    log_scale: float  # of pixels per mm, at the distance of the head's origin
    nearness: float  # 1 / mm, of the inverse of that distance

    @classmethod
    def from_vector(cls, vector):
        return cls(vector[:3], vector[3:5], float(vector[5]), float(vector[6]))

    def held(self):
        """The same view, from as far away as cameras are: no head is drawn from behind itself, or from beyond infinity."""
        return self._replace(nearness=float(np.clip(self.nearness, FARTHEST, NEAREST)))

    @property
    def vector(self):
        """[SIZE] float64."""
        return np.concatenate([self.rotation, self.shift, [self.log_scale, self.nearness]])

    @property
    def matrix(self):
        """R [3, 3], as transforms.rotation_matrix."""
        (cx, cy, cz), (sx, sy, sz) = np.cos(self.rotation), np.sin(self.rotation)
        return np.array([[cz * cy - sz * sx * sy, -sz * cx, cz * sy + sz * sx * cy],
                         [sz * cy + cz * sx * sy, cz * cx, sz * sy - cz * sx * cy],
                         [-cx * sy, sx, cx * cy]])

    @property
    def translation(self):
        """[3] mm, from the camera to the head's origin, as scene.Pose has it."""
        return np.array([*self.shift, -1. / self.nearness])

    def project(self, points, center):
        """[N, 3] mm -> [N, 2] pixels; center: [2] pixels, of perspective."""
        turned = points @ self.matrix.T
        seen = math.exp(self.log_scale) * (turned[:, :2] + self.shift) / (1. - self.nearness * turned[:, 2:])
        return seen * [1., -1.] + center

    def moved(self, matrix):
        """The same view in another picture, the pixels of which are those of this one under a similarity [2, 3]."""
        angle, scale = math.atan2(matrix[1, 0], matrix[0, 0]), math.hypot(matrix[0, 0], matrix[1, 0])
        # Pixels have y down: what turns clockwise there turns by -angle about +z, which Rz, the outermost factor of R, does.
        (c, s), (x, y) = (math.cos(angle), math.sin(angle)), self.shift
        return View(self.rotation - [0., 0., angle], np.array([c * x + s * y, c * y - s * x]), self.log_scale + math.log(scale),
                    self.nearness)


def start(positions, pixels, center):
    """The View from the front that brings points [N, 3] mm near pixels [N, 2]; center: [2] pixels."""
    matrix = alignment.similarity(positions[:, :2] * [1., -1.], pixels - center).numpy()
    angle, scale = math.atan2(matrix[1, 0], matrix[0, 0]), math.hypot(matrix[0, 0], matrix[1, 0])
    return View(np.array([0., 0., -angle]), matrix[:, 2] / scale * [1., -1.], math.log(scale), NEARNESS)


class Motion(NamedTuple):
    """What pixels of points do when the view or the points change."""
    of_view: np.ndarray  # [N, 2, SIZE] pixels per unit of the view's vector
    of_points: np.ndarray  # [N, 2, 3] pixels per mm of the head's own axes


def motion(view, points):
    """The Motion of points [N, 3] mm."""
    turned, matrix, scale = points @ view.matrix.T, view.matrix, math.exp(view.log_scale)
    depth = 1. - view.nearness * turned[:, 2]
    plane = turned[:, :2] + view.shift
    down = np.array([1., -1.])
    by_turned = np.zeros([len(points), 2, 3])  # pixels per mm of the camera's axes
    by_turned[:, 0, 0] = by_turned[:, 1, 1] = 1.
    by_turned[:, :, 2] = plane * (view.nearness / depth)[:, None]
    by_turned *= (scale / depth)[:, None, None] * down[:, None]
    of_view = np.zeros([len(points), 2, SIZE])
    of_view[:, :, :3] = np.einsum("nij,ajk,nk->nia", by_turned, turns(view.rotation), points, optimize=True)
    of_view[:, :, 3:5] = by_turned[:, :, :2]
    seen = scale * plane / depth[:, None] * down
    of_view[:, :, 5] = seen
    of_view[:, :, 6] = seen * (turned[:, 2] / depth)[:, None]
    return Motion(of_view, by_turned @ matrix)


def turns(rotation):
    """[3, 3, 3], the derivatives of R with respect to pitch, yaw and roll."""
    pitch, yaw, roll = rotation
    (cx, cy, cz), (sx, sy, sz) = np.cos(rotation), np.sin(rotation)
    about_x, about_y, about_z = (np.array(rows) for rows in (
        [[1., 0., 0.], [0., cx, -sx], [0., sx, cx]], [[cy, 0., sy], [0., 1., 0.], [-sy, 0., cy]],
        [[cz, -sz, 0.], [sz, cz, 0.], [0., 0., 1.]]))
    # The derivative of a turn about an axis is the turn after the axis' own cross product.
    cross = np.cross(np.eye(3)[:, None], np.eye(3)[None]).transpose(0, 2, 1)
    return np.stack([about_z @ cross[0] @ about_x @ about_y, about_z @ about_x @ cross[1] @ about_y,
                     cross[2] @ about_z @ about_x @ about_y])


def scene_parts(view, center, size):
    """The Pose and the Camera of a View in a picture of size x size pixels, as the renderer takes them, a batch of one."""
    field = 2. * math.atan(size * view.nearness / (2. * math.exp(view.log_scale)))
    x, y = (2. * np.asarray(center) / size - 1.) * [1., -1.]
    return (Pose(tf.constant(view.rotation[None], tf.float32), tf.constant(view.translation[None], tf.float32)),
            Camera(tf.constant([field], tf.float32), tf.constant([[[1., 0., x], [0., 1., y]]], tf.float32)))
