"""The regression network."""
import keras
import numpy as np
import pytest
import tensorflow as tf

from morph3d import decoder
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
    assert sorted(layer.units for layer in dense) == [5, 5, 7, 7, 512, 512, 1024, 1024]
    fixed = sum(variable.shape.num_elements() for variable in network.non_trainable_variables)
    assert network.count_params() - fixed == sum(20 * units + units + units * units + units + 12 * units + 12
                                                 for units in (1024, 512))


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
    keras.utils.set_random_seed(0)
    keras.config.set_dtype_policy("mixed_float16")
    try:
        halves = decoder.build(20, 7, 5)
    finally:
        keras.config.set_dtype_policy("float32")
    decoder.standardize(halves, features, features)
    coefficients = decoder.decode(halves, features)
    assert halves.get_layer("expected_hidden_0").compute_dtype == "float16"
    assert coefficients.shape.dtype == coefficients.texture.dtype == "float32"
    assert np.isfinite(coefficients.shape).all() and np.std(coefficients.shape) > .1


def test_at_first_and_after_spreading_the_faces_are_the_expected_ones_of_photos_with_unit_variance():
    network = decoder.build(20, 7, 5)
    features = 5. * tf.random.stateless_normal([500, 20], [1, 2])  # of which much is read
    for read, expected in zip(decoder.decode(network, features)[:2], decoder.decode(network, features, expected=True)[:2]):
        np.testing.assert_array_equal(read, expected)
    kernel = network.get_layer("expected_shape").kernel
    kernel.assign(kernel * [1., 2., .5, 1., 1., 1., 1e-3])
    decoder.spread(network, features)
    spread, expected = decoder.decode(network, features), decoder.decode(network, features, expected=True)
    np.testing.assert_allclose(np.std(spread.texture, 0), 1., rtol=1e-4)
    np.testing.assert_allclose(np.std(spread.shape, 0)[:6], 1., rtol=1e-4)
    np.testing.assert_allclose(spread.shape[:, 6], 10. * expected.shape[:, 6], rtol=1e-4)  # of which nothing is known
    renderings = decoder.decode(network, features, RENDERINGS), decoder.decode(network, features, RENDERINGS, expected=True)
    np.testing.assert_allclose(renderings[0].shape / renderings[1].shape, spread.shape / expected.shape, rtol=1e-3)


def test_along_directions_that_are_kept_nothing_is_spread():
    network = decoder.build(20, 7, 5)
    features = tf.random.stateless_normal([50, 20], [1, 2])
    layer = network.get_layer("spread_texture")
    direction = np.eye(5, 1) * .6 + np.eye(5, 1, -3) * .8
    layer.kept.assign(np.pad(direction, [[0, 0], [0, 2]]))
    decoder.spread(network, features)
    spread, expected = (decoder.decode(network, features, expected=choice).texture.numpy() for choice in (False, True))
    aside = np.eye(5) - direction @ direction.T
    np.testing.assert_allclose(spread @ direction, expected @ direction, rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(spread @ aside, expected / layer.deviation.numpy() @ aside, rtol=1e-4, atol=1e-4)


def test_only_the_parameter_loss_moves_the_expected_face(network):
    features = tf.random.stateless_normal([8, 20], [3, 4])
    with tf.GradientTape(persistent=True) as tape:
        read, expected = (tf.reduce_sum(decoder.decode(network, features, expected=choice).shape**2) for choice in (False, True))
    layers = {name: network.get_layer(name).kernel for name in ("expected_shape", "added_shape")}
    assert tape.gradient(read, layers["expected_shape"]) is None and tape.gradient(expected, layers["added_shape"]) is None
    assert all(tf.norm(tape.gradient(*pair)) > 0 for pair in ((read, layers["added_shape"]), (expected, layers["expected_shape"])))
