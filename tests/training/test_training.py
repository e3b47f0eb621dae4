"""Training on a tiny model and a tiny encoder: it learns, resumes exactly, stops on broken numbers, and tells its models apart."""
import keras
import numpy as np
import pytest
import tensorflow as tf

from morph3d import decoder, losses
from morph3d.data import hybrid, synthetic
from morph3d.encoders.base import Encoding
from morph3d.training import callbacks, checkpoints, loop, schedule
from morph3d.training.face_training import FaceTraining


def training(tiny_model, tiny_encoder, steps=(4, 4), weights=losses.LossWeights(), rate=1e-3):
    keras.utils.set_random_seed(0)
    network = decoder.build(tiny_encoder.feature_size, tiny_model.shape_size, tiny_model.texture_size, hidden=(32,))
    model = FaceTraining(network, tiny_model, tiny_encoder, weights, views=2)
    model.compile(keras.optimizers.Adam(schedule.TwoStageSchedule(steps, (rate, rate), warm_up=1)), jit_compile=False)
    return model


def two_stages(tiny_model, tiny_encoder, steps=(4, 4)):
    rng = np.random.default_rng(0)
    seen = tiny_encoder(rng.random([9, 32, 32, 3], np.float32))

    def photos(start):
        chosen = tf.data.Dataset.counter(start).map(lambda step: (tf.range(4, dtype=tf.int64) + step) % 9)
        return chosen.map(lambda numbers: Encoding(*(tf.gather(part, numbers) for part in seen)))

    first, last = steps[0], sum(steps)
    return (loop.Stage("synthetic", 0, first, lambda start: synthetic.batches(tiny_model, 4, 0, start), 4, "faces"),
            loop.Stage("hybrid", first, last, lambda start: hybrid.batches(photos(start), tiny_model, 3, 2, 2, 0, start), 3,
                         "photos"))


def train(model, folder, parts, extra=()):
    saved = checkpoints.Checkpoints(folder, model.decoder, model.optimizer)
    saved.restore()
    for stage in parts:
        loop.run(model, stage, saved, [callbacks.SaveCheckpoints(saved, 3), *extra])
    return saved


def numbers(model):
    return [variable.numpy() for variable in model.decoder.variables]


class History(keras.callbacks.Callback):
    def __init__(self):
        super().__init__()
        self.logs = []

    def on_train_batch_end(self, batch, logs=None):
        self.logs.append({name: float(value) for name, value in logs.items()})


def test_each_stage_reports_its_losses_and_their_weighted_sum(tiny_model, tiny_encoder, tmp_path):
    weights, history = losses.LossWeights(parameter=2., identity=3., batch=.5, loopback=.25), History()
    train(training(tiny_model, tiny_encoder, weights=weights), tmp_path, two_stages(tiny_model, tiny_encoder), [history])
    first, last = history.logs[0], history.logs[-1]
    assert len(history.logs) == 8
    assert set(first) == {"loss", "parameter", "weight_decay", "gradient"}
    assert set(last) == {"loss", "parameter", "identity", "batch", "loopback", "weight_decay", "gradient"}
    assert last["loss"] == pytest.approx(2. * last["parameter"] + 3. * last["identity"] + .5 * last["batch"]
                                         + .25 * last["loopback"] + last["weight_decay"], rel=1e-5)


def test_stage_1_learns_to_read_its_faces(tiny_model, tiny_encoder, tmp_path):
    history = History()
    stage, _ = two_stages(tiny_model, tiny_encoder, (150, 0))
    model = training(tiny_model, tiny_encoder, (150, 0), rate=3e-3)
    decoder.standardize(model.decoder, model.synthetic_features(synthetic.sample(tiny_model, 64, [1, 1])))
    train(model, tmp_path, [stage], [history])
    errors = [log["parameter"] for log in history.logs]
    assert np.mean(errors[-20:]) < .8 * np.mean(errors[:5])


def test_only_the_decoder_is_trained(tiny_model, tiny_encoder):
    model = training(tiny_model, tiny_encoder)
    assert {id(variable) for variable in model.trainable_variables} == {
        id(variable) for variable in model.decoder.trainable_variables}


