"""A small face in the layout of Basel's HDF5 files, written number by number."""
import json

import h5py
import numpy as np
from scipy import spatial

from morph3d.morphable.landmarks import AVERAGE_FACE
from morph3d.morphable.readers import basel, basel_landmarks

NAMES = basel_landmarks.NAMES
TURN = spatial.transform.Rotation.from_euler("xyz", [4., -6., 3.], degrees=True)


def face_points():
    """[68, 3] mm: landmarks wider, turned and elsewhere than the average face that fills what a file does not name."""
    x, y, z = (AVERAGE_FACE - AVERAGE_FACE[30]).T
    # A narrower forehead, a wider and longer lower face: no similarity does that.
    return TURN.apply(np.stack([x * (1. - .004 * y), y - .0015 * y * np.abs(y), z], 1)) + np.array([3., -5., 110.])


def front(points):
    """[F, 3] triangles between points seen from the front, counter-clockwise from +z."""
    triangles = spatial.Delaunay(points[:, :2]).simplices
    a, b, c = np.moveaxis(points[triangles], 1, 0)
    inward = np.cross(b - a, c - a)[:, 2] < 0
    triangles[inward] = triangles[inward][:, ::-1]
    return triangles


class FaceFile:
    """A face of 68 vertices, its landmarks, in the layout of 2017; a test changes `datasets` before it is read."""

    def __init__(self, path):
        random = np.random.default_rng(0)
        self.path = path
        self.points = face_points()
        self.landmarks = [{"id": name, "coordinates": self.points[i].tolist()} for name, i in NAMES.items()]
        self.datasets = {"shape/representer/cells": front(self.points).T.astype(np.uint32), "version/majorVersion": 0,
                         "metadata/landmarks/json": json.dumps(self.landmarks).encode()}
        self.basis = {}
        for group, mean, size in (("shape", self.points, 5), ("color", random.uniform(0, 1, (68, 3)), 4),
                                  ("expression", random.normal(size=(68, 3)), 3)):
            self.basis[group] = np.linalg.qr(random.normal(size=(204, size)))[0]
            self.datasets |= {f"{group}/model/mean": mean.ravel().astype(np.float32),
                              f"{group}/model/pcaBasis": self.basis[group].astype(np.float32),
                              f"{group}/model/pcaVariance": np.array([25., 16., 9., 4., 1.][:size], np.float32),
                              f"{group}/model/noiseVariance": np.zeros(1, np.float32)}

    def without(self, *beginnings):
        self.datasets = {name: value for name, value in self.datasets.items() if not name.startswith(beginnings)}

    def write(self):
        with h5py.File(self.path, "w") as file:
            for name, value in self.datasets.items():
                file[name] = value
        return self.path

    def read(self):
        return basel.read(self.write())
