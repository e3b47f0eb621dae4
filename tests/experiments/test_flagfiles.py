"""The flagfiles of the experiments: what they say reaches the settings, and what they ask for can be built and stepped.

Of files that cannot be had here, ones of the same layout stand in: a random Basel Face Model, and FaceNet with random weights.
"""
import dataclasses
import json
import pathlib
import subprocess
import sys

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras_facenet import inception_resnet_v1

from morph3d import decoder
from morph3d.data.prepared.dataset import Encoding
from morph3d.data.synthetic_store import SyntheticStore
from morph3d.encoders import registry
from morph3d.training import train
from morph3d.training.config import TrainingConfig
from tests.encoders import facenet_files

ROOT = pathlib.Path(__file__).parents[2]
FLAGFILES = sorted(path.stem for path in (ROOT / "experiments" / "flagfiles").iterdir())
READ = """
import json, sys
from absl import flags
from morph3d.cli import train
train.define()
flags.FLAGS(["train", "--photos=photos", "--output=run", *sys.argv[1:]])
print(json.dumps(train.config().flat()))
"""


def settings(name):
    """The TrainingConfig that morph3d-train makes of a flagfile."""
    found = subprocess.run([sys.executable, "-c", READ, f"--flagfile={ROOT / 'experiments' / 'flagfiles' / name}.flags"], cwd=ROOT,
                           capture_output=True, text=True, check=True).stdout
    return TrainingConfig.from_flat(json.loads(found))


def test_they_are_the_four_that_the_readme_tells_of():
    assert FLAGFILES == ["embedded", "open", "paper", "smoke"]
    readme = (ROOT / "README.md").read_text()
    assert all(f"`{name}.flags`" in readme for name in FLAGFILES)


def test_the_papers_states_every_constant_of_the_preset():
    assert settings("paper") == TrainingConfig.paper("photos", "run")
    losses = settings("paper").losses
    assert dataclasses.astuple(losses) == (1., 1., 10., .07, .4, .002, 1.)


def test_the_others_are_the_presets_but_for_the_model():
    assert settings("embedded") == TrainingConfig.default("photos", "run")
    assert settings("open") == TrainingConfig.default("photos", "run", morphable_model="runs/FaceXModel")
    assert settings("smoke").losses == TrainingConfig.demo("photos", "run").losses


def random_facenet(path):
    keras.utils.set_random_seed(0)
    facenet_files.write(path, inception_resnet_v1.InceptionResNetV1((160, 160, 3), 512))
    return path


@pytest.fixture
def stood_in(request, tiny_model, tmp_path):
    """-> the encoder and the morphable model that a config asks for, or what stands in for them."""
    def found(config):
        weights = random_facenet(tmp_path / "facenet.h5") if config.encoder == "facenet" else None
        encoder = registry.load(config.encoder, weights, config.color_features)
        small = config.morphable_model.startswith("embedded")
        return encoder, request.getfixturevalue("small_embedded") if small else tiny_model
    return found


@pytest.mark.parametrize("name", [pytest.param(name, marks=[pytest.mark.slow] * (name == "paper")) for name in FLAGFILES])
def test_what_it_asks_for_is_built_and_stepped(name, stood_in, tmp_path):
    config = settings(name)
    synthetic = dataclasses.replace(config.synthetic, faces=128, steps=1, batch=4)
    hybrid = dataclasses.replace(config.hybrid, steps=1, photo_batch=4, drawn_photos=1, synthetic_batch=4)
    config = dataclasses.replace(config, synthetic=synthetic, hybrid=hybrid)
    encoder, model = stood_in(config)
    training = train.assemble(config, model, encoder)
    training.optimizer.build(training.decoder.trainable_variables)
    store = SyntheticStore(tmp_path, model, encoder, 128, 0)
    faces = store.first(128)
    decoder.standardize(training.decoder, faces.features, faces.features)
    seen = encoder(np.random.default_rng(0).random([4, encoder.image_size, encoder.image_size, 3], np.float32))
    photos = tf.data.Dataset.from_tensors(Encoding(*seen)).repeat()
    for stage in train.stages(config, store, lambda start: photos):
        before = [variable.numpy() for variable in training.decoder.trainable_variables]
        found = training.train_step(next(iter(stage.batches(stage.first))))
        assert all(np.isfinite(value) for value in found.values())
        assert any(np.any(old != new) for old, new in zip(before, training.decoder.trainable_variables))
    assert {"parameter", "read_parameter", "identity", "batch", "loopback"} < set(found)
