import numpy as np
import pytest
import trimesh

from morph3d.fitting import mesh_fields
from morph3d.fitting.linear_model import LinearModel

RADIUS = 80.


def surface(vertices, triangles):
    none = np.zeros([0, len(vertices), 3], np.float32)
    return LinearModel(np.float32(vertices), none, 0, none.sum(0), none, np.int32(triangles), np.zeros(68, np.int32))


@pytest.fixture(scope="module")
def ball():
    sphere = trimesh.creation.icosphere(subdivisions=4)
    turned = sphere.vertices @ np.linalg.qr(np.random.default_rng(0).normal(size=[3, 3]))[0]  # so that no vertex is another's twin
    return surface(RADIUS * turned, sphere.faces)


def test_spherical_harmonics_are_smoothed_by_their_frequencies(ball):
    """On a sphere laplace(u) = -l (l + 1) / r^2 u for a harmonic of degree l."""
    x, y, z = ball.mean.T / RADIUS
    fields = np.stack([np.ones_like(x), z, x * y, x * y * z], 1)
    found = mesh_fields.smooth(ball, 20., fields)
    for field, smooth, degree in zip(fields.T, found.T, range(4), strict=True):
        np.testing.assert_allclose(smooth, field / (1. + degree * (degree + 1) * (20. / RADIUS)**2), atol=.01)


def test_nothing_passes_between_pieces():
    one, two = trimesh.creation.icosphere(subdivisions=2), trimesh.creation.icosphere(subdivisions=2)
    count = len(one.vertices)
    both = surface(np.concatenate([one.vertices, 1.01 * two.vertices]), np.concatenate([one.faces, two.faces + count]))
    found = mesh_fields.smooth(both, 50., np.repeat([[1.], [0.]], count, 0))
    np.testing.assert_allclose(found, np.repeat([[1.], [0.]], count, 0), atol=1e-6)


def test_fields_are_mirrored_left_to_right(ball):
    np.testing.assert_allclose(mesh_fields.mirror(ball) @ ball.mean, ball.mean * [-1., 1., 1.], atol=.4)


def test_what_the_other_half_does_not_have_is_zero(ball):
    half = surface(ball.mean, ball.triangles[(ball.mean[ball.triangles][..., 0] > 0.).all(1)])
    found = mesh_fields.mirror(half) @ np.ones(len(ball.mean))
    assert (found[ball.mean[:, 0] > 10.] == 0.).all()
