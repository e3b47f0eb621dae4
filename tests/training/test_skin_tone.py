"""The tone of the skin among texture coefficients: against renderings in even light, and what it takes from a gradient."""
import numpy as np
import pytest
import tensorflow as tf

from morph3d import aligned_rendering, morphable, scene
from morph3d.encoders import skin_color
from morph3d.evaluation.color import face_patches
from morph3d.morphable.coefficients import Coefficients
from morph3d.training import skin_tone


@pytest.fixture(scope="module")
def model():
    return morphable.load("embedded-7k")


def cheeks(model, texture):
    """The mean sRGB color of the cheeks [N, 3], of faces with these texture coefficients, drawn from the front in even light."""
    frame, scenes = face_patches.frame(), scene.studio(len(texture))
    even = scenes.lights._replace(intensities=0. * scenes.lights.intensities, ambient=tf.ones_like(scenes.lights.ambient))
    faces = Coefficients(tf.zeros([len(texture), model.shape_size]), tf.constant(texture, tf.float32), None)
    pictures = aligned_rendering.draw_model(model, faces, scenes._replace(lights=even), frame).numpy()
    return np.einsum("hw,nhwc->nc", skin_color.weights(frame.template, frame.image_size, skin_color.CHEEKS).mean(0), pictures)


def test_faces_that_differ_in_other_directions_have_cheeks_of_one_color(model):
    directions = skin_tone.directions(model).numpy().astype(np.float64)
    assert directions.shape == (model.texture_size, 3)
    np.testing.assert_allclose(directions.T @ directions, np.eye(3), atol=1e-6)
    people = np.random.default_rng(0).normal(size=[24, model.texture_size])
    tone = people @ directions @ directions.T
    whole, of_tone, rest = (np.std(cheeks(model, each), 0) for each in (people, tone, people - tone))
    assert (rest < .2 * whole).all() and (abs(of_tone / whole - 1.) < .2).all()  # vertices lie less evenly than pixels


def test_colors_that_no_mode_changes_have_no_directions(model):
    class Plain:
        mean_vertices, landmarks, texture_size = model.mean_vertices, model.landmarks, 2
        texture_basis = tf.zeros([2, 3 * len(model.mean_vertices)])

    assert skin_tone.directions(Plain).shape == (2, 0)
    texture = tf.constant([[.3, -.5]])
    np.testing.assert_array_equal(skin_tone.held(texture, skin_tone.directions(Plain)), texture)


def test_what_is_held_stays_the_same_and_has_the_gradient_of_the_rest():
    rng = np.random.default_rng(1)
    directions, texture, wanted = np.linalg.qr(rng.normal(size=[7, 2]))[0], rng.normal(size=[4, 7]), rng.normal(size=[4, 7])
    given = tf.constant(texture)
    with tf.GradientTape() as tape:
        tape.watch(given)
        held = skin_tone.held(given, tf.constant(directions))
        loss = tf.reduce_sum(held * wanted)
    np.testing.assert_allclose(held, texture, rtol=1e-12)
    np.testing.assert_allclose(tape.gradient(loss, given), wanted - wanted @ directions @ directions.T, rtol=1e-9, atol=1e-12)
