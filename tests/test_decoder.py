"""The regression network."""
import keras
import numpy as np
import pytest
import tensorflow as tf

from morph3d import decoder
from morph3d.data.synthetic_store import EncodedFaces
from morph3d.decoder import PHOTOS, RENDERINGS


@pytest.fixture(scope="module")
def network():
    return decoder.build(20, 7, 5)


def standardized(network, features, domain):
    """What the hidden layers are given of features [N, 20] of a domain, or of one for each."""
    domains = tf.broadcast_to(domain, [len(features)])
    return network.get_layer("standardize")((tf.constant(features, tf.float32), domains)).numpy()


def test_layers_are_the_papers(network):
    dense = [layer for layer in network.layers if hasattr(layer, "units")]
    assert sorted(layer.units for layer in dense) == [5, 7, 1024, 1024]
    assert network.count_params() - 2 * 2 * 20 == 20 * 1024 + 1024 + 1024 * 1024 + 1024 + 12 * 1024 + 12


def test_decode_gives_neutral_faces(network):
    coefficients = decoder.decode(network, np.ones([3, 20], np.float32))
    assert coefficients.shape.shape == (3, 7) and coefficients.texture.shape == (3, 5) and coefficients.expression is None


def test_standardized_features_do_not_depend_on_their_scale(network):
    features = np.random.default_rng(0).normal(size=[64, 20]).astype(np.float32)
    decoder.standardize(network, features, features)
    expected = decoder.decode(network, features, RENDERINGS).shape
    decoder.standardize(network, features, 50. * features + 3.)
    np.testing.assert_allclose(decoder.decode(network, 50. * features + 3., RENDERINGS).shape, expected, atol=1e-4)
    assert np.ptp(expected) > .1


def test_photos_and_renderings_are_standardized_each_by_their_own(network):
    photos, renderings = (shift + size * np.random.default_rng(shift).normal(size=[4000, 20]) for shift, size in ((1, 2.), (5, .5)))
    decoder.standardize(network, photos.astype(np.float32), renderings.astype(np.float32))
    for domain, features in ((PHOTOS, photos), (RENDERINGS, renderings)):
        standard = standardized(network, features, domain)
        np.testing.assert_allclose(standard.mean(0), 0., atol=.06)
        np.testing.assert_allclose(standard.std(0), 1., atol=.02)
    mixed = standardized(network, [photos[0], renderings[0]], [PHOTOS, RENDERINGS])
    expected = [(photos[0] - 1.) / 2., (renderings[0] - 5.) / .5]
    np.testing.assert_allclose(mixed, expected, atol=.15)


def test_what_a_few_photos_agree_in_is_not_blown_up(network):
    renderings = np.random.default_rng(0).normal(size=[1000, 20]).astype(np.float32)
    one = np.random.default_rng(1).normal(size=[1, 20]).astype(np.float32)
    few = one + 1e-3 * renderings[:4]
    decoder.standardize(network, few, renderings)
    other = np.random.default_rng(2).normal(size=[500, 20]).astype(np.float32)
    assert np.abs(standardized(network, other, PHOTOS)).max() < 8.


@pytest.mark.parametrize("scale", [1e-2, 1., 1e2])
@pytest.mark.parametrize("constant", [0., 1e-3, -7., 1e4])
@pytest.mark.parametrize("noise", [0., 1e-6])
def test_a_feature_that_hardly_differs_between_the_faces_is_not_blown_up(network, scale, constant, noise):
    rng = np.random.default_rng(0)
    features = scale * (5. + rng.normal(size=[256, 20]) * np.linspace(.1, 1., 20))
    features[:, 3] = scale * (constant + noise * rng.normal(size=256))
    decoder.standardize(network, features.astype(np.float32), features.astype(np.float32))
    layer = network.get_layer("standardize")
    expected = features.std(0)
    expected[3] = 1.
    np.testing.assert_allclose(layer.deviation[RENDERINGS], expected, rtol=1e-4)
    other = features[:1] + scale * np.eye(1, 20, 3)  # the feature changes as others do
    for domain in PHOTOS, RENDERINGS:
        assert np.abs(standardized(network, other, domain)).max() < 10. * max(1., scale)


def test_features_that_are_all_constant_are_only_centered(network):
    """The mean of a hundred equal numbers need not be that number in float32, so that their deviation is not quite zero."""
    constants = np.linspace(.1, 1000., 20, dtype=np.float32)
    decoder.standardize(network, *2 * [np.tile(constants, [100, 1])])
    for domain in PHOTOS, RENDERINGS:
        assert (np.abs(standardized(network, constants[None] + 2., domain)[0] - 2.) < 1e-5 * (100. + constants)).all()


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
    decoder.standardize(halves, features, features)
    coefficients = decoder.decode(halves, features)
    assert halves.get_layer("hidden_0").compute_dtype == "float16"
    assert coefficients.shape.dtype == coefficients.texture.dtype == "float32"
    assert np.isfinite(coefficients.shape).all() and np.std(coefficients.shape) > .1


def test_certainty_is_the_regression_of_what_is_true_on_what_is_read(network):
    rng = np.random.default_rng(0)
    features = rng.normal(size=[400, 20]).astype(np.float32)
    decoder.standardize(network, 7. * features, features)
    shape, texture = (part.numpy() for part in decoder.decode(network, features, RENDERINGS)[:2])
    true = shape * np.linspace(-.2, .8, 7) + .1 * rng.normal(size=shape.shape)
    true[:, 6] = 3. * shape[:, 6]
    found = decoder.certainty(network, EncodedFaces(features, true.astype(np.float32), texture))
    expected = [np.linalg.lstsq(shape[:, i:i + 1], true[:, i], rcond=None)[0][0] for i in range(7)]
    np.testing.assert_allclose(found.shape, np.clip(expected, 0., 1.), atol=1e-4)
    np.testing.assert_allclose(found.texture, 1., atol=1e-5)
    assert found.shape[0] == 0. and found.shape[6] == 1.
