"""What the network that is trained is trained on: each loss through the whole model, renderer and encoder included."""
import keras
import numpy as np
import pytest
import tensorflow as tf

from morph3d import aligned_rendering, decoder, losses, scene
from morph3d.data.synthetic_store import EncodedFaces
from morph3d.encoders.base import Encoding
from morph3d.morphable import coefficients
from morph3d.renderer import backends, portable
from morph3d.training.config import LossWeights
from morph3d.training.face_training import FaceTraining

VIEWS = 2


@pytest.fixture
def training(tiny_model, tiny_encoder):
    return build(tiny_model, tiny_encoder)


def build(model, encoder, weights=LossWeights(), rate=1e-3):
    keras.utils.set_random_seed(0)
    network = decoder.build(encoder.feature_size, model.shape_size, model.texture_size, hidden=(32,))
    for name in "added_shape", "added_texture":  # not zero, as after some steps of stage 2
        kernel = network.get_layer(name).kernel
        kernel.assign(keras.initializers.GlorotUniform(0)(kernel.shape))
    training = FaceTraining(network, model, encoder, weights, VIEWS)
    training.compile(keras.optimizers.Adam(rate), jit_compile=False)
    return training


@pytest.fixture(scope="module")
def photos(tiny_model, tiny_encoder):
    """The Encoding of pictures of five faces."""
    faces = coefficients.sample(tiny_model, 5, 7)
    return tiny_encoder(aligned_rendering.draw_model(tiny_model, faces, scene.studio(5), tiny_encoder))


def batch_of(photos, model, drawn, seed=0):
    return {"photos": photos, "views": scene.sample(drawn * VIEWS, [seed, 1]), "synthetic": encoded(model, seed)}


def encoded(model, seed):
    """Three EncodedFaces, of features that nothing was drawn for."""
    faces = coefficients.sample(model, 3, [seed, 2])
    return EncodedFaces(tf.random.stateless_uniform([3, 24], [seed, 3]), faces.shape, faces.texture)


def rows(structure, start, stop):
    return tf.nest.map_structure(lambda part: part[start:stop], structure)


def test_each_view_is_compared_with_its_own_photo(training, photos, tiny_model):
    """So the losses of three photos are the means of those that each has alone, with its own views."""
    batch = batch_of(photos, tiny_model, 3)
    together = training.terms(batch)
    # Of the batch of one, nobody's distribution can be told: another photo stands behind it, undrawn.
    alone = [training.terms({"photos": Encoding(*(tf.gather(part, [i, 4]) for part in photos)),
                             "views": rows(batch["views"], i * VIEWS, (i + 1) * VIEWS)}) for i in range(3)]
    for name in "identity", "loopback":
        assert float(together[name]) == pytest.approx(np.mean([float(terms[name]) for terms in alone]), rel=1e-4)
        assert np.ptp([float(terms[name]) for terms in alone]) > .01, "what is alike could be mixed up unseen"


def loopback_gradient(training, batch):
    with tf.GradientTape() as tape:
        loss = training.terms(batch)["loopback"]
    return tf.concat([tf.reshape(part, [-1]) for part in tape.gradient(loss, added(training))], 0).numpy()


def added(training):
    """The variables that the losses of photos train."""
    return [variable for variable in training.decoder.trainable_variables if variable.path.startswith("added")]


def test_both_loopback_paths_reach_the_decoder(training, photos, tiny_model, monkeypatch):
    """Figure 2: what was read from the photo, and what is read from its rendering. Their gradients add up to the whole."""
    batch, loss = batch_of(photos, tiny_model, 3), losses.loopback_loss

    def stopped(faces):
        return tf.nest.map_structure(tf.stop_gradient, faces[:2])

    whole = loopback_gradient(training, batch)
    monkeypatch.setattr(losses, "loopback_loss", lambda first, read, **weights: loss(
        first, coefficients.Coefficients(*stopped(read)), **weights))
    of_photo = loopback_gradient(training, batch)
    monkeypatch.setattr(losses, "loopback_loss", lambda first, read, **weights: loss(
        coefficients.Coefficients(*stopped(first)), read, **weights))
    of_rendering = loopback_gradient(training, batch)
    np.testing.assert_allclose(of_photo + of_rendering, whole, atol=1e-4 * np.abs(whole).max())
    assert min(np.linalg.norm(of_photo), np.linalg.norm(of_rendering)) > .1 * np.linalg.norm(whole)


