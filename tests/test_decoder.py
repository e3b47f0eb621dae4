"""The regression network."""
import keras
import numpy as np
import pytest

from morph3d import decoder


@pytest.fixture(scope="module")
def network():
    return decoder.build(20, 7, 5)


def test_layers_are_the_papers(network):
    dense = [layer for layer in network.layers if hasattr(layer, "units")]
    assert sorted(layer.units for layer in dense) == [5, 7, 1024, 1024]
    assert network.count_params() - 2 * 20 == 20 * 1024 + 1024 + 1024 * 1024 + 1024 + 12 * 1024 + 12


def test_decode_gives_neutral_faces(network):
    coefficients = decoder.decode(network, np.ones([3, 20], np.float32))
    assert coefficients.shape.shape == (3, 7) and coefficients.texture.shape == (3, 5) and coefficients.expression is None


def test_standardized_features_do_not_depend_on_their_scale(network):
    features = np.random.default_rng(0).normal(size=[64, 20]).astype(np.float32)
    decoder.standardize(network, features)
    expected = network(features)["shape"]
    decoder.standardize(network, 50. * features + 3.)
    np.testing.assert_allclose(network(50. * features + 3.)["shape"], expected, atol=1e-4)


@pytest.mark.parametrize("scale", [1e-2, 1., 1e2])
@pytest.mark.parametrize("constant", [0., 1e-3, -7., 1e4])
@pytest.mark.parametrize("noise", [0., 1e-6])
def test_a_feature_that_hardly_differs_between_the_faces_is_not_blown_up(network, scale, constant, noise):
    rng = np.random.default_rng(0)
    features = scale * (5. + rng.normal(size=[256, 20]) * np.linspace(.1, 1., 20))
    features[:, 3] = scale * (constant + noise * rng.normal(size=256))
    decoder.standardize(network, features.astype(np.float32))
    layer = network.get_layer("standardize")
    expected = features.std(0)
    expected[3] = 1.
    np.testing.assert_allclose(layer.deviation, expected, rtol=1e-4)
    photo = features[:1] + scale * np.eye(1, 20, 3)  # the feature changes as others do
    assert np.abs(layer(photo.astype(np.float32))).max() < 10. * max(1., scale)


def test_features_that_are_all_constant_are_only_centered(network):
    """The mean of a hundred equal numbers need not be that number in float32, so that their deviation is not quite zero."""
    constants = np.linspace(.1, 1000., 20, dtype=np.float32)
    decoder.standardize(network, np.tile(constants, [100, 1]))
    np.testing.assert_allclose(network.get_layer("standardize")(constants[None] + 2.), np.full([1, 20], 2.), atol=1e-3)


def test_weights_are_drawn_towards_zero(network):
    kernels = [layer.kernel for layer in network.layers if hasattr(layer, "kernel")]
    assert sum(float(loss) for loss in network.losses) == pytest.approx(
        1e-5 * sum(float(np.sum(np.square(kernel))) for kernel in kernels), rel=1e-4)


def test_under_half_precision_features_may_be_larger_than_halves_and_coefficients_are_single():
    features = 1e6 * np.random.default_rng(0).normal(size=[64, 20]).astype(np.float32)
    keras.config.set_dtype_policy("mixed_float16")
    try:
        halves = decoder.build(20, 7, 5)
    finally:
        keras.config.set_dtype_policy("float32")
    decoder.standardize(halves, features)
    coefficients = decoder.decode(halves, features)
    assert halves.get_layer("hidden_0").compute_dtype == "float16"
    assert coefficients.shape.dtype == coefficients.texture.dtype == "float32"
    assert np.isfinite(coefficients.shape).all() and np.std(coefficients.shape) > .1
