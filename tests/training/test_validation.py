"""Validation on unseen people and on unseen synthetic faces, and the best decoder, which it keeps."""
import keras
import numpy as np
import pytest
import scipy.stats
import skimage.color
import tensorflow as tf

from morph3d import aligned_rendering, decoder, scene
from morph3d.data.prepared.people import Gallery
from morph3d.data.synthetic_store import EncodedFaces
from morph3d.encoders.base import Encoding
from morph3d.morphable import coefficients
from morph3d.training import callbacks, checkpoints, validation
from tests.training.device import Device
from tests.training.events import Events
from tests.training.tiny_training import build, numbers, run, two_stages


def small(encoder):
    """A decoder of four shape and three texture coefficients, the same each time."""
    keras.utils.set_random_seed(1)
    return decoder.build(encoder.feature_size, 4, 3, hidden=(8,))


def test_errors_are_mean_distances_of_vertices(tiny_model, tiny_encoder):
    network = small(tiny_encoder)
    people = coefficients.sample(tiny_model, 70, 5)
    faces = EncodedFaces(tf.random.stateless_normal([70, tiny_encoder.feature_size], [1, 2]), people.shape, people.texture)
    decoder.spread(network, faces.features)
    read, mean = (decoder.decode(network, faces.features, decoder.RENDERINGS, choice).shape.numpy() for choice in (False, True))
    truth = people.shape.numpy()
    basis = tiny_model.shape_basis.numpy().reshape(4, -1, 3)
    expected = {name: np.linalg.norm(np.einsum("ns,svc->nvc", shape - truth, basis), axis=-1).mean()
                for name, shape in {"read": read, "expected": mean, "mean face": 0. * read}.items()}
    found = validation.vertex_errors(network, tiny_model, faces)
    assert found.keys() == expected.keys()
    for name, error in found.items():
        np.testing.assert_allclose(error, expected[name], rtol=1e-4)
    assert len(set(np.round(list(found.values()), 3))) == 3


def test_unseen_faces_are_others_than_those_of_the_training(tiny_model, tiny_encoder, tmp_path, monkeypatch):
    monkeypatch.setattr(validation, "UNSEEN", 128)
    unseen = validation.unseen_faces(tmp_path, tiny_model, tiny_encoder, 0)
    seen = validation.SyntheticStore(tmp_path / "synthetic_faces", tiny_model, tiny_encoder, 128, 0).first(128)
    assert unseen.shape.shape == seen.shape.shape == (128, 4) and not np.isin(unseen.shape, seen.shape).any()


def test_likeness_is_how_often_and_how_near_a_rendering_comes_to_its_own_person(tiny_model, tiny_encoder, monkeypatch):
    monkeypatch.setattr(validation, "AT_A_TIME", 7)
    network = small(tiny_encoder)
    photos = Encoding(tf.random.stateless_normal([20, tiny_encoder.feature_size], [3, 4]).numpy(), None)
    read = decoder.decode(network, photos.features)
    drawn = tiny_encoder(aligned_rendering.draw_model(tiny_model, read, scene.studio(20), tiny_encoder)).identity.numpy()
    others = drawn + .15 * np.random.default_rng(1).normal(size=drawn.shape)
    others = np.float32(others / np.linalg.norm(others, axis=1, keepdims=True))

    def expected(one, other):
        return np.mean([all(one[i] @ other[i] >= one[i] @ other[j] for j in range(20)) for i in range(20)])

    faces = validation.frontal(network, tiny_model, tiny_encoder, photos)
    found = validation.likeness(faces, tiny_encoder, Gallery(photos, others, None, None, 20))
    assert found["top1"] == expected(drawn, others) != expected(others, drawn)
    assert found["cosine"] == pytest.approx(np.mean(np.sum(drawn * others, 1)), abs=1e-5)
    itself = validation.likeness(faces, tiny_encoder, Gallery(photos, drawn, None, None, 20))
    assert itself["top1"] == 1. and itself["cosine"] == pytest.approx(1., abs=1e-5)


