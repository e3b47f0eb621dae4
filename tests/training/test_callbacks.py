"""Callbacks: what they read from the device, and when they stop a run."""
import numpy as np
import pytest
import tensorflow as tf

from morph3d.training import callbacks, tensorboard, validation
from tests.training.device import Device, Scalar

TERMS = ["loss", "parameter", "identity", "batch", "loopback", "gradient"]


def test_each_step_reads_one_scalar_and_each_tenth_all(tmp_path, monkeypatch):
    monkeypatch.setattr(validation.Validation, "_figures", lambda self: ({}, {}, {}))
    device = Device(lambda step: dict.fromkeys(TERMS, 1.))
    writer = tf.summary.create_file_writer(str(tmp_path))
    device.run(40, tensorboard.Scalars(writer, device), validation.Validation(writer, device, None, 20),
               callbacks.SaveCheckpoints(device, 20))
    shown, at_the_end = 4 * len(TERMS), 2 * len(TERMS)
    assert 40 <= Scalar.readings <= 40 + shown + at_the_end
    assert device.readings < 10  # the step is a number on the device too
    assert device.saved == [20, 40, 40]


@pytest.mark.parametrize("broken, named", [
    ({"identity": np.nan, "loss": np.nan}, "identity"), ({"gradient": np.inf}, "gradient"), ({"loss": -np.inf}, "loss"),
    ({"identity": np.inf, "batch": -np.inf, "loss": np.nan, "gradient": np.nan}, "identity, batch")])
def test_a_run_is_stopped_at_the_step_that_breaks_and_nothing_of_it_is_saved(broken, named):
    device = Device(lambda step: dict.fromkeys(TERMS, 1.) | (broken if step == 13 else {}))
    with pytest.raises(callbacks.NonFiniteLoss, match=f"^step 13: {named} is not finite; the last good checkpoint is ckpt-7. "):
        device.run(40, callbacks.SaveCheckpoints(device, 1))
    assert device.done == 13 and device.saved == list(range(1, 13))


def test_numbers_whose_sum_is_too_large_do_not_stop_a_run():
    device = Device(lambda step: {"loss": 3e38, "gradient": 3e38})
    with np.errstate(over="ignore"):
        device.run(3)
    assert device.done == 3


def test_the_progress_bar_counts_faces_from_where_the_run_goes_on(capfd):
    device = Device(lambda step: {"loss": 1. / step})
    device.done = 5
    device.run(25)
    shown = capfd.readouterr().err
    assert "synthetic stage:  20%" in shown and "25/25" in shown and "faces/s" in shown and "loss=0.0625" in shown
