"""Landmarks of scans that come without: where they are, from which side, and when there are none."""
import dataclasses

import numpy as np
import pytest
import trimesh
from scipy.spatial.transform import Rotation

from morph3d import scene
from morph3d.evaluation.geometry import landmark_files, scan_detection
from morph3d.mesh import readers
from morph3d.mesh.mesh import Mesh
from morph3d.morphable import landmarks
from morph3d.photos import face_detection
from morph3d.renderer import transforms


@pytest.fixture(scope="module")
def head(small_embedded):
    return Mesh(small_embedded.mean_vertices.numpy(), small_embedded.triangles.numpy())


@pytest.fixture(scope="module")
def truth(small_embedded):
    return landmarks.five_points(small_embedded.mean_vertices.numpy()[small_embedded.landmarks.numpy()]).numpy()


def turned(mesh, rotation, scale=1., shift=(0., 0., 0.)):
    return dataclasses.replace(mesh, vertices=scale * mesh.vertices @ rotation.T + shift)


def test_points_of_a_gray_head_are_found_to_a_centimeter(head, truth):
    found = scan_detection.detect(head)
    assert tuple(found) == landmark_files.FIVE
    assert np.linalg.norm(np.stack(list(found.values())) - truth, axis=1).max() < 12.


@pytest.mark.parametrize("angles", [(90, 0, 0), (0, 90, 0), (0, 0, 90), (180, 0, 0), (0, -30, 0), (95, 5, -5)])
def test_points_are_found_however_the_head_is_turned_scaled_and_placed(head, truth, angles):
    rotation = Rotation.from_euler("xyz", angles, degrees=True).as_matrix()
    found = scan_detection.detect(turned(head, rotation, .001, (3., -2., 1.)))
    back = (np.stack(list(found.values())) - [3., -2., 1.]) / .001 @ rotation
    assert np.linalg.norm(back - truth, axis=1).max() < 12.


def test_points_lie_on_the_surface(head):
    """The oracle is trimesh's exact closest point."""
    found = np.stack(list(scan_detection.detect(head).values()))
    _, distances, _ = trimesh.proximity.closest_point_naive(trimesh.Trimesh(head.vertices, head.triangles, process=False), found)
    assert distances.max() < .01


def test_an_object_that_is_no_face_is_told():
    ball = trimesh.creation.icosphere(3)
    with pytest.raises(ValueError, match="no face is found in the scan; give its landmarks in a file beside it"):
        scan_detection.detect(Mesh(ball.vertices, ball.faces))


def test_the_mask_of_a_face_is_not_taken_for_the_face(head, truth):
    """A mirrored head looks like one; but inside out, seen from behind, the nose goes the wrong way."""
    front = head.triangles[(head.vertices[head.triangles, 2] > 0.).all(1)]
    found = np.stack(list(scan_detection.detect(Mesh(head.vertices @ np.diag([-1., 1., -1.]), front)).values()))
    assert np.linalg.norm(found @ np.diag([-1., 1., -1.]) - truth, axis=1).max() < 12.


def test_points_that_are_no_face_in_depth_are_refused(head, truth, monkeypatch):
    """Where a detector takes the hollow back of a mask for a face."""
    front = Mesh(head.vertices, head.triangles[(head.vertices[head.triangles, 2] > 0.).all(1)])
    behind = Rotation.from_euler("y", 180, degrees=True).as_matrix()
    low, high = front.vertices.min(0), front.vertices.max(0)
    placed = scan_detection.EXTENT / (high - low).max() * (truth - (low + high) / 2.) @ behind.T
    studio = scene.studio()
    pixels = transforms.project(np.float32(placed)[None], studio.pose, studio.camera, scan_detection.SIZE)[0].numpy()
    monkeypatch.setattr(face_detection, "detect", lambda picture: pixels[[1, 0, 2, 4, 3]])  # as they lie in the picture
    assert scan_detection._look(front, behind).misfit > 1.9 * scan_detection.PLAUSIBLE


def test_turns_are_all_rotations_of_a_cube():
    turns = scan_detection._turns()
    assert len({tuple(turn.ravel()) for turn in turns}) == 24 and (turns[0] == np.eye(3)).all()
    assert all(turn[1, 1] == 1. for turn in turns[:4])  # upright ones first


def test_real_scans(data_folder):
    for name in ("meshmonk_demo_face", "lee_perry_smith"):
        found = scan_detection.detect(readers.read(data_folder / "scans" / f"{name}.obj"))
        right, left, nose, *mouth = found.values()
        eyes = np.linalg.norm(right - left)
        assert right[0] < nose[0] < left[0] and nose[2] > max(right[2], left[2]) + .5 * eyes
        assert .4 * eyes < np.linalg.norm(mouth[0] - mouth[1]) < eyes
