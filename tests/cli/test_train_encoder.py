"""The program that trains an encoder, on photos in memory and a small network."""
import os
import pathlib
import subprocess
import sys

import keras
import numpy as np
import pytest
import tensorflow as tf

from morph3d import run_settings
from morph3d.training import checkpoints

# Runs the program on photos in memory and a small network, each time with other flags, at last while another program is training in
# the folder; prints how each run ends.
PROGRAM = """
import sys, types
import keras, numpy as np, tensorflow as tf
from absl import flags, logging
from morph3d import atomic_files
from morph3d.cli import program, train_encoder
from morph3d.encoders import nn2
from morph3d.training import train_encoder as training

def build():
    images = keras.Input([8, 8, 3])
    features = keras.layers.Dense(8)(keras.layers.Flatten()(images))
    return keras.Model(images, [features, keras.layers.UnitNormalization()(keras.layers.Dense(4)(features))])

rng = np.random.default_rng(0)
photos = tf.data.Dataset.from_tensor_slices({
    "image": [tf.io.encode_png(crop) for crop in rng.integers(0, 256, [24, 8, 8, 3], np.uint8)],
    "person": np.repeat([b"a", b"b", b"c", b"d", b"e", b"single", b""], [4, 4, 4, 4, 4, 1, 3])})
nn2.build, nn2.IMAGE_SIZE = build, 8
training.prepared = lambda settings: types.SimpleNamespace(records=24, digest="0")
training.dataset.crops = lambda index, seed, start: photos.shuffle(24, seed).repeat().skip(start)
logging.use_absl_handler()
train_encoder.define()

def start(given):
    flags.FLAGS.unparse_flags()
    flags.FLAGS(["train", "--verbosity=0", "--photos=photos", "--output=" + sys.argv[1], "--people=3", "--photos_per_person=2",
                 *given.split()])
    try:
        train_encoder.main()
        print("trained")
    except ValueError as error:
        print("error:", program.in_one_line(error))

for given in sys.argv[2:]:
    start(given)
with atomic_files.only_one(sys.argv[1] + "/.lock", ""):
    start(sys.argv[2])
"""


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """The folder, and how five runs in it ended: a new one, one that has nothing left to do, and three that cannot be."""
    folder = tmp_path_factory.mktemp("encoder")
    result = subprocess.run([sys.executable, "-c", PROGRAM, folder, "--steps=12 --save_every=5",
                             "--steps=12 --learning_rate=.01", "--steps=13", "--steps=12 --people=6"],
                            cwd=pathlib.Path(__file__).parents[2], capture_output=True, text=True,
                            env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "-1"})
    assert result.returncode == 0, result.stderr
    return folder, result.stdout.splitlines(), result.stderr


def test_the_program_trains_saves_and_goes_on(runs):
    folder, ends, log = runs
    assert ends[:2] == ["trained", "trained"]
    assert "photos/s" in log and f"morph3d-train --encoder=nn2 --encoder_weights={folder / 'nn2.weights.h5'}" in log
    assert "going on from" in log and "ckpt-12" in log
    assert sorted(path.name for path in folder.iterdir()) == [
        ".lock", "checkpoints", "nn2.weights.h5", "settings.jsonl", "tensorboard"]


def test_a_changed_learning_rate_is_told_and_kept(runs):
    folder, _, log = runs
    assert f"{folder / 'settings.jsonl'}: changed: learning_rate: 0.001 -> 0.01" in log
    assert [start["learning_rate"] for start in run_settings.history(folder / "settings.jsonl")] == [.001, .01]


def test_the_programs_weights_are_those_of_its_last_checkpoint(runs):
    folder, _, _ = runs
    names = {"keras": keras}
    exec(PROGRAM[PROGRAM.index("def build"):PROGRAM.index("rng =")], names)
    written, restored = names["build"](), names["build"]()
    written.load_weights(folder / "nn2.weights.h5")
    checkpoints.restore_decoder(folder / "checkpoints", restored)
    for a, b in zip(written.variables, restored.variables):
        np.testing.assert_array_equal(a, b)


def test_the_programs_losses_reach_tensorboard(runs):
    folder, _, _ = runs
    events = [(event.step, value.tag) for path in (folder / "tensorboard").iterdir()
              for event in tf.compat.v1.train.summary_iterator(str(path)) for value in event.summary.value]
    assert sorted(events) == [(10, tag) for tag in ("learning_rate", "loss/active", "loss/gradient", "loss/loss",
                                                    "photos_per_second", "share_of_time/input")]


def test_the_program_refuses_what_cannot_be(runs):
    folder, ends, _ = runs
    assert ends[2].startswith(f"error: {folder / 'settings.jsonl'}: begun with steps = 12, but 13 was asked for")
    assert ends[3] == ("error: photos: 5 people with more than one photo, fewer than the --people=6 of a batch; give more photos, "
                       "a folder for each person, or a smaller --people")
    assert ends[4] == f"error: {folder}: another program is training in this folder"
