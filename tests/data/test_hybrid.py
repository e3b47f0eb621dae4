"""Hybrid batches: functions of (seed, step), beside the photos that a dataset brings."""
import itertools

import numpy as np
import tensorflow as tf

from morph3d.data import hybrid
from morph3d.data.synthetic_store import EncodedFaces
from morph3d.encoders.base import Encoding


def photos(start):
    return tf.data.Dataset.counter(start).map(lambda step: Encoding(tf.fill([3, 1], tf.cast(step, tf.float32)), tf.ones([3, 4])))


def faces(start):
    return tf.data.Dataset.counter(start).map(
        lambda step: EncodedFaces(*(tf.fill([4, size], tf.cast(step, tf.float32)) for size in (6, 7, 5))))


def batches(start=0, seed=0):
    return hybrid.batches(photos(start), faces(start), drawn=2, views=2, seed=seed, start=start)


def take(dataset, count):
    return list(itertools.islice(dataset, count))


def test_shapes_are_static():
    spec = batches().element_spec
    assert spec["photos"].features.shape == (3, 1) and spec["views"].background.shape[0] == 4
    assert spec["synthetic"].shape.shape == (4, 7)


def test_photos_and_faces_come_as_they_are():
    for batch, step in zip(take(batches(3), 4), (3., 4., 5., 6.)):
        assert batch["photos"].features.numpy()[0, 0] == batch["synthetic"].features.numpy()[0, 0] == step


def test_starting_late_gives_what_would_have_come():
    tf.nest.map_structure(np.testing.assert_array_equal, take(batches(), 7)[5:], take(batches(start=5), 2))


def test_steps_and_seeds_differ():
    first, second = take(batches(), 2)
    other, = take(batches(seed=1), 1)
    for batch in (second, other):
        assert not np.any(first["views"].pose.rotation == batch["views"].pose.rotation)