def test_the_loopback_loss_reaches_the_decoder_through_the_rendering(training, photos, tiny_model, tiny_encoder):
    class Blind:
        """An encoder through which no gradient flows."""
        image_size, template, feature_size = tiny_encoder.image_size, tiny_encoder.template, tiny_encoder.feature_size

        def __call__(self, images):
            return Encoding(*map(tf.stop_gradient, tiny_encoder(images)))

    batch, blind = batch_of(photos, tiny_model, 3), build(tiny_model, Blind())
    whole, without = loopback_gradient(training, batch), loopback_gradient(blind, batch)
    assert float(training.terms(batch)["loopback"]) == float(blind.terms(batch)["loopback"])
    assert np.linalg.norm(whole - without) > .01 * np.linalg.norm(whole)


@pytest.mark.parametrize("hybrid", [False, True])
def test_the_parameter_losses_are_of_the_expected_face_and_in_stage_2_of_the_other_too(training, photos, tiny_model, hybrid):
    batch = batch_of(photos, tiny_model, 3)
    features, true_shape, true_texture = (part.numpy() for part in batch["synthetic"])
    found, wanted = training.terms(batch if hybrid else {"synthetic": batch["synthetic"]}), {}
    for name, choice in (("parameter", True), ("read_parameter", False))[:1 + hybrid]:
        shape, texture, _ = decoder.decode(training.decoder, features, decoder.RENDERINGS, choice)
        wanted[name] = np.mean(.4 * np.square(shape - true_shape).sum(1) + .1 * np.square(texture - true_texture).sum(1))
    assert {name: float(value) for name, value in found.items() if "parameter" in name} == pytest.approx(wanted, rel=1e-5)


@pytest.mark.parametrize("kinds, trained", [({"synthetic"}, "expected"), ({"photos", "views"}, "added")])
def test_layers_that_a_batch_says_nothing_about_stay_as_they_are(training, photos, tiny_model, kinds, trained):
    before = {variable.path: variable.numpy() for variable in training.decoder.variables}
    batch = {name: part for name, part in batch_of(photos, tiny_model, 3).items() if name in kinds}
    for _ in range(3):
        training.train_step(batch)
    changed = {variable.path for variable in training.decoder.variables if np.any(variable.numpy() != before[variable.path])}
    assert changed == {variable.path for variable in training.decoder.trainable_variables if variable.path.startswith(trained)}


def test_stage_2_brings_each_face_nearer_to_its_own_photo(tiny_model, tiny_encoder, photos):
    training = build(tiny_model, tiny_encoder, rate=1e-2)
    seen = batch_of(photos, tiny_model, 5, seed=100)
    strangers = {**seen, "photos": photos._replace(identity=tf.roll(photos.identity, 1, 0))}
    before = float(training.terms(seen)["identity"])
    step = tf.function(training.train_step)
    for seed in range(40):
        step(batch_of(photos, tiny_model, 5, seed))
    after, of_strangers = (float(training.terms(batch)["identity"]) for batch in (seen, strangers))
    assert after < .8 * before
    assert after < .9 * of_strangers  # one face for everybody would be as near to any photo


