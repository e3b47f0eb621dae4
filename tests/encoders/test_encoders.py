"""What holds for every encoder."""
import pathlib
import re
import subprocess
import sys

import keras
import numpy as np
import pytest
import tensorflow as tf

from morph3d import decoder, scene
from morph3d.data.synthetic_store import EncodedFaces
from morph3d.encoders import dlib_resnet, facenet, registry, saved_model
from morph3d.encoders.base import Encoder, Encoding, Framing
from morph3d.morphable import coefficients
from morph3d.training.config import LossWeights
from morph3d.training.face_training import FaceTraining

SIZES = {"dlib": (150, 256, 128), "facenet": (160, 1792, 512), "nn2": (224, 1024, 128), "vgg_face": (224, 4, 4),
         "saved_model": (32, 6, 4)}  # pixels, features, numbers of identity
SPECS = "dlib, facenet, facenet:KEY, nn2, vgg_face, saved_model:FOLDER"


@pytest.fixture(params=["dlib", "facenet", "nn2", "vgg_face", "recognizer"])
def encoder(request):
    return request.getfixturevalue(f"{request.param}_encoder")


def random_images(encoder, count=2):
    return tf.random.stateless_uniform([count, encoder.image_size, encoder.image_size, 3], [0, 1])


def counting(encoder):
    """The same encoder, and a list that grows with each trace of its network."""
    traces = []

    def network(images):
        traces.append(images.shape)
        return encoder.network(images)

    return Encoder(encoder.name, encoder.image_size, encoder.template, network), traces


def test_the_list_of_encoders_loads_no_library():
    code = "import sys, morph3d.encoders.registry; print([m for m in ('tensorflow', 'keras', 'numpy') if m in sys.modules])"
    found = subprocess.run([sys.executable, "-c", code], cwd=pathlib.Path(__file__).parents[2], capture_output=True, text=True)
    assert found.stdout.strip() == "[]", found.stderr


def test_an_encoding_has_the_promised_sizes_and_a_unit_identity_and_is_of_its_picture_alone(encoder):
    images = random_images(encoder, 3)
    features, identity = encoder(images)
    assert (encoder.image_size, encoder.feature_size, encoder.identity_size) == SIZES[encoder.name]
    assert features.shape == (3, encoder.feature_size) and identity.shape == (3, encoder.identity_size)
    np.testing.assert_allclose(np.linalg.norm(identity, axis=-1), 1., atol=1e-5)
    assert np.isfinite(features).all() and np.ptp(features, axis=0).max() > 0.
    for found, expected in zip(encoder(images[1:2]), (features, identity)):
        np.testing.assert_allclose(found[0], expected[1], rtol=1e-4, atol=1e-5 * np.abs(expected).max())


def test_the_gradient_reaches_the_images(encoder):
    images = random_images(encoder, 1)
    for part in range(2):
        with tf.GradientTape() as tape:
            tape.watch(images)
            total = tf.reduce_sum(encoder.network(images)[part][:, :3])
        gradient = tape.gradient(total, images).numpy()
        assert np.isfinite(gradient).all() and np.abs(gradient).max() > 0.


@pytest.mark.parametrize("grow", [lambda size: (2, size + 10, size + 10, 3), lambda size: (size, size, 3),
                                  lambda size: (1, size, size, 1)])
def test_wrong_images_are_named(encoder, grow):
    size, shape = encoder.image_size, grow(encoder.image_size)
    message = f"images of the {encoder.name} encoder must have shape [B, {size}, {size}, 3], but have {shape}"
    with pytest.raises(ValueError, match=re.escape(message)):
        encoder(np.zeros(shape, np.float32))


@pytest.mark.parametrize("spec", ["vgg", "", ":x", "dlib:", "dlib:x", "nn2:x", "vgg_face:x", "facenet:", "saved_model",
                                  "saved_model:"])
def test_another_spec_is_refused_with_a_list_of_those_there_are(spec):
    with pytest.raises(ValueError, match=f"^unknown encoder '{spec}': expected one of {SPECS}$"):
        registry.load(spec)


