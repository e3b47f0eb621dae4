"""SavedModels of both formats, and of none."""
import re
import shutil

import keras
import numpy as np
import pytest
import tensorflow as tf

from morph3d.encoders import registry
from tests.encoders import recognizer

EXPECTED = ("expected images float32 .B, size, size, 3. -> features float32 .B, D., identity float32 .B, I., or "
            "faces float32 .B, size, size, 3. -> embedding float32 .B, D.$")


class Saved(tf.Module):
    """An Encoder made ready to be saved."""

    def __init__(self, encoder):
        super().__init__()
        self.encoder = encoder
        self.template = tf.Variable(encoder.template, trainable=False)
        size = encoder.image_size
        self.encode = tf.function(self._encode, [tf.TensorSpec([None, size, size, 3], tf.float32, "images")])

    def _encode(self, images):
        return self.encoder(images)._asdict()


IMAGES = tf.TensorSpec([None, 32, 32, 3], tf.float32, "images")


def save(folder, encode, template=recognizer.TEMPLATE, images=IMAGES):
    """A SavedModel without weights."""
    module = tf.Module()
    if template is not None:
        module.template = tf.Variable(template, trainable=False)
    module.encode = tf.function(encode, [images])
    tf.saved_model.save(module, str(folder), {"serving_default": module.encode})
    return f"saved_model:{folder}"


def means(images):
    """The simplest recognizer."""
    return {"features": tf.reduce_mean(images, [1, 2]), "identity": tf.reduce_max(images, [1, 2]) + tf.constant([.1, .2, .3])}


def bare(faces):
    """The simplest recognizer of the customary format: colors in 0..255."""
    return {"embedding": tf.reduce_mean(faces, [1, 2]) + tf.constant([1., 2., 3.])}


def save_bare(folder, encode=bare, size=112, template=None, name="faces", dtype=tf.float32):
    return save(folder, encode, template, tf.TensorSpec([None, size, size, 3], dtype, name))


def with_gradient(encoder, images):
    with tf.GradientTape() as tape:
        tape.watch(images)
        features, identity = encoder(images)
        value = tf.reduce_sum(features) + tf.reduce_sum(identity[:, ::2])
    return features, identity, tape.gradient(value, images)


def test_an_encoder_that_was_saved_and_loaded_is_the_same(dlib_encoder, tmp_path):
    saved = Saved(dlib_encoder)
    tf.saved_model.save(saved, tmp_path, {"serving_default": saved.encode})
    loaded = registry.load(f"saved_model:{tmp_path}")
    np.testing.assert_array_equal(loaded.template, dlib_encoder.template)
    assert (loaded.image_size, loaded.feature_size, loaded.identity_size) == (150, 256, 128)
    assert len(loaded.variables) == len(dlib_encoder.variables)
    images = tf.random.stateless_uniform([2, 150, 150, 3], [0, 1])
    for found, expected in zip(with_gradient(loaded, images), with_gradient(dlib_encoder, images)):
        np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)


def test_somebodys_network_is_run_for_inference_and_its_identity_made_a_unit_vector(recognizer_encoder):
    images = tf.random.stateless_uniform([3, 32, 32, 3], [0, 1])
    features, embedding = recognizer.network()(255. * images, training=False)
    encoding = recognizer_encoder(images)
    np.testing.assert_allclose(encoding.features, features, atol=1e-5)
    np.testing.assert_allclose(encoding.identity, keras.ops.normalize(embedding), atol=1e-5)
    np.testing.assert_array_equal(recognizer_encoder.template, recognizer.TEMPLATE)


def test_it_can_be_part_of_what_is_saved_again(recognizer_encoder, tmp_path):
    saved = Saved(recognizer_encoder)
    tf.saved_model.save(saved, tmp_path, {"serving_default": saved.encode})
    images = tf.random.stateless_uniform([2, 32, 32, 3], [0, 1])
    loaded = registry.load(f"saved_model:{tmp_path}")
    np.testing.assert_allclose(loaded(images).identity, recognizer_encoder(images).identity, atol=1e-6)


def test_the_fingerprint_tells_of_weights_that_are_constants_of_the_graph(tmp_path):
    def brighter(images):
        return {name: 2. * value for name, value in means(images).items()}

    one = save(tmp_path / "one", means)
    other = save(tmp_path / "other", brighter)
    assert registry.load(one).variables == ()
    assert registry.load(one).fingerprint == registry.load(one).fingerprint != registry.load(other).fingerprint


