"""The closest point of a triangle against trimesh, and of slivers against their sides."""
import hypothesis
import numpy as np
import pytest
import trimesh
from hypothesis import strategies as st

from morph3d.mesh.closest_point import closest_point


@hypothesis.given(seed=st.integers(0, 9999))
@hypothesis.settings(max_examples=20)
def test_closest_points_are_those_of_trimesh_random(seed):
    random = np.random.default_rng(seed)
    triangles, points = random.normal(size=(100, 3, 3)), 2. * random.normal(size=(100, 3))
    triangles[:5, 2], points[:5] = triangles[:5, 1], 0.  # no triangles: lines, seen from the origin
    weights, distance = closest_point(points, triangles)
    assert weights.min() > -1e-12
    np.testing.assert_allclose(weights.sum(1), 1.)
    expected = trimesh.triangles.closest_point(triangles, points)
    start, along = triangles[:5, 0], triangles[:5, 1] - triangles[:5, 0]
    expected[:5] = start + np.clip(-(start * along).sum(1) / (along**2).sum(1), 0., 1.)[:, None] * along
    np.testing.assert_allclose(np.einsum("nk,nkd->nd", weights, triangles), expected, atol=1e-9)
    np.testing.assert_allclose(distance, np.linalg.norm(expected - points, axis=1), atol=1e-9)


@pytest.mark.parametrize("height", [1e-3, 1e-6, 1e-8, 1e-12, 0.])
def test_a_sliver_is_as_near_as_its_points(height):
    """Points over the middle of slivers, a known distance away."""
    random = np.random.default_rng(0)
    turns = np.linalg.qr(random.normal(size=(50, 3, 3)))[0]
    corners = np.array([[0., 0., 0.], [1., 0., 0.], [.4, height, 0.]])
    foot, away = random.dirichlet([1., 1., 1.], 50) @ corners, random.uniform(0., 1., 50)
    points = foot + away[:, None] * [0., 0., 1.]
    weights, distances = closest_point(np.einsum("nij,nj->ni", turns, points), np.einsum("nij,kj->nki", turns, corners))
    np.testing.assert_allclose(distances, away, atol=2e-8)
    np.testing.assert_allclose(weights @ corners, foot, atol=2e-8)


def test_three_corners_at_one_place_are_that_point():
    weights, distances = closest_point(np.array([[3., 4., 0.]]), np.zeros([1, 3, 3]))
    assert distances == 5. and weights.sum() == 1.
