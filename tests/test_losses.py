"""The four losses against NumPy, written from the paper's equations."""
import re

import numpy as np
import pytest
import tensorflow as tf

from morph3d import losses
from morph3d.morphable.coefficients import Coefficients

WEIGHTS = {"shape_weight": .4, "texture_weight": .1}


def draw(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def test_parameter_loss_is_equation_3_as_a_mean_over_the_batch():
    s, s_true, t, t_true = draw(4, 7, seed=1), draw(4, 7, seed=2), draw(4, 5, seed=3), draw(4, 5, seed=4)
    loss = losses.parameter_loss(Coefficients(s, t), Coefficients(s_true, t_true), **WEIGHTS)
    assert float(loss) == pytest.approx((.4 * ((s - s_true)**2).sum() + .1 * ((t - t_true)**2).sum()) / 4, rel=1e-5)


COMPARED = {
    "parameter": lambda a, b: losses.parameter_loss(Coefficients(a, a), Coefficients(b, b), **WEIGHTS),
    "loopback": lambda a, b: losses.loopback_loss(Coefficients(a, a), Coefficients(b, b), **WEIGHTS),
    "identity": losses.identity_loss,
}
UNLIKE = [("parameter", (1, 7), (4, 7)), ("parameter", (4, 7), (1, 7)), ("parameter", (4, 7), (4, 1)),
          ("parameter", (4, 7), (2, 7)),
          ("loopback", (2, 3), (5, 3)), ("loopback", (2, 3), (1, 3)), ("loopback", (2, 3), (4, 1)),
          ("identity", (3, 8), (7, 8)), ("identity", (3, 8), (6, 4)), ("identity", (3, 8), (12, 2)), ("identity", (3, 8), (2, 8))]


@pytest.mark.parametrize("loss, first, second", UNLIKE)
def test_what_does_not_belong_together_is_refused_by_its_shapes(loss, first, second):
    with pytest.raises(ValueError, match=re.escape(f"found {first} and {second}")):
        COMPARED[loss](tf.constant(draw(*first)), tf.constant(draw(*second)))


@pytest.mark.parametrize("loss, first, second", UNLIKE)
def test_where_shapes_are_not_known_beforehand_the_step_refuses_them(loss, first, second):
    traced = tf.function(COMPARED[loss], [tf.TensorSpec([None, None])] * 2, autograph=False)
    found = "found] [{} {}] [and] [{} {}]".format(*first, *second)
    with pytest.raises(tf.errors.InvalidArgumentError, match=re.escape(found)):
        traced(draw(*first), draw(*second))


@pytest.mark.parametrize("loss, views", [("parameter", 1), ("identity", 1), ("identity", 3), ("loopback", 2)])
def test_a_batch_of_unknown_size_has_the_same_loss(loss, views):
    first, second = draw(4, 7), draw(4 * views, 7, seed=1)
    traced = tf.function(COMPARED[loss], [tf.TensorSpec([None, 7])] * 2)
    assert float(traced(first, second)) == float(COMPARED[loss](tf.constant(first), tf.constant(second)))


def test_identity_loss_compares_each_photo_with_its_own_views():
    photos = tf.math.l2_normalize(draw(3, 8), -1).numpy()
    views = tf.math.l2_normalize(draw(6, 8, seed=1), -1).numpy()
    expected = np.mean([1. - photos[b] @ views[2 * b + n] for b in range(3) for n in range(2)])
    assert float(losses.identity_loss(tf.constant(photos), tf.constant(views))) == pytest.approx(expected, rel=1e-5)


def test_identity_loss_is_zero_for_the_same_face_and_two_for_the_opposite():
    photos = tf.math.l2_normalize(draw(3, 8), -1)
    assert float(losses.identity_loss(photos, tf.repeat(photos, 3, 0))) == pytest.approx(0., abs=1e-6)
    assert float(losses.identity_loss(photos, -photos)) == pytest.approx(2., rel=1e-6)


def test_batch_distribution_loss_is_equation_6_with_the_unbiased_variance():
    s, t = 2. * draw(6, 7) + .3, draw(6, 5, seed=1)
    expected = sum(np.sum(x.mean(0)**2) + np.sum((x.var(0, ddof=1) - 1.)**2) for x in (s, t))
    assert float(losses.batch_distribution_loss(Coefficients(s, t))) == pytest.approx(expected, rel=1e-4)


def test_batch_distribution_loss_draws_a_collapsed_batch_apart():
    s = tf.Variable(.01 * draw(6, 7))
    with tf.GradientTape() as tape:
        loss = losses.batch_distribution_loss(Coefficients(s, tf.constant(draw(6, 5))))
    centered = s - tf.reduce_mean(s, 0)
    assert tf.reduce_sum(tape.gradient(loss, s) * centered) < 0.  # a step downhill makes the differences larger


def test_loopback_loss_compares_each_view_with_the_photo_it_came_from_and_trains_both():
    s, t = tf.Variable(draw(2, 3)), tf.Variable(draw(2, 4))
    s_read, t_read = tf.Variable(draw(6, 3, seed=1)), tf.Variable(draw(6, 4, seed=2))
    with tf.GradientTape() as tape:
        loss = losses.loopback_loss(Coefficients(s, t), Coefficients(s_read, t_read), **WEIGHTS)
    expected = np.mean([.4 * np.sum((s_read[i] - s[i // 3])**2) + .1 * np.sum((t_read[i] - t[i // 3])**2) for i in range(6)])
    assert float(loss) == pytest.approx(expected, rel=1e-5)
    assert all(np.any(gradient != 0.) for gradient in tape.gradient(loss, [s, t, s_read, t_read]))


def test_losses_of_halves_are_computed_in_single_precision():
    """In halves the sum of squares, 80,000, would be infinite."""
    first, second = (100. * draw(4, 8, seed=seed) for seed in (0, 1))
    unit = tf.math.l2_normalize(draw(4, 8), -1)
    for loss, left, right in (("parameter", first, second), ("loopback", first, second), ("identity", unit, -unit)):
        found = COMPARED[loss](tf.cast(left, tf.float16), tf.cast(right, tf.float16))
        assert found.dtype == tf.float32 and float(found) == pytest.approx(float(COMPARED[loss](left, right)), rel=.01)
    distribution = losses.batch_distribution_loss(Coefficients(tf.cast(first, tf.float16), tf.cast(second, tf.float16)))
    assert float(distribution) == pytest.approx(float(losses.batch_distribution_loss(Coefficients(first, second))), rel=.01)
