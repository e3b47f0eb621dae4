"""Training by several replicas: the same batches, losses and steps as alone, for whoever goes on as well."""
import os
import pathlib
import subprocess
import sys

import numpy as np
import pytest
import tensorflow as tf

from morph3d.data.synthetic_store import EncodedFaces
from morph3d.encoders.base import Encoding
from morph3d.training import distribution
from morph3d.training.distribution import ALONE, Distribution

pytestmark = pytest.mark.slow  # half a minute: a process of its own, with two devices


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A function: what tests.training.replicas keeps under a name, {key: array}."""
    file = tmp_path_factory.mktemp("replicas") / "found.npz"
    done = subprocess.run([sys.executable, "-m", "tests.training.replicas", file], cwd=pathlib.Path(__file__).parents[2], text=True,
                          capture_output=True, env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "-1"})
    assert done.returncode == 0, done.stderr
    with np.load(file) as kept:
        found = dict(kept)
    return lambda name: {key.removeprefix(name + "/"): part for key, part in found.items() if key.startswith(name + "/")}


def equal(one, other, reach):
    """But for the rounding of float32, which Adam blows up where a gradient is nearly zero: to a hundredth of the reach."""
    assert one.keys() == other.keys() and one
    for name in one:
        difference = np.sqrt(np.mean(np.square(one[name] - other[name])))
        assert difference <= 1e-2 * np.sqrt(np.mean(np.square(reach[name]))), name


@pytest.mark.parametrize("loss, layers", [
    ("parameter", "expected"), ("read_parameter", "added"), ("identity", "added"), ("batch", "added"), ("loopback", "added")])
def test_two_replicas_have_the_gradient_that_one_has(trained, loss, layers):
    alone, shared = trained(f"gradient/{loss}/none"), trained(f"gradient/{loss}/mirrored")
    biases = {name for name, part in alone.items() if name.endswith("bias") and np.any(part)}  # which nothing pulls toward zero
    assert len(biases) == 4 and all(name.startswith(layers) for name in biases)
    for name, part in alone.items():
        rounding = 1e-8  # of the weights, whose change the gradient is
        np.testing.assert_allclose(shared[name], part, rtol=0., atol=1e-4 * np.abs(part).max() + rounding, err_msg=name)


def test_two_replicas_report_the_losses_of_the_whole_batch(trained):
    alone, shared = trained("losses/none"), trained("losses/mirrored")
    assert alone.keys() == {"parameter", "read_parameter", "identity", "batch", "loopback", "loss", "weight_decay", "gradient"}
    for name, values in alone.items():
        np.testing.assert_allclose(shared[name], values, rtol=1e-4, err_msg=name)


def test_two_replicas_go_where_one_goes(trained):
    begin, end = trained("before/none"), trained("after/none")
    equal(end, trained("after/mirrored"), {name: end[name] - begin[name] for name in end})


@pytest.mark.parametrize("kind", ["none", "mirrored"])
def test_a_run_goes_on_with_another_number_of_replicas(trained, kind):
    begin, end = trained("before/none"), trained("after/none")
    equal(end, trained(f"resumed/{kind}"), {name: end[name] - begin[name] for name in end})


def test_what_overflows_in_one_replica_is_skipped_in_all(trained):
    found = trained("overflow")
    assert found["change"] == found["gradient"] == 0. and found["scale"] == 2.**14
    assert found["step"] == 1, "the next step would have this one's batch again"


@pytest.mark.parametrize("kind", ["none", "mirrored"])
def test_how_long_batches_are_waited_for_is_known_with_several_replicas_too(trained, kind):
    found = trained(f"waits/{kind}")
    assert .5 * found["passed"] < found["waited"] <= found["passed"] and found["passed"] > .9


def test_each_replica_has_its_part_of_the_photos_that_are_drawn_and_their_views():
    batch = {"photos": Encoding(np.arange(10)[:, None], np.arange(10)[:, None] * [1, 1]),
             "views": np.repeat(np.arange(4), 3), "synthetic": EncodedFaces(*np.arange(6).reshape(1, 6, 1).repeat(3, 0))}
    shared = distribution.shared_out(batch, 2, drawn=4)
    assert shared["photos"].features[..., 0].numpy().tolist() == [[0, 1, 4, 5, 6], [2, 3, 7, 8, 9]]
    assert shared["photos"].identity.shape == (2, 5, 2)
    assert shared["views"].numpy().tolist() == [[0, 0, 0, 1, 1, 1], [2, 2, 2, 3, 3, 3]]
    assert shared["synthetic"].texture[..., 0].numpy().tolist() == [[0, 1, 2], [3, 4, 5]]


def test_a_batch_that_cannot_be_shared_out_evenly_is_refused():
    shared = Distribution()
    shared.replicas = 8
    shared.require_even({"synthetic_batch": 256})
    with pytest.raises(ValueError, match=r"^hybrid_photo_batch = 100, hybrid_drawn_photos = 12: cannot be shared out evenly to 8 "
                                         r"replicas; expected multiples of 8, such as 104, 16, or fewer devices$"):
        shared.require_even({"synthetic_batch": 256, "hybrid_photo_batch": 100, "hybrid_drawn_photos": 12})


def test_multi_worker_without_a_cluster_is_refused(monkeypatch):
    monkeypatch.setenv("TF_CONFIG", "{}")
    with pytest.raises(ValueError, match="TF_CONFIG names no cluster; give every worker its own"):
        Distribution("multi_worker")


def test_alone_nothing_is_shared_out_and_nobody_waited_for():
    batches, variable = object(), tf.Variable(3.)
    assert ALONE.chief and ALONE.replicas == 1 and ALONE.rows(batches, 4) is batches
    assert ALONE.any(True) and not ALONE.any(False)
    ALONE.take_from_chief([variable])
    assert float(variable) == 3.
    with pytest.raises(tf.errors.UnavailableError), ALONE.workers_watched():
        raise tf.errors.UnavailableError(None, None, "a file system, for one")
