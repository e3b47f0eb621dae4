"""Closest points, borders and normals of a surface, against brute force over all triangles and against trimesh."""
import hypothesis
import numpy as np
import pytest
import trimesh
from hypothesis import strategies as st

from morph3d.mesh import surface as module
from morph3d.mesh.surface import Surface


def brute_force(surface, points):
    """[N] distances by trimesh's own formula, over every pair of a point and a triangle, and to the corners, for flat ones."""
    corners = surface.vertices[surface.triangles]
    each = np.repeat(corners[None], len(points), 0).reshape(-1, 3, 3)
    with np.errstate(all="ignore"):
        nearest = trimesh.triangles.closest_point(each, np.repeat(points, len(corners), 0)).reshape(len(points), -1, 3)
    distances = np.linalg.norm(nearest - points[:, None], axis=2)
    sides = [_to_segments(points, corners[:, i], corners[:, i - 1]) for i in range(3)]
    return np.nanmin(np.concatenate([distances, *sides], 1), 1)


def _to_segments(points, start, end):
    side = end - start
    t = np.einsum("nfd,fd->nf", points[:, None] - start, side) / np.maximum((side**2).sum(1), 1e-300)
    return np.linalg.norm(points[:, None] - start - np.clip(t, 0., 1.)[..., None] * side, axis=2)


def soup(random, count):
    """Triangles of very different sizes, some of them slivers, some without area."""
    corners = random.normal(size=(count, 1, 3)) + random.normal(size=(count, 3, 3)) * 10.**random.uniform(-4., .5, (count, 1, 1))
    flat = slice(0, count // 8)
    corners[flat, 2] = corners[flat, 0] + random.uniform(-1., 2., (count // 8, 1)) * (corners[flat, 1] - corners[flat, 0])
    corners[0, 1:] = corners[0, 0]
    slivers = slice(count // 8, count // 4)
    corners[slivers, 2] = corners[slivers, 0] + .3 * (corners[slivers, 1] - corners[slivers, 0]) + 1e-6
    return Surface(corners.reshape(-1, 3), np.arange(3 * count).reshape(-1, 3))


@hypothesis.given(seed=st.integers(0, 9999), count=st.sampled_from([1, 2, 9, 200]))
@hypothesis.settings(max_examples=30)
def test_closest_points_are_exact_random(seed, count):
    random = np.random.default_rng(seed)
    surface, points = soup(random, count), 2. * random.normal(size=(100, 3))
    found = surface.closest(points)
    np.testing.assert_allclose(found.distances, brute_force(surface, points), atol=1e-7)
    np.testing.assert_allclose(np.linalg.norm(found.points - points, axis=1), found.distances, atol=1e-12)
    assert found.weights.min() >= 0. and np.allclose(found.weights.sum(1), 1.)
    corners = surface.vertices[surface.triangles[found.triangles]]
    np.testing.assert_allclose(np.einsum("nk,nkd->nd", found.weights, corners), found.points, atol=1e-12)


def test_closest_points_are_those_of_trimesh():
    pytest.importorskip("rtree")
    sphere = trimesh.creation.icosphere(4, radius=80.)
    points = np.random.default_rng(0).normal(0., 60., (2000, 3))
    _, expected, _ = trimesh.proximity.closest_point(sphere, points)
    np.testing.assert_allclose(Surface(sphere.vertices, sphere.faces).closest(points).distances, expected, atol=1e-9)


def test_points_come_in_parts(monkeypatch):
    sphere = trimesh.creation.icosphere(2)
    surface, points = Surface(sphere.vertices, sphere.faces), np.random.default_rng(0).normal(size=(50, 3))
    expected = surface.closest(points)
    monkeypatch.setattr(module, "AT_A_TIME", 7)
    for got, whole in zip(surface.closest(points), expected, strict=True):
        np.testing.assert_array_equal(got, whole)
    assert all(len(part) == 0 for part in surface.closest(np.zeros([0, 3])))


def test_what_lies_on_the_surface_has_no_distance():
    sphere = trimesh.creation.icosphere(3, radius=100.)
    surface = Surface(sphere.vertices, sphere.faces)
    assert surface.closest(sphere.vertices).distances.max() < 1e-12
    points, _ = trimesh.sample.sample_surface(sphere, 1000, seed=0)
    assert surface.closest(points).distances.max() < 1e-12


def test_the_nearest_vertex_is_one_that_triangles_use():
    surface = Surface(np.float64([[0, 0, 0], [1, 0, 0], [0, 1, 0], [5, 5, 5]]), np.array([[0, 1, 2]]))
    distances, nearest = surface.nearest_vertex(np.array([[5., 5., 5.], [.9, 0., 0.]]))
    assert nearest[1] == 1 and nearest[0] in (1, 2)
    np.testing.assert_allclose(distances, [np.sqrt(16. + 25. + 25.), .1])


def test_borders_are_those_of_trimesh():
    sphere = trimesh.creation.icosphere(3)
    front = sphere.faces[sphere.vertices[sphere.faces].mean(1)[:, 2] > .2]
    edges = np.sort(front[:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2), 1)
    expected = np.zeros(len(sphere.vertices), bool)
    expected[edges[trimesh.grouping.group_rows(edges, require_count=1)]] = True
    np.testing.assert_array_equal(Surface(sphere.vertices, front).border, expected)
    assert expected.any() and not Surface(sphere.vertices, sphere.faces).border.any()


def test_seams_are_no_borders_and_have_the_normals_of_the_whole():
    sphere = trimesh.creation.icosphere(2)
    whole, apart = Surface(sphere.vertices, sphere.faces), Surface(sphere.triangles.reshape(-1, 3), np.arange(960).reshape(-1, 3))
    assert not apart.border.any()
    np.testing.assert_allclose(apart.normals, whole.normals[sphere.faces.ravel()], atol=1e-12)


def test_a_part_has_its_own_numbers_and_knows_the_old_ones():
    sphere = trimesh.creation.icosphere(2)
    kept = sphere.vertices[:, 2] > 0.
    part, used = Surface(sphere.vertices, sphere.faces).part(kept)
    np.testing.assert_array_equal(part.vertices, sphere.vertices[used])
    np.testing.assert_array_equal(used[part.triangles], sphere.faces[kept[sphere.faces].all(1)])


def test_a_surface_without_triangles_is_refused():
    with pytest.raises(ValueError, match="a surface needs triangles, found none among 3 vertices"):
        Surface(np.eye(3), np.zeros([0, 3], int))
