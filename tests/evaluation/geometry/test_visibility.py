"""What is seen of a head from outside."""
import numpy as np
import trimesh

from morph3d.evaluation.geometry import visibility
from tests import heads


def test_the_skin_is_seen_and_what_is_behind_it_is_not():
    face = heads.face(0)
    inner = face.vertices + .1 * (heads.CENTER - face.vertices)
    both = np.concatenate([face.vertices, inner])
    seen = visibility.exposed(both, np.concatenate([face.triangles, face.triangles + len(inner)]))
    front = face.vertices[:, 2] > -60.
    assert seen[:len(inner)][front].mean() > .99
    assert seen[len(inner):][front].mean() < .01


def test_neither_the_back_of_a_head_is_seen_nor_what_is_far_away():
    sphere = trimesh.creation.icosphere(3, radius=60.)
    assert not visibility.exposed(sphere.vertices + [1000., 0., 0.], sphere.faces).any()
    seen = visibility.exposed(sphere.vertices, sphere.faces)
    assert seen[sphere.vertices[:, 2] > 0.].all() and not seen[sphere.vertices[:, 2] < -58.].any()