def test_a_customary_recognizer_has_an_embedding_for_features_and_identity(tmp_path):
    encoder = registry.load(save_bare(tmp_path))
    images = tf.random.stateless_uniform([3, 112, 112, 3], [0, 1])
    embedding = 255. * np.mean(images, (1, 2)) + [1., 2., 3.]
    features, identity = encoder(images)
    np.testing.assert_allclose(features, embedding, rtol=1e-5)
    np.testing.assert_allclose(identity, embedding / np.linalg.norm(embedding, axis=-1, keepdims=True), rtol=1e-5)
    assert encoder.image_size == 112
    np.testing.assert_allclose(encoder.template, [(38.29, 51.70), (73.53, 51.50), (56.03, 71.74), (41.55, 92.37), (70.73, 92.20)])


def test_a_customary_recognizer_of_another_size_brings_its_template(tmp_path):
    encoder = registry.load(save_bare(tmp_path / "own", size=32, template=recognizer.TEMPLATE))
    assert encoder.image_size == 32
    np.testing.assert_array_equal(encoder.template, recognizer.TEMPLATE)
    with pytest.raises(ValueError, match=r"none: expected a variable `template` of shape \(5, 2\), .* in pixels; found none, and "
                                         r"faces of 32 x 32 pixels instead of 112 x 112$"):
        registry.load(save_bare(tmp_path / "none", size=32))


@pytest.mark.parametrize("change, found", [
    ({"encode": lambda faces: bare(faces) | {"mask": faces[:, 0, 0]}}, "faces float32 .* -> embedding float32 .*, mask float32 .*"),
    ({"encode": lambda faces: {"output_0": bare(faces)["embedding"]}}, r"faces float32 .* -> output_0 float32 \(None, 3\)"),
    ({"encode": lambda faces: {"embedding": faces}}, r"faces .* -> embedding float32 \(None, 112, 112, 3\)"),
    ({"encode": lambda input_1: bare(input_1), "name": "input_1"}, r"input_1 float32 \(None, 112, 112, 3\) -> embedding .*"),
    ({"encode": lambda images: bare(images), "name": "images"}, "images float32 .* -> embedding .*"),
    ({"encode": lambda faces: bare(tf.cast(faces, tf.float32)), "dtype": tf.uint8}, "faces uint8 .* -> embedding float32 .*")])
def test_what_is_nearly_a_customary_recognizer(change, found, tmp_path):
    with pytest.raises(ValueError, match=f"^{tmp_path}: serving_default is {found}; {EXPECTED}"):
        registry.load(save_bare(tmp_path, **change))


def test_the_independent_recognizer_is_an_encoder(data_folder):
    encoder = registry.load(f"saved_model:{data_folder / 'recognizer'}")
    images = tf.random.stateless_uniform([2, 112, 112, 3], [0, 1])
    signature = tf.saved_model.load(str(data_folder / "recognizer")).signatures["serving_default"]
    np.testing.assert_allclose(encoder(images).identity, signature(faces=255. * images)["embedding"], atol=1e-5)
    assert (encoder.image_size, encoder.feature_size, encoder.identity_size) == (112, 128, 128)


def test_no_folder(tmp_path):
    with pytest.raises(ValueError, match="none: no such folder; expected a SavedModel$"):
        registry.load(f"saved_model:{tmp_path / 'none'}")


def test_a_folder_of_something_else(tmp_path):
    with pytest.raises(ValueError, match="holds no saved_model.pb; expected a SavedModel$"):
        registry.load(f"saved_model:{tmp_path}")


@pytest.mark.parametrize("file", ["saved_model.pb", "variables/variables.index"])
def test_a_damaged_saved_model(file, tmp_path):
    spec = save(tmp_path, means)
    path = tmp_path / file
    path.write_bytes(path.read_bytes()[:30])
    with pytest.raises(ValueError, match=f"^{tmp_path}: the SavedModel cannot be read: .") as error:
        registry.load(spec)
    assert "\n" not in str(error.value)


