"""The colors beside a recognizer's features: against loops in NumPy, and what light, white balance and gray do to them."""
import numpy as np
import pytest
import tensorflow as tf

from morph3d import colors
from morph3d.encoders import registry, skin_color
from morph3d.encoders.base import Encoder


@pytest.fixture
def colored(tiny_encoder):
    return skin_color.beside(tiny_encoder)


def pictures(count=3, size=32):
    return np.random.default_rng(2).uniform(.2, .8, [count, size, size, 3]).astype(np.float32)


def of(encoder, images):
    """The colors at the end of the features, [B, P, 3]."""
    return encoder(images).features.numpy()[:, -skin_color.SIZE:].reshape(len(images), -1, 3)


def test_the_recognizers_own_features_come_first_and_its_identity_stays(colored, tiny_encoder):
    images = pictures()
    found, own = colored(images), tiny_encoder(images)
    assert colored.feature_size == tiny_encoder.feature_size + 30 == found.features.shape[1]
    np.testing.assert_array_equal(found.features[:, :-30], own.features)
    np.testing.assert_allclose(found.identity, own.identity, atol=1e-7)  # made to be of length 1 twice


def test_a_color_is_the_mean_around_its_place(colored):
    images, size = pictures(1), 32  # whose eyes are at (10, 11) and (22, 11)
    for number, (x, y, reach) in enumerate(skin_color.PLACES.values()):
        center = 16. + 12. * x, 11. + 12. * y
        total, weight = np.zeros(3), 0.
        for i in range(size):
            for j in range(size):
                falling = np.exp(-((j + .5 - center[0])**2 + (i + .5 - center[1])**2) / (2. * (12. * reach)**2))
                total, weight = total + falling * np.float64(images[0, i, j]), weight + falling
        red, green, blue = total / weight + .03
        expected = np.log([.2126 * red + .7152 * green + .0722 * blue, red / green, blue / green])
        np.testing.assert_allclose(of(colored, images)[0, number], expected, atol=2e-5)


def test_another_exposure_and_another_white_balance_add_the_same_everywhere(colored):
    linear = colors.linear_from_srgb(np.float64(pictures()))
    bright, warm = (np.float32(colors.srgb_from_linear(linear * gain)) for gain in (.6, np.array([1.1, 1., .7])))
    before = of(colored, pictures())
    for image, expected in ((bright, [np.log(.6), 0., 0.]), (warm, [None, np.log(1.1), np.log(.7)])):
        added = of(colored, image) - before
        for channel, value in enumerate(expected):
            if value is not None:
                np.testing.assert_allclose(added[..., channel], value / 2.2, atol=.03)  # sRGB is no power, quite


def test_a_gray_picture_has_the_usual_colors_and_its_own_brightness(colored):
    gray = np.repeat(pictures()[..., :1], 3, -1)
    found = of(colored, gray)
    np.testing.assert_allclose(found[..., 1:], np.broadcast_to([.28, -.19], found[..., 1:].shape), atol=1e-6)
    assert np.ptp(found[..., 0], axis=0).max() > .01
    assert np.abs(of(colored, np.clip(gray + [.05, 0., 0.], 0., 1.).astype(np.float32))[..., 1] - .28).min() > .01


@pytest.mark.parametrize("noise, gray", [(0, True), (1, True), (12, False)])
def test_a_photo_without_colors_is_gray(noise, gray):
    rng = np.random.default_rng(2)
    picture = np.repeat(rng.integers(20, 200, [64, 64, 1]), 3, -1) + rng.integers(-noise, noise + 1, [64, 64, 3])
    colored = rng.random([64, 64, 3])
    np.testing.assert_array_equal(skin_color.is_gray(np.stack([picture / 255., colored])), [gray, False])


def test_gradients_are_those_of_finite_differences_and_finite_in_the_dark(colored):
    images = tf.constant(pictures(1))

    def total(images):
        return tf.reduce_sum(tf.sin(colored(images).features[:, -30:]))

    with tf.GradientTape() as tape:
        tape.watch(images)
        value = total(images)
    direction = np.random.default_rng(3).normal(size=images.shape).astype(np.float32)
    step = 1e-3
    numeric = (total(images + step * direction) - total(images - step * direction)) / (2. * step)
    np.testing.assert_allclose(tf.reduce_sum(tape.gradient(value, images) * direction), numeric, rtol=.02)
    black = tf.zeros_like(images)
    with tf.GradientTape() as tape:
        tape.watch(black)
        value = total(black)
    assert np.isfinite(value) and np.isfinite(tape.gradient(value, black)).all()


def test_the_places_of_dlibs_crops_lie_within_them_and_where_the_face_has_them():
    frame = registry.framing("dlib")
    weights = skin_color.weights(frame.template, frame.image_size)
    assert weights.shape == (10, 150, 150) and np.allclose(weights.sum((1, 2)), 1.)
    rows, columns = np.indices([150, 150]) + .5
    centers = {name: ((each * columns).sum(), (each * rows).sum()) for name, each in zip(skin_color.PLACES, weights, strict=True)}
    for name, point in ("right eye", 0), ("left eye", 1), ("tip of the nose", 2):
        np.testing.assert_allclose(centers[name], frame.template[point], atol=6.)
    assert centers["right cheek"][0] < centers["mouth"][0] < centers["left cheek"][0]
    assert centers["forehead"][1] < centers["right eye"][1] < centers["right cheek"][1] < centers["mouth"][1] < centers["chin"][1]


def test_it_is_another_encoder_by_its_fingerprint_but_the_same_recognizer(colored, tiny_encoder):
    assert colored.fingerprint != tiny_encoder.fingerprint
    assert colored.recognizer == tiny_encoder.recognizer == tiny_encoder.fingerprint


def test_the_registry_gives_it_for_any_encoder(monkeypatch, tiny_encoder):
    from morph3d.encoders import dlib_resnet
    monkeypatch.setattr(dlib_resnet, "load", lambda: tiny_encoder)
    assert registry.load("dlib") is tiny_encoder
    found = registry.load("dlib", color_features=True)
    assert isinstance(found, Encoder) and found.feature_size == tiny_encoder.feature_size + skin_color.SIZE
