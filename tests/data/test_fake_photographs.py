"""Fake photographs: drawn from random numbers of their own, of people whose truth is told."""
import cv2
import numpy as np
import pytest
import tensorflow as tf

from morph3d.data import fake_photographs


def test_no_two_things_are_drawn_by_one_seed(tiny_model, monkeypatch):
    """Else where a face is hidden would follow from its shape."""
    seeds = []
    for name in ("stateless_normal", "stateless_uniform"):
        draw = getattr(tf.random, name)

        def recording(shape, seed, *rest, draw=draw, **options):
            seeds.append(tuple(np.asarray(seed)))
            return draw(shape, seed, *rest, **options)

        monkeypatch.setattr(tf.random, name, recording)
    fake_photographs.take(tiny_model, 2, [3, 4], 32)
    assert len(seeds) > 15 and len(set(seeds)) == len(seeds)


def test_pictures_are_written_with_the_truth_of_each(tiny_model, tmp_path):
    truth = fake_photographs.write(tmp_path / "photos", tiny_model, 3, [3, 4], batch=2)
    assert sorted(path.name for path in (tmp_path / "photos").iterdir()) == ["0000.png", "0001.png", "0002.png"]
    taken = [fake_photographs.take(tiny_model, count, tf.random.fold_in([3, 4], first)) for count, first in ((2, 0), (1, 2))]
    for number, picture in enumerate(np.concatenate([pictures for _, pictures in taken])):
        np.testing.assert_array_equal(cv2.imread(str(tmp_path / "photos" / f"{number:04}.png"))[..., ::-1], picture)
    shapes = np.concatenate([faces.coefficients.shape for faces, _ in taken])
    expected = tiny_model.mean_vertices + np.reshape(shapes @ tiny_model.shape_basis, [3, -1, 3])  # without expressions
    np.testing.assert_allclose(truth, expected, atol=1e-3)


def test_the_seed_decides(tiny_model):
    (_, first), (_, again), (_, other) = (fake_photographs.take(tiny_model, 2, [0, seed], 40) for seed in (1, 1, 2))
    assert first.shape == (2, 40, 40, 3) and first.dtype == np.uint8
    np.testing.assert_array_equal(first, again)
    assert np.mean(first == other) < .5 and np.mean(first[0] == first[1]) < .5


def test_a_margin_of_two_leaves_a_quarter_of_the_face(tiny_model, monkeypatch):
    monkeypatch.setattr(fake_photographs, "_hide", lambda pictures, _: pictures)
    faces, _ = fake_photographs.take(tiny_model, 6, [5, 6], 40)
    faces = faces._replace(scene=faces.scene._replace(background=tf.fill([6, 1, 1, 3], 0.) + [0., 1., 0.]))
    near, far = (np.mean(np.abs(fake_photographs.photograph(tiny_model, faces, [7, 8], 80, margin) - [0., 1., 0.]).max(-1) > .25)
                 for margin in (1., 2.))
    assert near / far == pytest.approx(4., rel=.25)


def test_about_a_third_of_the_faces_is_partly_hidden(tiny_model):
    pictures = np.full([300, 32, 32, 3], -1., np.float32)
    hidden = (fake_photographs._hide(pictures, [1, 2]).numpy() >= 0.).all(-1)
    assert hidden.any((1, 2)).mean() == pytest.approx(.33, abs=.08)
    assert 0. < hidden.mean((1, 2)).max() < .15 and not hidden[:, :8].any()  # never over the forehead