def test_an_interrupted_run_ends_where_an_uninterrupted_one_does(tiny_model, tiny_encoder, tmp_path):
    parts = two_stages(tiny_model, tiny_encoder)
    whole, cut = training(tiny_model, tiny_encoder), training(tiny_model, tiny_encoder)
    for model in whole, cut:
        decoder.standardize(model.decoder, model.synthetic_features(synthetic.sample(tiny_model, 64, [1, 1])))
    train(whole, tmp_path / "whole", parts)

    class Stop(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            if int(self.model.optimizer.iterations) == 6:
                raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(cut, tmp_path / "cut", parts, [Stop()])
    resumed = training(tiny_model, tiny_encoder)
    for variable in resumed.decoder.variables:  # what it begins with must not matter
        variable.assign(variable * 0. + 1.)
    saved = train(resumed, tmp_path / "cut", parts)
    assert saved.step == 8
    for a, b in zip(numbers(whole), numbers(resumed)):
        np.testing.assert_array_equal(a, b)
    features = np.random.default_rng(0).random([3, tiny_encoder.feature_size], np.float32)
    np.testing.assert_array_equal(whole(features)["shape"], resumed(features)["shape"])


def test_a_loss_that_is_not_finite_stops_with_step_term_and_last_good_checkpoint(tiny_model, tiny_encoder, tmp_path):
    _, stage = two_stages(tiny_model, tiny_encoder, (0, 8))

    def poison(start):
        def broken(step, batch):
            photos = batch["photos"]
            identity = tf.where(step == 4, np.nan, photos.identity)
            return {**batch, "photos": Encoding(photos.features, identity)}
        return stage.batches(start).enumerate(start).map(broken)

    model = training(tiny_model, tiny_encoder, (0, 8))
    with pytest.raises(callbacks.NonFiniteLoss, match=r"step 5: identity is not finite; .*ckpt-3"):
        train(model, tmp_path, [stage._replace(batches=poison)])
    restored = training(tiny_model, tiny_encoder)
    checkpoints.restore_decoder(tmp_path, restored.decoder)
    assert all(np.isfinite(part).all() for part in numbers(restored))


def test_the_decoder_at_the_end_of_each_stage_is_kept(tiny_model, tiny_encoder, tmp_path):
    model, parts = training(tiny_model, tiny_encoder), two_stages(tiny_model, tiny_encoder)
    train(model, tmp_path, parts[:1])
    after_stage_1 = numbers(model)
    train(model, tmp_path, parts)
    restored = training(tiny_model, tiny_encoder)
    for name, expected in (("synthetic", after_stage_1), ("hybrid", numbers(model))):
        checkpoints.restore_decoder(tmp_path, restored.decoder, tmp_path / name)
        for a, b in zip(numbers(restored), expected):
            np.testing.assert_array_equal(a, b)


def test_the_learning_rate_restarts_with_stage_2():
    rate = schedule.TwoStageSchedule((100, 50), (1e-2, 1e-3), warm_up=10)
    rates = np.array([rate(step) for step in range(150)])
    assert rates[:100].argmax() == 9 and rates[100:].argmax() == 9
    np.testing.assert_allclose([rates[9], rates[109], rates[99], rates[149]], [1e-2, 1e-3, 5e-4, 5e-5], rtol=.1)


def test_tensorboard_gets_losses_pictures_and_distributions(tiny_model, tiny_encoder, tmp_path):
    model = training(tiny_model, tiny_encoder)
    _, stage = two_stages(tiny_model, tiny_encoder, (0, 10))
    saved = checkpoints.Checkpoints(tmp_path / "checkpoints", model.decoder, model.optimizer)
    crops = np.zeros([2, 32, 32, 3], np.uint8)
    seen = tiny_encoder(crops)
    pictures = callbacks.Pictures(tmp_path / "log", saved, tiny_model, tiny_encoder, seen.features, crops, seen, 5)
    loop.run(model, stage, saved, [callbacks.Scalars(tmp_path / "log", saved), pictures])
    events = [value for file in (tmp_path / "log").iterdir()
              for event in tf.compat.v1.train.summary_iterator(str(file)) for value in event.summary.value]
    tags = [value.tag for value in events]
    assert {"loss/identity", "loss/loopback", "loss/batch", "loss/parameter", "photo and face", "coefficients",
            "coefficients/shape", "coefficients/texture_standard_deviation"} <= set(tags)
    assert tags.count("photo and face") >= 2