def test_a_batch_of_unknown_size_gives_the_same_losses(training, photos, tiny_model):
    batch = batch_of(photos, tiny_model, 3)
    specs = tf.nest.map_structure(lambda part: tf.TensorSpec([None, *part.shape[1:]], part.dtype), batch)
    unknown = tf.function(training.terms, [specs])(batch)
    known = tf.function(training.terms)(batch)
    assert {name: float(value) for name, value in unknown.items()} == {name: float(value) for name, value in known.items()}
    with tf.GradientTape() as tape:
        loss = tf.function(training.terms, [specs])(batch)["identity"]
    assert all(np.any(part) for part in tape.gradient(loss, added(training)))


@pytest.mark.slow
def test_in_tensorflows_own_ops_xla_compiles_the_step_which_stays_the_same(training, photos, tiny_model, tiny_encoder, monkeypatch):
    batch = batch_of(photos, tiny_model, 2)
    training.optimizer.build(training.decoder.trainable_variables)
    expected = tf.function(training.train_step)(batch)
    monkeypatch.setattr(backends, "ops", lambda backend="auto": portable)
    compiled = build(tiny_model, tiny_encoder)
    compiled.compile(compiled.optimizer, jit_compile=True)
    compiled.optimizer.build(compiled.decoder.trainable_variables)
    compiled.make_train_function()
    found = compiled.train_function(iter(tf.data.Dataset.from_tensors(batch)))
    for name, value in expected.items():
        assert float(found[name]) == pytest.approx(float(value), rel=1e-3), name
    for variable, wanted in zip(compiled.decoder.trainable_variables, training.decoder.trainable_variables, strict=True):
        # Adam's first step is the sign of the gradient, which rounding may turn where it is nearly zero.
        assert np.mean(np.abs(variable - wanted) < 1e-4) > .95


@pytest.fixture
def half_precision(tiny_model, tiny_encoder):
    """FaceTraining that was built under Keras' policy of half precision."""
    keras.config.set_dtype_policy("mixed_float16")
    try:
        return build(tiny_model, tiny_encoder)
    finally:
        keras.config.set_dtype_policy("float32")


def weights_of(training):
    return [variable.numpy() for variable in training.decoder.trainable_variables]


def test_half_precision_trains_with_nearly_the_same_losses_and_gradient(half_precision, training, photos, tiny_model):
    precisions = [{layer.compute_dtype for layer in model.decoder.layers} for model in (training, half_precision)]
    assert precisions == [{"float32"}, {"float16", "float32"}]
    batch, before = batch_of(photos, tiny_model, 3), weights_of(half_precision)
    half_precision.optimizer.build(half_precision.decoder.trainable_variables)
    half_precision.optimizer.dynamic_scale.assign(2.**10)  # with the first, 2^15, some gradients overflow and the step is skipped
    expected, found = (tf.function(model.train_step)(batch) for model in (training, half_precision))
    assert {value.dtype for value in found.values()} == {tf.float32}
    for name in expected:
        assert float(found[name]) == pytest.approx(float(expected[name]), rel=.02), name
    for old, new, wanted in zip(before, weights_of(half_precision), weights_of(training)):
        assert np.any(old != new)
        # Adam's first step is the sign of the gradient, which half precision may turn where it is nearly zero.
        assert np.mean(np.abs(new - wanted) < 1e-4) > .95


def test_a_gradient_too_large_for_half_precision_skips_the_step(half_precision, photos, tiny_model):
    batch = batch_of(photos, tiny_model, 3)
    half_precision.optimizer.build(half_precision.decoder.trainable_variables)
    half_precision.optimizer.dynamic_scale.assign(1e30)
    before = weights_of(half_precision)
    found = tf.function(half_precision.train_step)(batch)
    assert all(np.isfinite(value) for value in found.values()) and float(found["gradient"]) == 0.
    assert float(half_precision.optimizer.dynamic_scale) == pytest.approx(.5e30)
    assert half_precision.optimizer.iterations.numpy() == 1, "the next step would have this one's batch again"
    for old, new in zip(before, weights_of(half_precision)):
        np.testing.assert_array_equal(old, new)
