import numpy as np
import pytest

from morph3d.fitting.blendshape_weights import BlendshapeWeights

RANDOM = np.random.default_rng(0)
SHAPES = {f"shape{number}": moves for number, moves in enumerate(RANDOM.standard_normal([6, 40, 3]))}
EVERYWHERE = np.ones(40, bool)


def mixed(weights):
    return sum(weight * moves for weight, moves in zip(weights, SHAPES.values(), strict=True))


def test_weights_of_a_mixture_come_back():
    weights = RANDOM.uniform(0., 1., len(SHAPES))
    found = BlendshapeWeights(SHAPES, EVERYWHERE)
    assert found.names == list(SHAPES)
    np.testing.assert_allclose(found.of(mixed(weights)), weights, atol=.01)


def test_no_weight_leaves_0_to_1():
    weights = BlendshapeWeights(SHAPES, EVERYWHERE).of(mixed([2., -1., .5, 0., 1., 0.]))
    assert weights.min() >= 0. and weights.max() <= 1.
    assert weights[0] == pytest.approx(1.) and weights[1] == pytest.approx(0., abs=1e-6)


def test_where_a_vertex_does_not_count_its_moves_do_not():
    where, moves = EVERYWHERE.copy(), mixed([.5, 0., 0., .2, 0., 0.])
    where[:3] = False
    moves[:3] += 100.
    np.testing.assert_allclose(BlendshapeWeights(SHAPES, where).of(moves), [.5, 0., 0., .2, 0., 0.], atol=.01)


def test_two_that_do_alike_share_the_work():
    alike = {"left": SHAPES["shape0"], "same": SHAPES["shape0"] + 1e-6 * SHAPES["shape1"]}
    np.testing.assert_allclose(BlendshapeWeights(alike, EVERYWHERE).of(SHAPES["shape0"]), [.5, .5], atol=.01)
