"""Heads for tests: an ellipsoid with a nose and smooth random relief, known everywhere, so that it can be meshed in many ways."""
import dataclasses

import numpy as np
import trimesh
from scipy.spatial.transform import Rotation

from morph3d.evaluation.geometry.scans import Scan
from morph3d.mesh.mesh import Mesh
from morph3d.mesh.registration import Similarity
from morph3d.morphable.landmarks import AVERAGE_FACE, NAMES

CENTER = np.array([0., -35., -80.])  # of the ellipsoid, in the frame of the average face


@dataclasses.dataclass(frozen=True, eq=False)
class Head:
    """What protocols take as a face."""
    vertices: np.ndarray  # [V, 3] mm
    triangles: np.ndarray  # [F, 3]
    landmarks: np.ndarray  # [68, 3] mm


def positions(directions, seed, relief=.02, nose=1.):
    """The points [N, 3] mm of the head of that seed in directions [N, 3]."""
    random = np.random.default_rng(seed)
    radius = 1. / np.linalg.norm(directions / [78., 115., 98.], axis=1)
    for _ in range(6):
        radius = radius * (1. + relief * np.sin(3. * directions @ random.normal(size=3) + random.uniform(0., 6.)))
    tip = AVERAGE_FACE[30] - CENTER
    near = np.exp(-.5 * np.square(directions - tip / np.linalg.norm(tip)) @ [60., 25., 25.])
    return CENTER + (radius + 25. * nose * near)[:, None] * directions


def face(seed, subdivisions=4, turn=None, beyond=-.3, **form):
    """The front of a head, z above `beyond` on the unit sphere, as a face with landmarks; `turn` [3, 3] turns its tessellation."""
    sphere = trimesh.creation.icosphere(subdivisions)
    directions = sphere.vertices if turn is None else sphere.vertices @ turn.T
    triangles = sphere.faces[(directions[sphere.faces][..., 2] > beyond).all(1)]
    used, numbers = np.unique(triangles, return_inverse=True)
    to_landmarks = AVERAGE_FACE - CENTER
    landmarks = positions(to_landmarks / np.linalg.norm(to_landmarks, axis=1, keepdims=True), seed, **form)
    return Head(vertices=positions(directions[used], seed, **form), landmarks=landmarks,
                triangles=numbers.reshape(-1, 3).astype(np.int32))


def scan(of, names=tuple(NAMES)):
    return Scan("someone", Mesh(of.vertices, of.triangles), {name: of.landmarks[NAMES[name]] for name in names})


def moved(of, similarity):
    return Head(vertices=similarity.apply(of.vertices), triangles=of.triangles,
                landmarks=similarity.apply(of.landmarks))


def random_similarity(random, degrees, largest_scale=1.25, shift=20.):
    axis, direction = random.normal(size=(2, 3))
    rotation = Rotation.from_rotvec(np.radians(degrees) * axis / np.linalg.norm(axis)).as_matrix()
    return Similarity(float(np.exp(random.uniform(-1., 1.) * np.log(largest_scale))), rotation,
                      shift * direction / np.linalg.norm(direction))