def test_no_signature(tmp_path):
    module = tf.Module()
    module.encode = tf.function(means, [IMAGES])
    tf.saved_model.save(module, str(tmp_path), {"encode": module.encode})
    with pytest.raises(ValueError, match=f"no signature serving_default, but encode; {EXPECTED}"):
        registry.load(f"saved_model:{tmp_path}")
    tf.saved_model.save(tf.Module(), str(tmp_path / "empty"))
    with pytest.raises(ValueError, match=f"no signature serving_default, but none; {EXPECTED}"):
        registry.load(f"saved_model:{tmp_path / 'empty'}")


@pytest.mark.parametrize("name, shape, dtype", [
    ("faces", [None, 32, 32, 3], tf.float32), ("images", [1, 32, 32, 3], tf.float32), ("images", [None, 32, 30, 3], tf.float32),
    ("images", [None, 32, 32, 1], tf.float32), ("images", [None, None, None, 3], tf.float32), ("images", None, tf.float32),
    ("images", [None, 32, 32, 3], tf.float64)])
def test_other_images(name, shape, dtype, tmp_path):
    def encode(x):
        mean = tf.cast(tf.reduce_mean(x), tf.float32) + tf.zeros([tf.shape(x)[0], 2])
        mean.set_shape([None, 2])
        return {"features": mean, "identity": mean}

    spec = save(tmp_path, encode, images=tf.TensorSpec(shape, dtype, name))
    described = re.escape(f"{name} {dtype.name} {tf.TensorShape(shape)}")
    with pytest.raises(ValueError, match=f"^{tmp_path}: serving_default is {described} -> features float32 .*; {EXPECTED}"):
        registry.load(spec)


def test_a_second_input(tmp_path):
    module = tf.Module()
    module.encode = tf.function(lambda images, scale: means(scale * images), [IMAGES, tf.TensorSpec([], tf.float32, "scale")])
    tf.saved_model.save(module, str(tmp_path), {"serving_default": module.encode})
    with pytest.raises(ValueError, match=r"serving_default is images float32 \(None, 32, 32, 3\), scale float32 \(\) -> "):
        registry.load(f"saved_model:{tmp_path}")


@pytest.mark.parametrize("change, found", [
    (lambda x: {"features": x["features"]}, r"features float32 \(None, 3\)"),
    (lambda x: {"embedding": x["identity"]}, r"embedding float32 \(None, 3\)"),
    (lambda x: x | {"features": x["features"][:, None]}, r"features float32 \(None, 1, 3\), identity float32 \(None, 3\)"),
    (lambda x: x | {"identity": tf.cast(x["identity"], tf.float64)}, "features float32 .*, identity float64 .*"),
    (lambda x: x | {"features": tf.reshape(x["features"], [1, -1])}, "features float32 .1, None., identity float32 .*")])
def test_other_outputs(change, found, tmp_path):
    with pytest.raises(ValueError, match=f"serving_default is images float32 .None, 32, 32, 3. -> {found}; {EXPECTED}"):
        registry.load(save(tmp_path, lambda images: change(means(images))))


@pytest.mark.parametrize("template, found", [(None, "none"), (recognizer.TEMPLATE.T, r"one of shape \(2, 5\)")])
def test_no_template(template, found, tmp_path):
    spec = save(tmp_path, means, template)
    with pytest.raises(ValueError, match=rf"expected a variable `template` of shape \(5, 2\), .* in pixels; found {found}$"):
        registry.load(spec)


def test_a_network_saved_in_training(tmp_path):
    saved = recognizer.Recognizer(training=True)
    tf.saved_model.save(saved, tmp_path, {"serving_default": saved.encode})
    with pytest.raises(ValueError, match="serving_default changes variables, as training does .*; save it for inference$"):
        registry.load(f"saved_model:{tmp_path}")


def test_images_that_are_rounded_have_no_gradient_which_a_judge_does_not_need(tmp_path):
    def rounded(images):
        return means(images) | {"features": means(tf.cast(tf.cast(255. * images, tf.uint8), tf.float32))["features"]}

    spec = save(tmp_path, rounded)
    with pytest.raises(ValueError, match="features has no gradient with respect to the images"):
        registry.load(spec)
    assert registry.load(spec, differentiable=False)(tf.ones([1, 32, 32, 3])).features.shape == (1, 3)


def test_its_folder_may_have_any_name(recognizer_folder, recognizer_encoder, tmp_path):
    copy = shutil.copytree(recognizer_folder, tmp_path / "recognizers [1]" / "a*b")
    assert registry.load(f"saved_model:{copy}").fingerprint == recognizer_encoder.fingerprint
