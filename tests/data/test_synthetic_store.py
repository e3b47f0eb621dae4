"""The store of encoded synthetic faces: each is drawn once, and a run that goes on gets what would have come."""
import itertools

import numpy as np
import pytest
import tensorflow as tf

from morph3d import aligned_rendering
from morph3d.data import synthetic
from morph3d.data.synthetic_store import CHUNK, SyntheticStore


@pytest.fixture
def store(tiny_model, tiny_encoder, tmp_path):
    return lambda faces=500, seed=3, folder="faces": SyntheticStore(tmp_path / folder, tiny_model, tiny_encoder, faces, seed)


@pytest.fixture
def draws(monkeypatch):
    """A list that grows with every batch that is drawn."""
    drawn, draw_model = [], aligned_rendering.draw_model

    def counted(*parts):
        tf.py_function(lambda: drawn.append(1), [], [])
        return draw_model(*parts)

    monkeypatch.setattr(aligned_rendering, "draw_model", counted)
    return drawn


def equal(one, other):
    tf.nest.map_structure(np.testing.assert_array_equal, one, other)


def take(dataset, count):
    return list(itertools.islice(dataset.as_numpy_iterator(), count))


def test_faces_are_what_the_encoder_sees_and_their_truth(store, tiny_model, tiny_encoder):
    faces = store().first(CHUNK + 5)
    drawn = synthetic.sample(tiny_model, CHUNK, [3, 1])
    seen = tiny_encoder(aligned_rendering.draw_model(tiny_model, drawn.coefficients, drawn.scene, tiny_encoder)).features
    np.testing.assert_allclose(faces.features[CHUNK:], seen[:5], atol=1e-5)
    equal((faces.shape[CHUNK:], faces.texture[CHUNK:]), tuple(part[:5] for part in drawn.coefficients[:2]))
    assert faces.coefficients.expression is None


def test_a_face_is_drawn_once_and_read_by_the_next_program(store, draws):
    first = store()
    faces = first.first(200)
    equal(faces, first.first(200))
    drawn = len(draws)
    assert first.there == first.drawn == 2 * CHUNK and drawn
    second = store()
    equal(faces, second.first(200))
    assert len(draws) == drawn and second.there == 2 * CHUNK and second.drawn == 0


def test_who_does_not_write_has_the_same_faces_and_leaves_nothing(store, tiny_model, tiny_encoder, tmp_path):
    reader = SyntheticStore(tmp_path / "faces", tiny_model, tiny_encoder, 500, 3, writes=False)
    drawn_by_itself = reader.first(CHUNK)
    assert not (tmp_path / "faces").exists()
    equal(store().first(2 * CHUNK), reader.first(2 * CHUNK))
    equal(drawn_by_itself, store().first(CHUNK))
    assert reader.drawn == CHUNK, "what another has written is read"


def test_what_is_damaged_is_drawn_anew(store, tmp_path):
    faces = store().first(2 * CHUNK)
    (tmp_path / "faces" / "000001.npy").write_bytes(b"nothing")
    np.save(tmp_path / "faces" / "000000.npy", np.zeros([3, 3]))
    equal(faces, store().first(2 * CHUNK))


def test_faces_come_in_evenly_and_then_all_are_used(store):
    ready = store(1024)
    steps = ready.batches(8, complete=100)
    take(steps, 1)
    assert ready.there <= 3 * CHUNK  # the pipeline is some steps ahead
    rows = store(1024).first(1024).features
    last = np.concatenate([batch.features for batch in take(ready.batches(64, 0, start=200), 40)])
    used = {row.tobytes() for row in last}
    assert used <= {row.tobytes() for row in rows} and len(used) > .85 * 1024


def test_a_step_has_the_same_faces_wherever_one_begins(store):
    batches = take(store().batches(8, 50), 30)
    equal(batches[20:], take(store().batches(8, 50, start=20), 10))
    assert not np.array_equal(batches[0].features, batches[1].features)
    assert not np.array_equal(batches[0].features, take(store(seed=4, folder="others").batches(8, 50), 1)[0].features)


def test_noise_is_of_the_features_alone_and_in_their_deviations(store):
    plain, noisy = (np.concatenate([batch.features for batch in take(store().batches(64, 0, noise), 60)]) for noise in (0., .5))
    added = (noisy - plain) / store().first(CHUNK).features.std(0)
    np.testing.assert_allclose(added.std(0), .5, rtol=.05)
    assert np.abs(added.mean(0)).max() < .05
    truths = [np.concatenate([batch.shape for batch in take(store().batches(64, 0, noise), 3)]) for noise in (0., .5)]
    np.testing.assert_array_equal(*truths)
