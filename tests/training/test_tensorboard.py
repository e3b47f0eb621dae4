"""What TensorBoard is told in numbers: losses, rates, where the time goes, settings; and the profiler's traces on request."""
import time

import keras
import pytest
import tensorflow as tf
from tensorboard.plugins.hparams import plugin_data_pb2

from morph3d.training import checkpoints, loop, tensorboard, timing
from morph3d.training.config import TrainingConfig
from tests.training.device import Device
from tests.training.events import Events
from tests.training.tiny_training import build, two_stages


def writer(folder):
    return tf.summary.create_file_writer(str(folder))


@pytest.fixture(scope="module")
def log(tiny_model, tiny_encoder, tmp_path_factory):
    """The events of 20 steps of each stage; the parts of a step are said to take 1 ms and 2 ms."""
    folder, steps = tmp_path_factory.mktemp("run"), (20, 20)
    model, asked = build(tiny_model, tiny_encoder, steps), []
    saved = checkpoints.Checkpoints(folder / "checkpoints", model.decoder, model.optimizer)

    def part_seconds():
        asked.append(saved.step)
        return {"render": .001, "encoder": .002}

    scalars = tensorboard.Scalars(writer(folder / "log"), saved, part_seconds)
    for stage in two_stages(tiny_model, tiny_encoder, steps):
        loop.run(model, stage, saved, [scalars])
    events = Events(folder / "log")
    events.asked = asked
    return events


def test_losses_rates_and_shares_come_every_ten_steps(log):
    everywhere = ["loss/loss", "loss/parameter", "loss/gradient", "learning_rate", "share_of_time/input"]
    drawn = ["loss/identity", "loss/batch", "loss/loopback", "share_of_time/render", "share_of_time/encoder", "photos_per_second"]
    assert {tag: log.steps(tag) for tag in everywhere} == dict.fromkeys(everywhere, [10, 20, 30, 40])
    assert {tag: log.steps(tag) for tag in drawn} == dict.fromkeys(drawn, [30, 40])
    assert log.steps("faces_per_second") == [10, 20]


def test_shares_are_of_a_step_and_parts_are_timed_once_a_stage_that_draws(log):
    assert log.asked == [30]
    for rate, render, encoder in zip(*map(log.values, ("photos_per_second", "share_of_time/render", "share_of_time/encoder"))):
        assert render == pytest.approx(.001 * rate / 3, rel=1e-4)  # three photos a step
        assert encoder == pytest.approx(2. * render, rel=1e-4)
    assert all(0. <= share <= 1. for share in log.values("share_of_time/input"))


class Slow(Device):
    """A device that takes 5 ms for a step, and waits for its batch."""

    def make_train_function(self, force=False):
        super().make_train_function()
        inner, batches = self.train_function, []

        def step(iterator):
            batches.append(iter(iterator)) if not batches else None
            next(batches[0])
            time.sleep(.005)
            return inner(iterator)

        self.train_function = step


@pytest.mark.parametrize("wait, low, high", [(.015, .6, .9), (0., 0., .2)])
def test_the_share_of_input_is_what_steps_wait_for_their_batches(tmp_path, monkeypatch, wait, low, high):
    def slow_batches(start):
        def batches():
            while True:
                time.sleep(wait)
                yield 0.
        return tf.data.Dataset.from_generator(batches, output_signature=tf.TensorSpec([]))

    device = Slow(lambda step: {"loss": 1.})
    loop.run(device, loop.Stage("synthetic", 0, 40, slow_batches, 7, "faces"), device, [
        tensorboard.Scalars(writer(tmp_path), device)])
    events = Events(tmp_path)
    shares, rates = events.values("share_of_time/input"), events.values("faces_per_second")
    assert low < sorted(shares)[1] < high
    assert 7 / (.005 + wait) / 3. < sorted(rates)[1] <= 7 / (.005 + wait)


def test_work_of_other_callbacks_is_not_counted_as_steps(tmp_path):
    class Sleep(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            time.sleep(.02)

    device = Slow(lambda step: {"loss": 1.})
    device.run(20, tensorboard.Scalars(writer(tmp_path), device), Sleep())
    assert max(Events(tmp_path).values("faces_per_second")) > 1 / .02


def test_waits_change_nothing_of_the_batches():
    batches = tf.data.Dataset.range(5).map(lambda number: {"number": number, "pair": (number, number + 1)})
    on_the_clock = timing.Waits().of(batches)
    assert on_the_clock.element_spec == batches.element_spec
    assert list(on_the_clock.as_numpy_iterator()) == list(batches.as_numpy_iterator())


def test_parts_of_a_step_take_time_each(tiny_model, tiny_encoder):
    few, many = (timing.part_seconds(tiny_model, tiny_encoder, count) for count in (1, 64))
    assert few.keys() == many.keys() == {"render", "encoder"}
    assert min(few.values()) > 0. and many["render"] > 2. * few["render"]


def test_the_settings_stand_in_the_table_of_hyperparameters(tmp_path):
    settings = TrainingConfig("photos", "run", seed=3).flat()
    log = writer(tmp_path)
    tensorboard.write_settings(log, settings)
    log.close()
    events = Events(tmp_path)
    assert events.tags == {"_hparams_/session_start_info"}
    told = plugin_data_pb2.HParamsPluginData.FromString(events.content("_hparams_/session_start_info")).session_start_info.hparams
    assert set(told) == {name for name, value in settings.items() if value is not None}
    assert told["seed"].number_value == 3. and told["mirror"].bool_value and told["photos"].string_value == "photos"


@pytest.mark.parametrize("steps, traces", [(14, 1), (12, 1), (10, 0)])
def test_some_steps_are_traced_once_training_goes_its_way(tmp_path, steps, traces):
    device = Device(lambda step: {"loss": 1.})
    device.run(steps, tensorboard.Trace(tmp_path, device, 3))
    assert len(list(tmp_path.glob("plugins/profile/*/*.xplane.pb"))) == traces
