import numpy as np
import trimesh

from morph3d.mesh import normals


def test_the_derivative_of_normals_is_that_of_finite_differences():
    mesh, random = trimesh.creation.icosphere(2, 50.), np.random.default_rng(0)
    vertices, triangles = mesh.vertices + random.normal(0., 2., mesh.vertices.shape), np.asarray(mesh.faces)
    found, step = normals.derivative(vertices, triangles), 1e-4
    for move in random.normal(0., 1., [3, *vertices.shape]):
        after, before = (normals.vertex_normals(vertices + sign * step * move, triangles) for sign in (1., -1.))
        np.testing.assert_allclose((found @ move.ravel()).reshape(-1, 3), (after - before) / (2. * step), atol=1e-4)


def test_a_triangle_without_area_changes_no_normal():
    mesh = trimesh.creation.icosphere(1, 50.)
    flat = np.concatenate([mesh.faces, [[0, 0, 1]]])
    found, expected = (normals.derivative(mesh.vertices, triangles).toarray() for triangles in (flat, mesh.faces))
    np.testing.assert_allclose(found, expected, atol=1e-6)