def painted(cheeks, encoder):
    """Gray pictures [N, size, size, 3] in 0..1 whose cheeks have these colors."""
    size, (right, left) = encoder.image_size, encoder.template[:2]
    apart, pictures = np.linalg.norm(left - right), np.full([len(cheeks), encoder.image_size, encoder.image_size, 3], .5)
    y, x = np.mgrid[:size, :size] + .5
    for eye in right, left:
        pictures[:, np.hypot(x - eye[0], y - eye[1] - .48 * apart) < .45 * apart] = np.asarray(cheeks)[:, None]
    return pictures


def test_skin_is_compared_with_that_of_the_other_photo_in_cielab(tiny_encoder):
    rng = np.random.default_rng(0)
    tones, seen = rng.uniform(.3, .8, [2, 12, 3])
    seen[3] = seen[3, 0]  # a gray photo, which says nothing
    crops = np.uint8(np.rint(255 * painted(seen, tiny_encoder)))
    found = validation.skin(painted(tones, tiny_encoder), tiny_encoder, Gallery(None, None, None, crops, 12))
    lab, other = skimage.color.rgb2lab(np.delete(tones, 3, 0)), skimage.color.rgb2lab(np.delete(seen, 3, 0))
    for i, name in enumerate("Lab"):
        assert found[f"correlation_{name}"] == pytest.approx(scipy.stats.pearsonr(lab[:, i], other[:, i])[0], abs=.02)
        assert found[f"bias_{name}"] == pytest.approx(np.mean(lab[:, i] - other[:, i]), abs=.7)
    assert found["dE"] == pytest.approx(skimage.color.deltaE_cie76(lab, other).mean(), rel=.02)


def test_the_same_skin_for_everybody_has_no_correlation_and_gray_photos_no_skin(tiny_encoder):
    same, crops = painted(np.full([5, 3], [.7, .5, .4]), tiny_encoder), np.zeros([5, *2 * [tiny_encoder.image_size], 3], np.uint8)
    assert validation.skin(same, tiny_encoder, Gallery(None, None, None, crops, 5)) == {}
    seen = np.uint8(255 * painted(np.random.default_rng(0).random([5, 3]), tiny_encoder))
    found = validation.skin(same, tiny_encoder, Gallery(None, None, None, seen, 5))
    assert [found[f"correlation_{name}"] for name in "Lab"] == pytest.approx([0., 0., 0.], abs=1e-6)


@pytest.fixture
def measured(monkeypatch):
    """A function that has the likeness of decoders be these figures, one after the other, whatever the decoder."""
    def be(*figures):
        told = iter(figures)
        monkeypatch.setattr(validation, "vertex_errors", lambda *_: {"read": 1., "expected": .5, "mean face": 2.})
        monkeypatch.setattr(validation, "frontal", lambda *_: None)
        monkeypatch.setattr(validation, "likeness", lambda *_: dict(zip(("top1", "cosine"), next(told))))
        monkeypatch.setattr(validation, "skin", lambda *_: {"dE": 9.})
    return be


def validated(folder, model, tiny_model, tiny_encoder, steps, extra=()):
    """A training that is validated every two steps. -> Checkpoints"""
    saved = checkpoints.Checkpoints(folder / "checkpoints", model.decoder, model.optimizer)
    watcher = validation.Validation(tf.summary.create_file_writer(str(folder / "log")), saved,
                                    validation.Measure(tiny_model, tiny_encoder, None, Gallery(*5 * [None])), 2)
    return run(model, folder / "checkpoints", two_stages(tiny_model, tiny_encoder, steps), [watcher, *extra])


class Keep(callbacks.RunCallback):
    """The decoder's variables after each step."""

    def __init__(self):
        super().__init__(None)
        self.after = {}

    def on_train_begin(self, logs=None):
        pass

    def on_train_batch_end(self, batch, logs=None):
        self.after[int(self.model.optimizer.iterations)] = numbers(self.model)


def restored(folder, tiny_model, tiny_encoder, name="best"):
    model = build(tiny_model, tiny_encoder)
    checkpoints.restore_decoder(folder / "checkpoints", model.decoder, folder / "checkpoints" / name)
    return numbers(model)


