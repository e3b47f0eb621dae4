"""dlib's network against the vectors that dlib itself computes."""
import json
import sys

import numpy as np
import pytest
import tensorflow as tf

from morph3d.data import sources
from morph3d.encoders import dlib_resnet, registry
from morph3d.photos import crops
from tests.encoders import make_dlib_reference
from tests.encoders.make_dlib_reference import waves


@pytest.fixture(scope="module")
def encoder(dlib_encoder):
    return dlib_encoder


@pytest.mark.parametrize("name", make_dlib_reference.pictures())
def test_equals_dlib(encoder, name):
    expected = json.loads(make_dlib_reference.FILE.read_text())[name]
    image = make_dlib_reference.pictures()[name][None] / np.float32(255.)
    np.testing.assert_allclose(encoder.network(image)[1][0], expected, atol=1e-5)
    np.testing.assert_allclose(encoder(image).identity[0], expected / np.linalg.norm(expected), atol=1e-5)


def test_dlibs_vectors_tell_its_pictures_apart():
    """Otherwise equality with them would not say much."""
    vectors = json.loads(make_dlib_reference.FILE.read_text())
    vectors = np.stack([vectors[name] for name in make_dlib_reference.pictures()])
    assert vectors.shape == (5, 128)
    differences = np.abs(vectors[:, None] - vectors).max(-1)[np.triu_indices(5, 1)]
    assert differences.min() > .05


def test_gradient_equals_finite_differences(encoder):
    image = tf.constant(waves()[None] / np.float32(255.))
    weights = tf.constant(np.random.default_rng(2).normal(size=128).astype(np.float32))

    def score(image):
        features, identity = encoder(image)
        return tf.reduce_sum(identity * weights) + tf.reduce_sum(features)

    with tf.GradientTape() as tape:
        tape.watch(image)
        value = score(image)
    gradient = tape.gradient(value, image)
    steepness = tf.norm(gradient)
    step = .001 * gradient / steepness
    # The slope along any other direction is smaller than the norm, so a wrong gradient would not pass.
    np.testing.assert_allclose((score(image + step) - score(image - step)) / .002, steepness, rtol=.01)


def test_the_template_is_dlibs_mean_face_in_its_padding(encoder):
    np.testing.assert_allclose(encoder.template[0], [47.55, 46.6], atol=.01)  # (.2255 + .25) / 1.5 * 150, ...


def test_does_not_import_the_package_of_the_weights(encoder):
    assert "face_recognition_models" not in sys.modules


def test_missing_package(monkeypatch):
    monkeypatch.setattr(dlib_resnet, "PACKAGE", "no_such_package")
    with pytest.raises(ValueError, match="pip install no_such_package"):
        registry.load("dlib")


def test_tells_unseen_people_apart(encoder, data_folder):
    people = sorted((data_folder / "photos" / "test").iterdir())[:40]
    listed = [sources.find(person).photos for person in people]
    faces = [[cropped.pair[0] for cropped in crops.crop_all(sources.contents(photos), [None] * len(photos), encoder)]
             for photos in listed]
    who = np.repeat(np.arange(len(faces)), [len(person) for person in faces])
    embedding = encoder.network(tf.constant(np.concatenate(faces) / np.float32(255.)))[1].numpy()
    first, second = np.triu_indices(len(who), 1)
    distance = np.linalg.norm(embedding[first] - embedding[second], axis=-1)
    same = who[first] == who[second]
    area_under_curve = np.mean(distance[same][:, None] < distance[~same])
    assert area_under_curve > .98
