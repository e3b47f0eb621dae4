"""Fixtures for tests of preparing photographs."""
import pytest
import tensorflow as tf

from morph3d.data.prepared import pipeline
from tests.data.prepared.making import NAMES, save
from tests.encoders import recognizer


@pytest.fixture(scope="module")
def encoder(tmp_path_factory):
    """The spec of a small recognizer of 32-pixel pictures."""
    folder = tmp_path_factory.mktemp("recognizer")
    network = recognizer.Recognizer()
    tf.saved_model.save(network, str(folder), signatures=network.encode)
    return f"saved_model:{folder}"


@pytest.fixture
def photos(tmp_path, monkeypatch):
    """A folder of nine photos of one face, in three shards."""
    monkeypatch.setattr(pipeline, "PHOTOS_IN_SHARD", 3)
    for number, name in enumerate(NAMES):
        save(tmp_path / "photos" / name, 1. - .05 * number)
    return tmp_path / "photos"