def assert_same(one, other):
    for a, b in zip(one, other, strict=True):
        np.testing.assert_array_equal(a, b)


def test_the_best_decoder_is_kept_and_not_the_last(tiny_model, tiny_encoder, tmp_path, measured, caplog):
    measured((.3, .5), (.5, .4), (.5, .6), (.5, .5), (.4, .9))  # after steps 2, 4, 5 (the end of stage 1), 6, 8
    keep = Keep()
    with caplog.at_level("INFO", "absl"):
        saved = validated(tmp_path, build(tiny_model, tiny_encoder, (5, 3)), tiny_model, tiny_encoder, (5, 3), [keep])
    assert saved.best == {"step": 5, "top1": .5, "cosine": .6}
    assert_same(restored(tmp_path, tiny_model, tiny_encoder), keep.after[5])
    events = Events(tmp_path / "log")
    assert events.steps("validation/top1") == events.steps("validation/vertex_error_mm/read") == [2, 4, 5, 6, 8]
    assert events.last("validation/cosine") == pytest.approx(.9)
    told = [line for line in caplog.messages if "mean vertex error" in line]
    assert [line.partition(" ")[0] for line in told] == ["synthetic", "hybrid"] and "top-1 0.400, mean cosine 0.900" in told[1]


def decoder_and_optimizer(tiny_model, tiny_encoder):
    model = build(tiny_model, tiny_encoder)
    return model.decoder, model.optimizer


def test_who_goes_on_keeps_the_best_of_before(tiny_model, tiny_encoder, tmp_path, measured):
    measured((.3, .5), (.9, .4))
    keep = Keep()
    validated(tmp_path, build(tiny_model, tiny_encoder, (4, 4)), tiny_model, tiny_encoder, (4, 0), [keep])
    measured((.8, .9), (.9, .3))
    saved = validated(tmp_path, build(tiny_model, tiny_encoder, (4, 4)), tiny_model, tiny_encoder, (4, 4), [keep])
    assert saved.step == 8 and saved.best["step"] == 4
    assert_same(restored(tmp_path, tiny_model, tiny_encoder), keep.after[4])
    measured((.9, .41))
    saved = validated(tmp_path, build(tiny_model, tiny_encoder, (4, 6)), tiny_model, tiny_encoder, (4, 6), [keep])
    assert saved.best["step"] == 10
    assert_same(restored(tmp_path, tiny_model, tiny_encoder), keep.after[10])


def test_where_nobody_is_held_out_no_decoder_is_the_best(tmp_path, measured):
    measured()
    device = Device(lambda step: {"loss": 1.})
    device.decoder = None
    writer = tf.summary.create_file_writer(str(tmp_path))
    device.run(5, validation.Validation(writer, device, validation.Measure(None, None, None, None), 2))
    events = Events(tmp_path)
    assert events.steps("validation/vertex_error_mm/expected") == [2, 4, 5]
    assert "validation/top1" not in events.tags


def test_a_signal_ends_a_run_without_another_validation(tiny_model, tiny_encoder, tmp_path, measured):
    measured((.3, .5))

    class Stop(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            if batch == 2:
                self.model.stop_training = True

    model = build(tiny_model, tiny_encoder)
    saved = validated(tmp_path, model, tiny_model, tiny_encoder, (4, 0), [Stop()])
    assert saved.step == 3 and saved.best["step"] == 2


def test_killed_between_the_decoder_and_its_figures_nothing_is_the_best(tiny_model, tiny_encoder, tmp_path, monkeypatch):
    saved = checkpoints.Checkpoints(tmp_path, *decoder_and_optimizer(tiny_model, tiny_encoder))
    assert saved.best is None
    saved.save_best({"top1": .5})
    assert saved.best == {"step": 0, "top1": .5}

    def killed(name):
        raise KeyboardInterrupt

    monkeypatch.setattr(saved, "save_stage", killed)
    with pytest.raises(KeyboardInterrupt):
        saved.save_best({"top1": .6})
    assert saved.best is None
