"""Training of both stages on a tiny model and a tiny encoder: it learns, reports its losses, and stops on broken numbers."""
import numpy as np
import pytest
import tensorflow as tf

from morph3d.data.synthetic_store import SyntheticStore
from morph3d.decoder import decode
from morph3d.encoders.base import Encoding
from morph3d.training import callbacks, checkpoints, schedule
from morph3d.training.config import LossWeights
from tests.training.tiny_training import History, build, numbers, run, two_stages


def test_each_stage_reports_its_losses_and_their_weighted_sum(tiny_model, tiny_encoder, tmp_path):
    weights, history = LossWeights(parameter=2., identity=3., batch=.5, loopback=.25, read_parameter=.125), History()
    run(build(tiny_model, tiny_encoder, weights=weights), tmp_path, two_stages(tiny_model, tiny_encoder), [history])
    first, last = history.logs[0], history.logs[-1]
    assert len(history.logs) == 8
    assert set(first) == {"loss", "parameter", "weight_decay", "gradient"}
    assert set(last) == {"loss", "parameter", "read_parameter", "identity", "batch", "loopback", "weight_decay", "gradient"}
    assert last["loss"] == pytest.approx(2. * last["parameter"] + 3. * last["identity"] + .5 * last["batch"]
                                         + .25 * last["loopback"] + .125 * last["read_parameter"] + last["weight_decay"], rel=1e-5)


def test_stage_1_learns_to_read_faces_that_it_has_not_seen(tiny_model, tiny_encoder, tmp_path):
    stage, _ = two_stages(tiny_model, tiny_encoder, (200, 0))
    model = build(tiny_model, tiny_encoder, (200, 0), rate=1e-2)
    seen = SyntheticStore(tmp_path / "faces", tiny_model, tiny_encoder, 2048, 0)
    larger = stage._replace(faces=32, batches=lambda start: seen.batches(32, 100, start).map(
        lambda encoded: {"synthetic": encoded}))
    run(model, tmp_path, [larger])
    features, *truth = SyntheticStore(tmp_path / "others", tiny_model, tiny_encoder, 256, 7).first(256)

    def errors(read):
        """Mean squared distances of all parts, weighted as in training, and of the texture alone."""
        shape, texture = (np.sum((part - truth)**2, 1).mean() for part, truth in zip(read[:2], truth))
        return np.array([.4 * shape + .1 * texture, texture])

    mean_face = errors([0., 0.])  # the best that can be said without looking
    assert (errors(decode(model.decoder, features)) < [.95, .7] * mean_face).all()
    assert (errors(decode(model.decoder, tf.roll(features, 1, 0))) > mean_face).all()


def test_only_the_decoder_is_trained(tiny_model, tiny_encoder):
    model = build(tiny_model, tiny_encoder)
    assert {id(variable) for variable in model.trainable_variables} == {
        id(variable) for variable in model.decoder.trainable_variables}


def test_a_loss_that_is_not_finite_stops_with_step_term_and_last_good_checkpoint(tiny_model, tiny_encoder, tmp_path):
    _, stage = two_stages(tiny_model, tiny_encoder, (0, 8))

    def poison(start):
        def broken(step, batch):
            photos = batch["photos"]
            identity = tf.where(step == 4, np.nan, photos.identity)
            return {**batch, "photos": Encoding(photos.features, identity)}
        return stage.batches(start).enumerate(start).map(broken)

    model = build(tiny_model, tiny_encoder, (0, 8))
    with pytest.raises(callbacks.NonFiniteLoss, match=r"step 5: identity is not finite; .*ckpt-3"):
        run(model, tmp_path, [stage._replace(batches=poison)])
    restored = build(tiny_model, tiny_encoder)
    checkpoints.restore_decoder(tmp_path, restored.decoder)
    assert all(np.isfinite(part).all() for part in numbers(restored))


def test_layers_that_begin_with_stage_2_make_steps_as_large_as_its_learning_rate(tiny_model, tiny_encoder):
    model = build(tiny_model, tiny_encoder, steps=(3000, 100000))
    optimizer, added = model.optimizer, model.decoder.get_layer("added_shape").bias
    optimizer.iterations.assign(3000)
    path = [added.numpy()]
    for _ in range(300):
        optimizer.apply_gradients([(tf.ones(added.shape), added)])
        path.append(added.numpy())
    steps = -np.diff(path, axis=0) / 1e-3  # in learning rates; Adam's steps are 1 where a gradient stays the same
    assert steps.max() < 1.7
    np.testing.assert_allclose(steps[-1], 1., rtol=.04)


def test_the_learning_rate_falls_along_half_a_cosine_in_each_stage_after_a_warm_up():
    rate = schedule.TwoStageSchedule((100, 50), (1e-2, 1e-3), warm_up=10)
    again = schedule.TwoStageSchedule.from_config(rate.get_config())
    done = np.concatenate([np.arange(100) / 100., np.arange(50) / 50., [1.]])
    started = np.minimum(1., np.concatenate([np.arange(1, 101), np.arange(1, 52)]) / 10.)
    expected = np.repeat([1e-2, 1e-3], [100, 51]) * started * (.05 + .95 * (1. + np.cos(np.pi * done)) / 2.)
    for schedules in rate, again:
        np.testing.assert_allclose([schedules(step) for step in range(151)], expected, rtol=1e-5)
