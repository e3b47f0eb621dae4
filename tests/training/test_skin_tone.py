"""The tone of the skin among texture coefficients: against renderings in even light, and the layer that keeps out of it."""
import keras
import numpy as np
import pytest
import tensorflow as tf

from morph3d import aligned_rendering, decoder, morphable, scene
from morph3d.encoders import skin_color
from morph3d.evaluation.color import face_patches
from morph3d.morphable.coefficients import Coefficients
from morph3d.training import skin_tone, train
from morph3d.training.config import TrainingConfig


@pytest.fixture(scope="module")
def model():
    return morphable.load("embedded-7k")


def directions_of(model):
    modes = model.texture_basis.numpy().reshape(model.texture_size, -1, 3)
    return skin_tone.directions(model.mean_vertices.numpy(), model.landmarks.numpy(), modes)


def cheeks(model, texture):
    """The mean sRGB color of the cheeks [N, 3], of faces with these texture coefficients, drawn from the front in even light."""
    frame, scenes = face_patches.frame(), scene.studio(len(texture))
    even = scenes.lights._replace(intensities=0. * scenes.lights.intensities, ambient=tf.ones_like(scenes.lights.ambient))
    faces = Coefficients(tf.zeros([len(texture), model.shape_size]), tf.constant(texture, tf.float32), None)
    pictures = aligned_rendering.draw_model(model, faces, scenes._replace(lights=even), frame).numpy()
    return np.einsum("hw,nhwc->nc", skin_color.weights(frame.template, frame.image_size, skin_color.CHEEKS).mean(0), pictures)


def test_faces_that_differ_in_other_directions_have_cheeks_of_one_color(model):
    directions = directions_of(model)
    assert directions.shape == (model.texture_size, 3)
    np.testing.assert_allclose(directions.T @ directions, np.eye(3), atol=1e-6)
    people = np.random.default_rng(0).normal(size=[24, model.texture_size])
    tone = people @ directions @ directions.T
    whole, of_tone, rest = (np.std(cheeks(model, each), 0) for each in (people, tone, people - tone))
    assert (rest < .2 * whole).all() and (abs(of_tone / whole - 1.) < .2).all()  # vertices lie less evenly than pixels


def test_colors_that_no_mode_changes_have_no_directions(model):
    plain = skin_tone.directions(model.mean_vertices.numpy(), model.landmarks.numpy(), np.zeros([2, len(model.mean_vertices), 3]))
    assert plain.shape == (2, 0)
    weights = tf.constant([[.3, -.5]])
    np.testing.assert_array_equal(skin_tone.Without(tf.constant(plain, tf.float32))(weights), weights)


def test_the_tone_of_a_face_stays_that_of_the_expected_one_at_every_step(model):
    keras.utils.set_random_seed(0)
    network = decoder.build(8, 4, model.texture_size, hidden=(8,))
    skin_tone.leave_to_expected(network, model)
    rng = np.random.default_rng(1)
    features = np.float32(rng.normal(size=[20, 8]))
    decoder.spread(network, features)
    layer, optimizer = network.get_layer("added_texture"), keras.optimizers.Adam(1e-2)
    directions, parts = directions_of(model), (layer.kernel, layer.bias)
    for _ in range(3):
        optimizer.apply_gradients([(tf.constant(rng.normal(size=part.shape), tf.float32), part) for part in parts])
        read, expected = (part.texture.numpy() for part in decoder.readings(network, features))
        np.testing.assert_allclose((read - expected) @ directions, 0., atol=1e-5)
        rest = expected - expected @ directions @ directions.T
        assert np.linalg.norm(read - expected) > np.linalg.norm(rest)  # which is spread, and added to


def test_without_colors_tone_is_spread_and_the_recognizer_has_a_say_in_it(tiny_model, tiny_encoder):
    for color_features in True, False:
        config = TrainingConfig("photos", "run", color_features=color_features)
        network = train.assemble(config, tiny_model, tiny_encoder).decoder
        layer = network.get_layer("added_texture")
        assert [part.constraint is not None for part in (layer.kernel, layer.bias)] == [color_features] * 2
        # Of the tiny model's three colors all are tone.
        kept = network.get_layer("spread_texture").kept.numpy()
        np.testing.assert_allclose(kept @ kept.T, color_features * np.eye(3), atol=1e-6)
