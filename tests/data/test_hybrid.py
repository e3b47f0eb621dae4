"""Hybrid batches: functions of (seed, step), every photo once an epoch."""
import itertools

import numpy as np
import pytest
import tensorflow as tf

from morph3d.data import hybrid, synthetic
from morph3d.encoders import Encoding

SIZES = (7, 5, 3)
PHOTOS = Encoding(np.arange(10, dtype=np.float32)[:, None], np.ones([10, 4], np.float32))


def batches(start=0, seed=0, photos=PHOTOS):
    return hybrid.batches(photos, SIZES, photo_batch=3, drawn=2, views=2, synthetic_batch=4, seed=seed, start=start)


def take(dataset, count):
    return list(itertools.islice(dataset, count))


def test_shapes_are_static():
    spec = batches().element_spec
    assert spec["photos"].features.shape == (3, 1) and spec["views"].background.shape[0] == 4
    assert spec["synthetic"].coefficients.shape.shape == (4, 7)


def test_each_epoch_visits_the_photos_once_in_a_new_order():
    seen = np.reshape([batch["photos"].features for batch in take(batches(), 6)], [2, 9])
    assert all(len(set(epoch)) == 9 for epoch in seen)
    assert list(seen[0]) != list(seen[1])


def test_starting_late_gives_what_would_have_come():
    tf.nest.map_structure(np.testing.assert_array_equal, take(batches(), 7)[5:], take(batches(start=5), 2))
    tf.nest.map_structure(np.testing.assert_array_equal, take(synthetic.batches(SIZES, 2, 9), 4)[3:],
                          take(synthetic.batches(SIZES, 2, 9, start=3), 1))


def test_steps_and_seeds_differ():
    first, second = take(batches(), 2)
    other, = take(batches(seed=1), 1)
    for batch in (second, other):
        assert not np.any(first["views"].pose.rotation == batch["views"].pose.rotation)
        assert not np.any(first["synthetic"].coefficients.shape == batch["synthetic"].coefficients.shape)


def test_too_few_photos_are_refused():
    with pytest.raises(ValueError, match="2 photos are fewer than the 3 of a batch"):
        batches(photos=Encoding(*(part[:2] for part in PHOTOS)))


def test_encode_gives_every_photo_its_encoding_in_order():
    crops = np.random.default_rng(0).integers(0, 256, [5, 4, 4, 3], np.uint8)
    encodings = hybrid.encode(crops, lambda images: Encoding(images[:, 0, 0], images[:, 1, 1]), batch=2)
    np.testing.assert_allclose(encodings.features, crops[:, 0, 0] / 255., rtol=1e-6)
    np.testing.assert_allclose(encodings.identity, crops[:, 1, 1] / 255., rtol=1e-6)