def test_the_argument_and_the_weights_go_to_the_encoders_module(monkeypatch):
    for module in dlib_resnet, facenet:
        monkeypatch.setattr(module, "load", lambda **settings: settings)
    assert registry.load("dlib") == registry.load("facenet") == {}
    assert registry.load("dlib", "w.dat") == {"weights": "w.dat"}
    assert registry.load("facenet:20170512-110547", weights="w.h5") == {"key": "20170512-110547", "weights": "w.h5"}


def test_a_saved_model_takes_no_weights():
    with pytest.raises(ValueError, match=r"^w.h5: no weights file can be given for saved_model:a:b: a SavedModel holds its own"):
        registry.load("saved_model:a:b", "w.h5")


def test_the_network_is_traced_once_however_it_is_called(tiny_encoder):
    encoder, traces = counting(tiny_encoder)
    for count in 1, 2, 5:
        encoder(random_images(encoder, count))
    tf.function(encoder)(random_images(encoder, 3))
    with tf.GradientTape() as tape:
        images = random_images(encoder, 4)
        tape.watch(images)
        value = encoder(images).identity
    assert tape.gradient(value, images) is not None
    assert traces == [(None, 32, 32, 3)]


@pytest.mark.parametrize("count", [7, None])
def test_the_size_of_the_batch_stays_known(encoder, count):
    size = encoder.image_size
    traced = tf.function(encoder).get_concrete_function(tf.TensorSpec([count, size, size, 3]))
    assert [shape.as_list() for shape in traced.output_shapes] == [[count, encoder.feature_size], [count, encoder.identity_size]]


@pytest.mark.parametrize("encoder", ["dlib", "vgg_face", "recognizer", pytest.param("facenet", marks=pytest.mark.slow)],
                         indirect=True)
def test_encodings_and_gradients_are_those_of_the_bare_network(encoder):
    def score(encode, images):
        with tf.GradientTape() as tape:
            tape.watch(images)
            features, identity = encode(images)
            value = tf.reduce_sum(features**2) + tf.reduce_sum(identity[:, 0])
        return features, tf.math.l2_normalize(identity, -1), tape.gradient(value, images)

    def bare(images):
        features, embedding = encoder.network(images)
        return features, tf.math.l2_normalize(embedding, -1)

    images = random_images(encoder)
    expected = tf.function(score)(bare, images)
    for found, wanted in zip(tf.function(score)(encoder, images), expected):
        np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-5 * np.abs(wanted).max())


def train_faces(encoder, tiny_model):
    """The decoder's training, on a photo and a synthetic face."""
    network = decoder.build(encoder.feature_size, tiny_model.shape_size, tiny_model.texture_size, hidden=(8,))
    model = FaceTraining(network, tiny_model, encoder, LossWeights(), views=1)
    model.compile(keras.optimizers.Adam(1e-2), run_eagerly=True)  # tracing it takes longer
    photos = Encoding(tf.ones([2, encoder.feature_size]), tf.ones([2, encoder.identity_size]))
    face = EncodedFaces(photos.features[:1], *coefficients.sample(tiny_model, 1, [0, 2])[:2])
    batch = {"photos": photos, "views": scene.sample(1, [0, 1]), "synthetic": face}
    model.fit(tf.data.Dataset.from_tensors(batch).repeat(2), verbose=0)
    return model


def train_a_keras_model_around_it(encoder, tiny_model):
    class Reader(keras.Model):
        def __init__(self):
            super().__init__()
            self.encoder, self.dense = encoder, keras.layers.Dense(1)

        def call(self, images, training=None):
            return self.dense(self.encoder(images).features)

    model = Reader()
    model.compile("sgd", "mse", jit_compile=False)
    model.fit(random_images(encoder, 4), tf.ones([4, 1]), batch_size=2, verbose=0)
    return model


@pytest.mark.parametrize("encoder, train", [
    ("dlib", train_faces), ("recognizer", train_faces), pytest.param("facenet", train_faces, marks=pytest.mark.slow),
    *((name, train_a_keras_model_around_it) for name in ("facenet", "nn2", "vgg_face", "recognizer"))], indirect=["encoder"])
