"""A whole training on prepared photos of many people: who is held out, what it leaves for TensorBoard, and the best decoder."""
import dataclasses

import numpy as np
import pytest
import tensorflow as tf

from morph3d.data.prepared import dataset, people
from morph3d.encoders.base import Encoding
from morph3d.training import checkpoints, train, validation
from morph3d.training.config import HybridStage, SyntheticStage, TrainingConfig
from tests.data.prepared import folders
from tests.training.events import Events

COUNT, HELD_OUT = 420, 20  # photos, two of each person
NAMES = [f"person {photo // 2}" for photo in range(COUNT)]


class Trained:
    """A training, and the numbers of the photos that it was given, in the order in which they came."""

    def __init__(self, index, folder, parts, **changes):
        config = TrainingConfig(
            index.folder, folder, synthetic=SyntheticStage(faces=128, steps=12, batch=8), validation_people=HELD_OUT,
            hybrid=HybridStage(30, photo_batch=32, drawn_photos=2, views=1, synthetic_batch=2), save_every=15, validate_every=10)
        self.folder, self.given, encodings = folder, [], dataset.encodings

        def watched(*arguments, **named):
            def note(features):
                self.given.extend(np.int64(features[:, 0]))
                return features

            def noted(encoding):
                return Encoding(tf.ensure_shape(tf.numpy_function(note, [encoding.features], tf.float32), encoding.features.shape),
                                encoding.identity)

            return encodings(*arguments, **named).map(noted)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(dataset, "encodings", watched)
            patch.setattr(validation, "UNSEEN", 128)
            patch.setattr(train.morphable, "load", lambda _: parts[0])
            patch.setattr(train.registry, "load", lambda *_: parts[1])
            self.run = train.train(dataclasses.replace(config, **changes))
            self.best = self.run.reconstructor(folder / "checkpoints" / "best") if changes == {} else None


@pytest.fixture(scope="module")
def index(tiny_encoder, tmp_path_factory):
    """Photo i has the features [i, random numbers]."""
    rng = np.random.default_rng(0)
    features, identity = rng.random([COUNT, 2, 24]), rng.normal(size=[COUNT, 2, 8])
    features[..., 0] = np.arange(COUNT)[:, None]
    crops = rng.integers(256, size=[COUNT, 32, 32, 3], dtype=np.uint8)
    return folders.write(tmp_path_factory.mktemp("prepared"), features, identity / np.linalg.norm(identity, axis=-1, keepdims=True),
                         crops, 60, NAMES, fingerprint=tiny_encoder.fingerprint, encoder="tiny")


@pytest.fixture(scope="module")
def trained(index, tiny_model, tiny_encoder, tmp_path_factory):
    return Trained(index, tmp_path_factory.mktemp("run"), (tiny_model, tiny_encoder))


def names(photos):
    return {NAMES[photo] for photo in photos}


def test_who_is_held_out_never_enters_training_and_everybody_else_does(trained, index):
    held_out = people.hold_out(index, HELD_OUT)[1]
    hidden = {int(photo) for photo in people.gallery(held_out).photos.features[:, 0]}
    assert len(names(hidden)) == HELD_OUT
    assert names(trained.given) == set(NAMES) - names(hidden)


def test_with_nobody_held_out_all_are_trained_on_and_none_is_the_best(index, tiny_model, tiny_encoder, tmp_path, caplog):
    with caplog.at_level("INFO", "absl"):
        trained = Trained(index, tmp_path, (tiny_model, tiny_encoder), validation_people=0, profile_steps=2)
    assert len(list((tmp_path / "tensorboard" / "plugins" / "profile").glob("*/*.xplane.pb"))) == 2  # of each stage, as requested
    assert names(trained.given) == set(NAMES)
    assert not list((tmp_path / "checkpoints").glob("best*"))
    assert len([line for line in caplog.messages if line.startswith("validation: nobody is held out of training")]) == 1


def test_tensorboard_has_it_all(trained):
    events = Events(trained.folder / "tensorboard")
    assert {"loss/loss", "loss/identity", "learning_rate", "faces_per_second", "photos_per_second", "share_of_time/input",
            "share_of_time/render", "share_of_time/encoder", "photo and face", "face_VERTEX", "face_FACE", "face_COLOR",
            "coefficients/shape", "coefficients/texture", "coefficients", "_hparams_/session_start_info", "validation/top1",
            "validation/cosine", "validation/vertex_error_mm/read", "validation/vertex_error_mm/expected",
            "validation/skin/dE"} <= events.tags
    assert events.steps("validation/top1") == [10, 12, 20, 30, 40, 42]
    assert events.steps("photo and face") == [12, 15, 30, 42]
    assert len(list((trained.folder / "tensorboard").glob("events*"))) == 1  # TensorBoard reads one after the other to its end
    assert not (trained.folder / "tensorboard" / "plugins").exists()  # no trace that nobody asked for


def test_the_photos_that_are_shown_are_held_out_ones(trained, index):
    _, _, *encoded = Events(trained.folder / "tensorboard").last("photo and face")
    gallery = people.gallery(people.hold_out(index, HELD_OUT)[1])
    np.testing.assert_array_equal([tf.io.decode_png(picture)[:, :32] for picture in encoded], gallery.crops[:train.SHOWN])


def test_the_best_decoder_is_the_best_of_what_tensorboard_shows_and_can_be_had(trained):
    events, folder = Events(trained.folder / "tensorboard"), trained.folder / "checkpoints"
    figures = list(zip(*map(events.values, ("validation/top1", "validation/cosine"))))
    best = max(range(len(figures)), key=lambda number: tuple(map(float, figures[number])))
    kept = checkpoints.json.loads((folder / checkpoints.FIGURES).read_text())
    assert kept["step"] == events.steps("validation/top1")[best] and kept["top1"] == pytest.approx(float(figures[best][0]))
    assert trained.best.mean_face.vertices.shape == (642, 3)
