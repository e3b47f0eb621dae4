import sys

import keras
import numpy as np
import pytest
import tensorflow as tf

from morph3d import encoders
from morph3d.data import photos
from morph3d.encoders import dlib_resnet

# dlib 20.0.1, face_recognition_model_v1(weights).compute_face_descriptor(waves()): the first numbers and the length.
DLIB_ON_WAVES = [-.058049, .102388, .047619, -.039316, -.034825, -.053628, .006445, .001986]
DLIB_LENGTH_ON_WAVES = 1.291053


@pytest.fixture(scope="module")
def encoder():
    return encoders.load("dlib")


def waves():
    y, x = np.mgrid[:150, :150]
    planes = [np.sin(x * a / 19. + y * b / 23. + c) for a, b, c in [(1., 2., 0.), (2., -1., 1.), (.5, 1.5, 2.)]]
    return (127.5 + 127.5 * np.stack(planes, -1)).round().astype(np.uint8)


def random_images(count, seed=0):
    return np.random.default_rng(seed).uniform(size=[count, 150, 150, 3]).astype(np.float32)


def test_equals_dlib(encoder):
    _, embedding = encoder.network(tf.constant(waves()[None] / np.float32(255.)))
    np.testing.assert_allclose(embedding[0, :8], DLIB_ON_WAVES, atol=1e-5)
    np.testing.assert_allclose(np.linalg.norm(embedding[0]), DLIB_LENGTH_ON_WAVES, atol=1e-5)


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


def test_is_frozen_also_inside_a_keras_model(encoder):
    class Reader(keras.Model):
        def __init__(self):
            super().__init__()
            self.encoder, self.dense = encoder, keras.layers.Dense(2)

        def call(self, images):
            return self.dense(self.encoder(images).features)

    reader = Reader()
    reader(random_images(1))
    assert encoder.trainable_variables == () and len(encoder.variables) == 29 + 29 + 1
    assert [w.path.split("/")[-1] for w in reader.trainable_variables] == ["kernel", "bias"]


def test_survives_saved_model(encoder, tmp_path):
    class Server(tf.Module):
        def __init__(self):
            super().__init__()
            self.encoder = encoder

        @tf.function(input_signature=[tf.TensorSpec([None, 150, 150, 3])])
        def encode(self, images):
            return self.encoder(images)._asdict()

    tf.saved_model.save(Server(), tmp_path)
    reloaded = tf.saved_model.load(tmp_path)
    np.testing.assert_allclose(reloaded.encode(tf.constant(random_images(2)))["identity"],
                               encoder(random_images(2)).identity, atol=1e-5)


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
        encoders.load("dlib", weights=tmp_path / "none.dat")


def test_missing_package(monkeypatch):
    monkeypatch.setattr(dlib_resnet, "PACKAGE", "no_such_package")
    with pytest.raises(ValueError, match="pip install no_such_package"):
        encoders.load("dlib")


def test_a_file_of_something_else(tmp_path):
    (tmp_path / "text.dat").write_text("these are no weights")
    with pytest.raises(ValueError, match="text.dat: not dlib_face.*found 0 convolutions and 0 affine layers, expected 29"):
        encoders.load("dlib", weights=tmp_path / "text.dat")


@pytest.mark.parametrize("bytes_kept", [3_000_000, 22_000_000])
def test_a_truncated_file(tmp_path, bytes_kept):
    path = tmp_path / "cut.dat"
    path.write_bytes(dlib_resnet.packaged_weights().read_bytes()[:bytes_kept])
    with pytest.raises(ValueError, match="cut.dat: .*cut off"):
        encoders.load("dlib", weights=path)


def test_unknown_encoder():
    with pytest.raises(ValueError, match="unknown encoder 'vgg': expected one of dlib, facenet"):
        encoders.load("vgg")


def test_tells_unseen_people_apart(encoder, data_folder):
    people = sorted((data_folder / "photos" / "test").iterdir())[:40]
    faces = [photos.align(person, encoder.template, encoder.image_size).crops for person in people]
    who = np.repeat(np.arange(len(faces)), [len(crops) for crops in faces])
    embedding = encoder.network(tf.constant(np.concatenate(faces) / np.float32(255.)))[1].numpy()
    first, second = np.triu_indices(len(who), 1)
    distance = np.linalg.norm(embedding[first] - embedding[second], axis=-1)
    same = who[first] == who[second]
    area_under_curve = np.mean(distance[same][:, None] < distance[~same])
    assert area_under_curve > .98
