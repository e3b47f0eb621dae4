"""A training by two workers, from outside: one of them writes, none waits for one that is gone, and any number of them goes on."""
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time

import numpy as np
import pytest
import tensorflow as tf

from morph3d.encoders import registry
from tests.cli.test_programs import ROOT, last_line, program
from tests.cli.test_training_program import save, write_basel
from tests.data.prepared import folders

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def work(tiny_model, tmp_path_factory):
    """A folder with a morphable model, a recognizer, and two photos each of 200 people as if prepared with it."""
    folder = tmp_path_factory.mktemp("work")
    write_basel(folder / "model.h5", tiny_model)
    encoder = registry.load(f"saved_model:{save(folder)}")
    rng = np.random.default_rng(0)
    identity = rng.normal(size=[400, 2, 4])
    folders.write(folder / "prepared", rng.random([400, 2, 6]), identity / np.linalg.norm(identity, axis=-1, keepdims=True),
                  rng.integers(256, size=[400, 32, 32, 3], dtype=np.uint8), 60, [f"person {photo // 2}" for photo in range(400)],
                  fingerprint=encoder.fingerprint, encoder="recognizer")
    return folder


def arguments(work, output, *changes):
    return [f"--photos={work / 'prepared'}", f"--output={work / output}", f"--morphable_model={work / 'model.h5'}",
            f"--encoder=saved_model:{work / 'recognizer'}", "--nocolor_features", "--synthetic_faces=128", "--synthetic_steps=6",
            "--synthetic_batch=4", "--hybrid_steps=12", "--hybrid_photo_batch=8", "--hybrid_drawn_photos=4", "--hybrid_views=1",
            "--hybrid_synthetic_batch=2", "--validation_people=20", "--validate_every=4", "--save_every=1", *changes]


def free_ports(count):
    sockets = [socket.create_server(("localhost", 0)) for _ in range(count)]
    ports = [opened.getsockname()[1] for opened in sockets]
    for opened in sockets:
        opened.close()
    return ports


def start(work, output, *changes_of_workers):
    """Starts workers, each with its changes of the flags. -> [subprocess.Popen]"""
    cluster = {"worker": [f"localhost:{port}" for port in free_ports(len(changes_of_workers))]}
    environment = {key: value for key, value in os.environ.items() if key != "TF_CPP_MIN_LOG_LEVEL"}
    return [subprocess.Popen(
        [sys.executable, "-m", "morph3d", "train", *arguments(work, output, "--distribution=multi_worker", *changes)], cwd=ROOT,
        env=environment | {"CUDA_VISIBLE_DEVICES": "-1",
                           "TF_CONFIG": json.dumps({"cluster": cluster, "task": {"type": "worker", "index": index}})},
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for index, changes in enumerate(changes_of_workers)]


def ended(workers, timeout=240.):
    """-> [subprocess.CompletedProcess] of what `start` has started; after the timeout they are killed."""
    timer = threading.Timer(timeout, lambda: [worker.kill() for worker in workers])
    timer.start()
    outputs = [worker.communicate() for worker in workers]
    timer.cancel()
    return [subprocess.CompletedProcess(worker.args, worker.returncode, *output) for worker, output in zip(workers, outputs)]


def decoder_of(work, output, checkpoint="hybrid"):
    """{name: array} of a checkpoint."""
    reader = tf.train.load_checkpoint(str(work / output / "checkpoints" / checkpoint))
    return {name: reader.get_tensor(name) for name in reader.get_variable_to_shape_map() if "VARIABLE_VALUE" in name}


def equal(one, other):
    """To the rounding of float32, which grows with the steps: after 60 of them it is a twentieth of all that was learned."""
    assert one.keys() == other.keys() and len(one) > 5
    for name in one:
        np.testing.assert_allclose(one[name], other[name], atol=1e-6, err_msg=name)


@pytest.fixture(scope="module")
def alone(work):
    """The decoder that one worker trains."""
    result = program("train", *arguments(work, "alone"))
    assert result.returncode == 0, result.stderr
    return decoder_of(work, "alone")


def files(folder):
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def test_two_workers_train_the_decoder_that_one_does_and_one_of_them_writes(work, alone):
    chief, other = ended(start(work, "two", [], []))
    assert chief.returncode == other.returncode == 0, chief.stderr + other.stderr
    equal(alone, decoder_of(work, "two"))
    equal(decoder_of(work, "alone", "best"), decoder_of(work, "two", "best"))
    assert "trained: " in chief.stderr and other.stderr == other.stdout == ""
    names = {name for name in files(work / "two") if not name.startswith("tensorboard")}
    assert names == {name for name in files(work / "alone") if not name.startswith("tensorboard")}
    assert len(list((work / "two" / "tensorboard").iterdir())) == len(list((work / "alone" / "tensorboard").iterdir()))
    assert len((work / "two" / "settings.jsonl").read_text().splitlines()) == 1


def begun(work, output, *changes_of_workers):
    """Workers that have saved step 8."""
    workers, saved = start(work, output, *changes_of_workers), work / output / "checkpoints" / "ckpt-8.index"
    deadline = time.monotonic() + 240.
    while not saved.exists():
        if time.monotonic() > deadline or any(worker.poll() is not None for worker in workers):
            pytest.fail(f"no step 8: {[result.stderr for result in ended(workers, 0.)]}")
        time.sleep(.01)
    return workers


LOST = "error: another worker has ended or cannot be reached, what it has printed says why; start all workers again"


@pytest.mark.parametrize("killed", [0, 1])
def test_where_a_worker_is_killed_the_other_ends_with_one_line_and_the_run_goes_on(work, alone, killed):
    """With one worker in place of two, too."""
    output = f"killed_{killed}"
    workers = begun(work, output, [], [])
    workers[killed].kill()
    results = ended(workers)
    assert results[killed].returncode == -signal.SIGKILL
    assert last_line(results[1 - killed]).startswith(LOST)
    again = program("train", *arguments(work, output))
    assert again.returncode == 0 and "going on from" in again.stderr and "distribution: 'multi_worker' -> 'none'" in again.stderr
    equal(alone, decoder_of(work, output))


def test_a_signal_to_one_worker_stops_both_at_the_same_step(work):
    workers = begun(work, "stopped", [], [])
    workers[1].send_signal(signal.SIGTERM)
    chief, other = ended(workers)
    assert chief.returncode == other.returncode == 0, chief.stderr + other.stderr
    steps = {re.search(r"stopped at step (\d+), saved", result.stderr)[1] for result in (chief, other)}
    assert len(steps) == 1
    assert (work / "stopped" / "checkpoints" / f"ckpt-{steps.pop()}.index").exists()


def test_a_worker_with_other_settings_than_the_chief_is_refused(work):
    chief, other = ended(start(work, "unlike", [], ["--hybrid_learning_rate=1e-5"]))
    assert "settings.jsonl: begun with hybrid_learning_rate = 0.0005, but 1e-05 was asked for" in last_line(other)
    assert last_line(chief).startswith(LOST)


def test_without_a_cluster_nobody_is_waited_for(work):
    result = program("train", *arguments(work, "none", "--distribution=multi_worker"))
    assert last_line(result).startswith("error: distribution=multi_worker: the environment variable TF_CONFIG names no cluster; ")
