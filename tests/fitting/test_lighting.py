import numpy as np

from morph3d import scene
from morph3d.fitting import lighting

DIRECTIONS = lighting.directions(lighting.PLACES)


def test_directions_are_unit_vectors_before_the_face():
    np.testing.assert_allclose(np.linalg.norm(DIRECTIONS, axis=1), 1.)
    assert DIRECTIONS[:, 2].min() > 0.
    np.testing.assert_allclose(lighting.directions(np.array([[0., 0.], [0., np.pi / 2.], [np.pi / 2., 0.]])),
                               [[0., 0., 1.], [1., 0., 0.], [0., 1., 0.]], atol=1e-9)


def test_turned_are_the_derivatives_of_directions():
    for axis, unit in enumerate(1e-5 * np.eye(2)):
        both = [lighting.directions(lighting.PLACES + sign * unit) for sign in (1., -1.)]
        np.testing.assert_allclose(lighting.turned(lighting.PLACES)[..., axis], (both[0] - both[1]) / 2e-5, atol=1e-8)


def test_the_prior_is_as_bright_as_the_lights_of_training():
    """What a face toward the camera receives of the mean light is the mean of what it receives of random lights."""
    mean = lighting.prior().mean.reshape(-1, 3)
    drawn = scene.sample_lights(5000, [1, 1])
    toward = drawn.positions.numpy() / np.linalg.norm(drawn.positions, axis=-1, keepdims=True)
    expected = np.einsum("sl,slc->c", toward[..., 2], drawn.intensities) / 5000. + drawn.ambient.numpy().mean(0)
    np.testing.assert_allclose(DIRECTIONS[:, 2] @ mean[:-1] + mean[-1], expected, rtol=.05)


def test_the_precision_is_that_of_a_distribution():
    assert np.linalg.eigvalsh(lighting.prior().precision).min() > 0.