def test_training_changes_no_bit_of_the_encoder(encoder, tiny_model, train):
    before = [variable.numpy().copy() for variable in encoder.variables]
    model = train(encoder, tiny_model)
    assert int(model.optimizer.iterations) == 2 and model.trainable_variables
    own = {id(variable) for variable in encoder.variables}
    assert not any(id(variable.value) in own for variable in model.trainable_variables)
    for old, variable in zip(before, encoder.variables, strict=True):
        assert old.tobytes() == variable.numpy().tobytes(), variable.name


def test_no_tape_watches_the_variables(encoder):
    with tf.GradientTape() as tape:
        encoder(random_images(encoder))
        encoder.network(random_images(encoder))
    assert encoder.variables and encoder.trainable_variables == () == tape.watched_variables()


def test_the_fingerprint_is_the_same_each_time_it_is_loaded(dlib_encoder, recognizer_encoder, recognizer_folder):
    assert re.fullmatch("[0-9a-f]{12}", dlib_encoder.fingerprint)
    assert registry.load("dlib").fingerprint == dlib_encoder.fingerprint
    assert registry.load(f"saved_model:{recognizer_folder}").fingerprint == recognizer_encoder.fingerprint


def test_the_fingerprint_tells_of_each_weight_that_changes(recognizer_folder, recognizer_encoder):
    fingerprints = {recognizer_encoder.fingerprint}
    for index in range(len(recognizer_encoder.variables)):
        changed = registry.load(f"saved_model:{recognizer_folder}")
        variable = changed.variables[index]
        variable.assign(tf.tensor_scatter_nd_update(variable, [[0] * len(variable.shape)], [.123]))
        fingerprints.add(changed.fingerprint)
    assert len(fingerprints) == 1 + 8  # convolution and dense layer: two each; batch normalization: four


def test_the_fingerprint_tells_of_all_else_that_decides_an_encoding(tiny_encoder):
    def network(factor):
        factor = tf.constant([factor])
        return lambda images: (factor * tf.reduce_mean(images, [1, 2]), tf.reduce_mean(images, [1, 2]))

    template, bare = tiny_encoder.template, network(1.)
    first = Encoder("a", 32, template, bare).fingerprint
    assert first == Encoder("a", 32, template, network(1.)).fingerprint
    others = [Encoder("b", 32, template, bare), Encoder("a", 33, template, bare), Encoder("a", 32, template + 1., bare),
              Encoder("a", 32, template, bare, version="2"), Encoder("a", 32, template, network(2.))]
    assert len({first, *(other.fingerprint for other in others)}) == 6


@pytest.mark.parametrize("spec", ["dlib", "facenet", "facenet:20170512-110547", "nn2", "vgg_face"])
def test_the_framing_is_known_without_weights_and_shows_a_whole_face(spec):
    framing = registry.framing(spec)
    assert framing.image_size == SIZES[spec.partition(":")[0]][0]
    require_face(framing)


def test_the_customary_framing_shows_a_whole_face():
    require_face(Framing(saved_model.CUSTOMARY_SIZE, saved_model.CUSTOMARY_TEMPLATE))


def require_face(framing):
    assert framing.template.shape == (5, 2) and framing.template.dtype == np.float32
    left_eye, right_eye, nose, left_mouth, right_mouth = framing.template
    for left, right in ((left_eye, right_eye), (left_mouth, right_mouth)):
        assert 0. < left[0] < nose[0] < right[0] < framing.image_size
        assert left[1] == pytest.approx(right[1], abs=.3)
    assert 0. < left_eye[1] < nose[1] < left_mouth[1] < framing.image_size


@pytest.mark.parametrize("spec", ["facenet", "nn2", "vgg_face"])
def test_templates_of_means_are_symmetric(spec):
    framing = registry.framing(spec)
    left_eye, right_eye, nose, left_mouth, right_mouth = framing.template[:, 0]
    np.testing.assert_allclose([left_eye + right_eye, 2. * nose, left_mouth + right_mouth], framing.image_size, atol=.2)


def test_the_framing_is_the_encoders(dlib_encoder):
    framing = registry.framing("dlib")
    np.testing.assert_array_equal(framing.template, dlib_encoder.template)
    with pytest.raises(ValueError, match="unknown encoder 'vgg'"):
        registry.framing("vgg")
