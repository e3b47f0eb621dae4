"""Five landmarks of a scan that has none: it is drawn from several sides, the face is looked for, and its points are lifted."""
import itertools
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from morph3d import images, scene
from morph3d.evaluation.geometry import landmark_files
from morph3d.mesh import registration
from morph3d.morphable import landmarks
from morph3d.photos import face_detection
from morph3d.renderer import transforms
from morph3d.renderer.render import render

SIZE = 320  # pixels of a picture
EXTENT = 260.  # mm, to which a scan's longest side is scaled to be drawn
YAWS = 0., -.5, .5  # radians; faces are found up to three quarters of a profile
SKIN = .8, .66, .58  # sRGB of a scan without colors
PLAUSIBLE = 7.  # mm of an average face, root mean square over the five points: about half of what hollow or turned faces have


def detect(mesh):
    """The five landmarks by which photos are framed, found in pictures of a scan of any size and orientation.

    Of all orientations along the axes, upright ones first, the one counts whose points fit an average face best; it is then drawn
    once more from the front, where the points are most exact. A face seen through the back of its scan is hollow and fits badly.

    Args:
      mesh: Mesh of any units.

    Returns:
      {name: [3]} in the mesh's units, those of landmark_files.FIVE.

    Raises:
      ValueError: no face is found.
    """
    best = _Found(np.inf, None)
    for turn in _turns():
        best = min([best, *(_look(mesh, _yaw(yaw) @ turn) for yaw in YAWS)], key=lambda found: found.misfit)
        if best.misfit < PLAUSIBLE:
            break
    if not best.misfit < PLAUSIBLE:
        raise ValueError("no face is found in the scan; give its landmarks in a file beside it, NAME_landmarks.csv with a line "
                         f"'name,x,y,z' for each of {', '.join(landmark_files.FIVE)}")
    front = _look(mesh, registration.from_points(best.points, _average()).rotation)
    better = min(best, front, key=lambda found: found.misfit)
    return dict(zip(landmark_files.FIVE, better.points, strict=True))


class _Found(NamedTuple):
    misfit: float  # mm, how far the points are from those of an average face; infinite where there are none
    points: np.ndarray | None  # [5, 3], in the mesh's units


def _look(mesh, rotation):
    """What is found in the picture of a scan turned by a rotation [3, 3]."""
    low, high = mesh.vertices.min(0), mesh.vertices.max(0)
    scale = EXTENT / max((high - low).max(), 1e-30)
    placed = scale * (mesh.vertices - (low + high) / 2.) @ rotation.T
    colors = np.broadcast_to(np.float32(SKIN), mesh.vertices.shape) if mesh.colors is None else mesh.colors
    seen = render(placed[None].astype(np.float32), colors[None], mesh.triangles, scene.studio(), SIZE)
    pixels = face_detection.detect(images.to_pixels(seen.image[0].numpy()))
    points = None if pixels is None else _lift(mesh, seen, pixels)
    if points is None:
        return _Found(np.inf, None)
    average = _average()
    placed = registration.from_points(points, average).apply(points)
    return _Found(float(np.sqrt(np.square(placed - average).sum(1).mean())), points)


def _lift(mesh, seen, pixels):
    """The points [5, 3] of the mesh that are seen at pixels [5, 2]; None where one shows background."""
    columns, rows = np.clip(pixels.astype(int), 0, SIZE - 1).T
    triangles, weights = seen.triangle_ids[0].numpy()[rows, columns], seen.barycentrics[0].numpy()[rows, columns]
    if (triangles < 0).any():
        return None
    return np.einsum("nk,nkd->nd", weights, np.float64(mesh.vertices)[mesh.triangles[triangles]])


def _average():
    return landmarks.five_points(landmarks.AVERAGE_FACE).numpy()


def _turns():
    """The 24 rotations that bring axes to axes, from the least turn to the greatest; ties by how upright they leave the scan."""
    turns = [np.eye(3)[list(order)] * np.array(signs)[:, None]
             for order in itertools.permutations(range(3)) for signs in itertools.product((1., -1.), repeat=3)]
    proper = [turn for turn in turns if np.linalg.det(turn) > 0.]
    return sorted(proper, key=lambda turn: (turn[1, 1] < 1., -np.trace(turn)))


def _yaw(angle):
    return transforms.rotation_matrix(tf.constant([[0., angle, 0.]]))[0].numpy()
