"""Callbacks: what they read from the device, when they stop a run, and what they leave for TensorBoard."""
import types

import numpy as np
import pytest
import tensorflow as tf

from morph3d.training import callbacks
from tests.training.device import Device, Scalar

TERMS = ["loss", "parameter", "identity", "batch", "loopback", "gradient"]


def test_each_step_reads_one_scalar_and_each_tenth_all(tmp_path):
    device = Device(lambda step: dict.fromkeys(TERMS, 1.))
    device.run(40, callbacks.SaveCheckpoints(device, 20), callbacks.Scalars(tmp_path, device))
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


def test_the_densities_are_those_of_the_coefficients():
    """The curve of the standard normal, over a histogram that is where the coefficients are."""
    def picture(shift):
        parts = [tf.random.stateless_normal([50, 40], [seed, 0]) + shift for seed in (0, 1)]
        return callbacks.distribution_picture(types.SimpleNamespace(shape=parts[0], texture=parts[1])).numpy()

    centered, shifted = picture(0.), picture(2.)
    assert centered.shape == shifted.shape == (300, 800, 3) and centered.dtype == np.uint8
    bars = np.uint8([31, 119, 180])  # matplotlib's first color
    columns = [np.nonzero((np.abs(drawn[:, :400].astype(int) - bars).max(-1) < 40).sum(0) > 5)[0] for drawn in (centered, shifted)]
    assert columns[1].mean() > columns[0].mean() + 40.
