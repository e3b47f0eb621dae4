"""Training loop: stopped by a signal it ends between two steps, saved, and goes on as if it had not been."""
import os
import pathlib
import signal
import subprocess
import sys
import threading

import numpy as np
import pytest
import tensorflow as tf

from morph3d.training import callbacks, checkpoints, loop
from tests.training.device import Device
from tests.training.tiny_training import build, numbers, run, two_stages

# Trains in the folder that is its argument; after step 5 it says so and waits for an answer.
PROGRAM = """
import signal, sys
import conftest
import keras
import tensorflow as tf
from absl import logging
from tests.training import tiny_training

class Wait(keras.callbacks.Callback):
    def on_train_batch_end(self, batch, logs=None):
        if int(self.model.optimizer.iterations) == 5:
            print("step 5", flush=True)
            sys.stdin.readline()

signal.signal(signal.SIGINT, signal.default_int_handler)  # as in a terminal, also where the tests run in the background
tf.config.optimizer.set_experimental_options({"disable_meta_optimizer": True})
logging.set_verbosity(logging.INFO)
parts = conftest.tiny_model.__wrapped__(), conftest.tiny_encoder.__wrapped__()
tiny_training.run(tiny_training.build(*parts), sys.argv[1], tiny_training.two_stages(*parts), [Wait()])
"""


@pytest.fixture(scope="module", autouse=True)
def same_bits():
    """No Grappler, which lets the order of some sums in stage 2 be another in each run (BUILD_NOTES.md, "The same bits")."""
    before = tf.config.optimizer.get_experimental_options().get("disable_meta_optimizer", False)
    tf.config.optimizer.set_experimental_options({"disable_meta_optimizer": True})
    yield
    tf.config.optimizer.set_experimental_options({"disable_meta_optimizer": before})


@pytest.fixture(scope="module")
def stopped(tmp_path_factory):
    """The folder, exit code and standard error of programs that got a signal in the middle of stage 2, {signal: ...}."""
    folders = {number: tmp_path_factory.mktemp(number.name) for number in (signal.SIGTERM, signal.SIGINT)}
    programs = {number: subprocess.Popen([sys.executable, "-c", PROGRAM, folder], cwd=pathlib.Path(__file__).parents[2], text=True,
                                         stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                         env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "-1"})
                for number, folder in folders.items()}
    for number, program in programs.items():
        program.stdout.readline()
        program.send_signal(number)
    logs = {number: program.communicate("go on")[1] for number, program in programs.items()}
    return {number: (folders[number], programs[number].returncode, logs[number]) for number in programs}


@pytest.fixture(scope="module")
def whole(tiny_model, tiny_encoder, tmp_path_factory):
    """The decoder's variables after a run that nothing stopped."""
    model = build(tiny_model, tiny_encoder)
    run(model, tmp_path_factory.mktemp("whole"), two_stages(tiny_model, tiny_encoder))
    return numbers(model)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_stopped_run_is_saved_and_ends_where_one_that_was_not_stopped_does(tiny_model, tiny_encoder, stopped, whole, number):
    folder, code, log = stopped[number]
    assert f"stopped at step 5, saved: {folder / 'ckpt-5'}; start again to go on" in log
    assert (code == 0 and "Traceback" not in log) if number == signal.SIGTERM else (code != 0 and "KeyboardInterrupt" in log)
    resumed = build(tiny_model, tiny_encoder)
    for variable in resumed.decoder.variables:  # what it begins with must not matter
        variable.assign(variable * 0. + 1.)
    saved = checkpoints.Checkpoints(folder, resumed.decoder, resumed.optimizer)
    assert saved.restore() == 5
    assert run(resumed, folder, two_stages(tiny_model, tiny_encoder)).step == 8
    for a, b in zip(whole, numbers(resumed)):
        np.testing.assert_array_equal(a, b)


@pytest.fixture(autouse=True)
def as_in_a_terminal():
    """SIGINT as it is in a terminal: a shell has it ignored for what it runs in the background, maybe these tests."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


class Signals(callbacks.RunCallback):
    """Sends signals to this process at the beginning of a step."""

    def __init__(self, checkpoints, step, *numbers):
        super().__init__(checkpoints)
        self._at, self._numbers = step, numbers

    def on_train_batch_begin(self, batch, logs=None):
        if batch == self._at - 1:
            for number in self._numbers:
                signal.raise_signal(number)


def ones(step):
    return {"loss": 1.}


@pytest.mark.parametrize("number, error", [(signal.SIGTERM, loop.Terminated), (signal.SIGINT, KeyboardInterrupt)])
def test_the_step_that_a_signal_comes_in_is_done_and_saved(number, error, caplog):
    device, before = Device(ones), signal.getsignal(number)
    with caplog.at_level("INFO", "absl"), pytest.raises(error) as raised:
        device.run(20, Signals(device, 7, number))
    assert device.done == 7 and device.saved == [7]
    assert "stopped at step 7, saved: ckpt-7; start again to go on" in caplog.messages
    assert signal.getsignal(number) == before
    if number == signal.SIGTERM:
        assert isinstance(raised.value, SystemExit) and not raised.value.code


def test_a_signal_in_the_last_step_does_not_undo_the_stage():
    device = Device(ones)
    with pytest.raises(loop.Terminated):
        device.run(7, Signals(device, 7, signal.SIGTERM))
    assert device.done == 7 and device.stages == ["synthetic"]


@pytest.mark.parametrize("first", [signal.SIGINT, signal.SIGTERM])
def test_a_second_sigint_stops_at_once(first):
    device = Device(ones)
    with pytest.raises(KeyboardInterrupt):
        device.run(20, Signals(device, 7, first, signal.SIGINT))
    assert device.done == 6 and device.saved == []


def test_the_handlers_are_put_back_after_an_error():
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    with pytest.raises(callbacks.NonFiniteLoss):
        Device(lambda step: {"loss": np.nan}).run(3)
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == before


def test_a_signal_that_is_ignored_stays_so():
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    device = Device(ones)
    device.run(9, Signals(device, 7, signal.SIGINT))
    assert device.done == 9


def test_training_runs_in_a_thread_too():
    device = Device(ones)
    thread = threading.Thread(target=device.run, args=[9])
    thread.start()
    thread.join()
    assert device.done == 9


def test_the_decoder_at_the_end_of_each_stage_is_kept(tiny_model, tiny_encoder, tmp_path):
    model, parts = build(tiny_model, tiny_encoder), two_stages(tiny_model, tiny_encoder)
    run(model, tmp_path, parts[:1])
    after_stage_1 = numbers(model)
    run(model, tmp_path, parts)
    restored = build(tiny_model, tiny_encoder)
    for name, expected in (("synthetic", after_stage_1), ("hybrid", numbers(model))):
        checkpoints.restore_decoder(tmp_path, restored.decoder, tmp_path / name)
        for a, b in zip(numbers(restored), expected):
            np.testing.assert_array_equal(a, b)
