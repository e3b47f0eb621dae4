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


def random_images(count, seed=0):
    return np.random.default_rng(seed).uniform(size=[count, 150, 150, 3]).astype(np.float32)


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


def test_encoding_has_the_promised_shapes_and_unit_identity(encoder):
    images = random_images(3)
    features, identity = encoder(images)
    assert features.shape == (3, encoder.feature_size) == (3, 256)
    assert identity.shape == (3, encoder.identity_size) == (3, 128)
    np.testing.assert_allclose(np.linalg.norm(identity, axis=-1), 1., atol=1e-5)
    np.testing.assert_allclose(identity[1:2], encoder(images[1:2]).identity, atol=1e-5)


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


def test_template_is_a_face_inside_the_picture(encoder):
    (left_eye, right_eye, nose, left_mouth, right_mouth) = encoder.template
    assert encoder.template.shape == (5, 2) and encoder.template.dtype == np.float32
    np.testing.assert_allclose(left_eye, [47.55, 46.6], atol=.01)  # (.2255 + .25) / 1.5 * 150, ...
    assert 0. < left_eye[0] < nose[0] < right_eye[0] < 150.
    assert left_eye[1] < nose[1] < left_mouth[1] == right_mouth[1] < 150.


def test_does_not_import_the_package_of_the_weights(encoder):
    assert "face_recognition_models" not in sys.modules


@pytest.mark.parametrize("shape", [(2, 160, 160, 3), (150, 150, 3), (1, 150, 150, 1)])
def test_wrong_images_are_named(encoder, shape):
    with pytest.raises(ValueError, match=r"images of the dlib encoder must have shape \[B, 150, 150, 3\], but have"):
        encoder(np.zeros(shape, np.float32))


def test_missing_weights(tmp_path):
    with pytest.raises(ValueError, match="none.dat: no such file; expected dlib_face_recognition_resnet_model_v1.dat"):
        registry.load("dlib", weights=tmp_path / "none.dat")


def test_missing_package(monkeypatch):
    monkeypatch.setattr(dlib_resnet, "PACKAGE", "no_such_package")
    with pytest.raises(ValueError, match="pip install no_such_package"):
        registry.load("dlib")


def test_a_file_of_something_else(tmp_path):
    (tmp_path / "text.dat").write_text("these are no weights")
    with pytest.raises(ValueError, match="text.dat: not dlib_face.*found 0 convolutions and 0 affine layers, expected 29"):
        registry.load("dlib", weights=tmp_path / "text.dat")


@pytest.mark.parametrize("bytes_kept", [3_000_000, 22_000_000])
def test_a_truncated_file(tmp_path, bytes_kept):
    path = tmp_path / "cut.dat"
    path.write_bytes(dlib_resnet.packaged_weights().read_bytes()[:bytes_kept])
    with pytest.raises(ValueError, match="cut.dat: .*cut off"):
        registry.load("dlib", weights=path)


def test_tells_unseen_people_apart(encoder, data_folder):
    people = sorted((data_folder / "photos" / "test").iterdir())[:40]
    listed = [sources.find(person).photos for person in people]
    faces = [[pair[0] for pair in crops.crop_all(sources.contents(photos), [None] * len(photos), encoder)] for photos in listed]
    who = np.repeat(np.arange(len(faces)), [len(person) for person in faces])
    embedding = encoder.network(tf.constant(np.concatenate(faces) / np.float32(255.)))[1].numpy()
    first, second = np.triu_indices(len(who), 1)
    distance = np.linalg.norm(embedding[first] - embedding[second], axis=-1)
    same = who[first] == who[second]
    area_under_curve = np.mean(distance[same][:, None] < distance[~same])
    assert area_under_curve > .98
