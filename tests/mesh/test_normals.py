import numpy as np
import trimesh

from morph3d.mesh import normals


def test_turns_are_the_derivative_of_normals():
    mesh = trimesh.creation.icosphere(2, 50.)
    vertices, triangles = np.asarray(mesh.vertices), np.asarray(mesh.faces)
    moves = np.random.default_rng(0).normal(0., 1., [3, *vertices.shape])
    found, step = normals.turns(vertices, triangles, moves), 1e-4
    for turned, move in zip(found, moves, strict=True):
        after, before = (normals.vertex_normals(vertices + sign * step * move, triangles) for sign in (1., -1.))
        np.testing.assert_allclose(turned, (after - before) / (2. * step), atol=1e-4)
