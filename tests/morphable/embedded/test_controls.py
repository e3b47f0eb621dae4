"""Controls: shares of the published targets that add up to one person, and details with two ends each."""
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial import cKDTree

from morph3d.morphable.embedded import controls

SHARE = st.floats(0., 1.)


def weights(ancestry, male, old, muscle, weight):
    """{target: weight} of one person, without zeros."""
    found, = controls.macro_weights(np.array([ancestry], float), *np.array([male, old, muscle, weight], float)[:, None])
    return {name.partition("/")[2]: value for name, value in zip(controls.macro_names(), found, strict=True) if value}


@pytest.fixture(scope="module")
def details():
    return controls.details()


def named(details, target):
    found, = (detail for detail in details if target in detail.more + detail.less)
    return found


def test_an_old_african_man_of_little_weight_and_much_muscle():
    assert weights([1., 0., 0.], 1., 1., 1., 0.) == {"african-male-old": 1., "universal-male-old-maxmuscle-minweight": 1.}


def test_a_young_asian_woman_of_average_build():
    """The average build of all is the base, which no target moves."""
    assert weights([0., 1., 0.], 0., 0., .5, .5) == {"asian-female-young": 1.}


def test_weights_lie_between_those_of_the_ends():
    found = weights([.25, 0., .75], .2, .5, .5, .9)
    expected = {f"{ancestry}-{sex}-{age}": share * how * .5 for ancestry, share in (("african", .25), ("caucasian", .75))
                for sex, how in (("female", .8), ("male", .2)) for age in ("young", "old")}
    # Where young women of average muscle gain weight no target moves the head.
    expected |= {f"universal-{who}-averagemuscle-maxweight": .8 * how * .5
                 for who, how in (("female-old", .8), ("male-young", .2), ("male-old", .2))}
    assert found == pytest.approx(expected)


@given(st.tuples(SHARE, SHARE, SHARE).filter(lambda shares: sum(shares) > .1), st.tuples(SHARE, SHARE, SHARE, SHARE))
@settings(max_examples=40)
def test_shares_add_up(ancestry, rest):
    ancestry = np.array(ancestry) / sum(ancestry)
    found = weights(ancestry, *rest)
    assert all(0. < value <= 1. + 1e-9 for value in found.values())
    assert sum(value for name, value in found.items() if not name.startswith("universal")) == pytest.approx(1.)
    assert sum(value for name, value in found.items() if name.startswith("universal")) < 1. + 1e-9


def test_people_are_computed_independently_of_each_other():
    random = np.random.default_rng(0)
    ancestry, rest = random.dirichlet([1., 1., 1.], 5), random.uniform(size=[4, 5])
    together = controls.macro_weights(ancestry, *rest)
    assert together.shape == (5, len(controls.macro_names())) and len(controls.macro_names()) > 40
    for person, found in enumerate(together):
        np.testing.assert_array_equal(controls.macro_weights(ancestry[[person]], *rest[:, [person]])[0], found)


def test_each_target_belongs_to_one_detail(head, details):
    names = [name for detail in details for name in detail.more + detail.less]
    assert len(names) == len(set(names)) and set(names) <= set(head.targets) and len(details) > 120
    left_out = {name for name in head.targets if not name.startswith(("macrodetails/", "faceunits/"))} - set(names)
    # Those that take the lids off the eyeballs, and those that can only be added.
    push = {f"eyes/{side}-eye-push{number}-{way}" for side in "lr" for number in (1, 2) for way in ("in", "out")}
    assert left_out == push | {"chin/chin-triangle", "head/head-diamond"}


def test_both_sides_move_together(details):
    for detail in details:
        for names in (detail.more, detail.less):
            if len(names) == 2:
                assert names[1] == names[0].replace("/r-", "/l-") != names[0]
            else:
                assert "/r-" not in names[0] and "/l-" not in names[0]


@pytest.mark.parametrize("more, less", [
    ("nose/nose-scale-horiz-incr", "nose/nose-scale-horiz-decr"), ("nose/nose-trans-up", "nose/nose-trans-down"),
    ("nose/nose-trans-forward", "nose/nose-trans-backward"), ("nose/nose-trans-out", "nose/nose-trans-in"),
    ("mouth/mouth-angles-up", "mouth/mouth-angles-down"), ("nose/nose-curve-convex", "nose/nose-curve-concave"),
    ("ears/r-ear-shape-pointed", "ears/r-ear-shape-triangle"), ("head/head-square", "head/head-round")])
def test_the_two_ends_of_a_detail(details, more, less):
    detail = named(details, more)
    assert detail.more[0] == more and detail.less[0] == less


def test_wider_and_higher_go_with_positive_weights(details, head):
    """Not only in name: what `more` does to the nose's breadth is the opposite of what `less` does."""
    for target, axis in (("nose/nose-scale-horiz-incr", 0), ("nose/nose-scale-vert-incr", 1)):
        detail = named(details, target)
        x = head.vertices[:, axis] - head.vertices[:, axis][np.abs(controls.fields(detail.more)).max(1) > .1].mean()
        assert (x * controls.fields(detail.more)[:, axis]).sum() > 0. > (x * controls.fields(detail.less)[:, axis]).sum()


def test_deviations_are_millimeters_of_the_largest_displacement(details, head):
    for detail in details:
        group = "asym" if detail.more[0].startswith(controls.SIDEWAYS) else detail.more[0].partition("/")[0]
        largest = max(np.linalg.norm(head.dense(names), axis=2).max() for names in (detail.more, detail.less))
        expected = min(max(controls.AMPLITUDES[group] / largest, controls.LEAST), controls.MOST)
        assert detail.deviation == pytest.approx(expected, rel=.02), detail.more  # the sides differ a little
    assert .6 < np.mean([controls.LEAST < detail.deviation < controls.MOST for detail in details])


def test_uneven_details_alone_are_not_the_same_on_both_sides(details, head):
    twin = cKDTree(head.vertices).query(head.vertices * [-1., 1., 1.])[1]
    for detail in details:
        for field in (controls.fields(detail.more), controls.fields(detail.less)):
            difference = np.abs(field - field[twin] * [-1., 1., 1.]).max()
            uneven = detail.more[0].startswith(controls.SIDEWAYS)
            assert difference > .5 * np.abs(field).max() if uneven else difference < .25, detail.more


def test_measures_are_followed_by_plain_proportions_alone(details):
    for target, measured in (("nose/nose-scale-horiz-incr", True), ("chin/chin-height-incr", True), ("asym/asym-nose-1-l", False),
                             ("nose/nose-trans-out", False), ("mouth/mouth-laugh-lines-out", False),
                             ("forehead/forehead-nubian-incr", False)):
        assert named(details, target).measured == measured, target


def test_fields_are_the_published_displacements_added_up(head):
    names = ["nose/nose-hump-incr", "chin/chin-width-decr"]
    np.testing.assert_allclose(controls.fields(names), head.dense(names[:1])[0] + head.dense(names[1:])[0])


@pytest.mark.parametrize("way, sign", [("incr", 1.), ("decr", -1.)])
def test_eyeballs_grow_with_their_lids(head, way, sign):
    """They keep their form and middle; nothing else moves otherwise than published, and the other eye not at all."""
    name = f"eyes/r-eye-scale-{way}"
    field = controls.fields([name])
    eye, other = (np.unique(head.quads[head.parts[part]]) for part in ("right_eye", "left_eye"))
    away = head.vertices[eye] - head.vertices[eye].mean(0)
    grown = (field[eye] * away).sum() / (away**2).sum()
    assert .02 < sign * grown < .4
    np.testing.assert_allclose(field[eye], grown * away, atol=1e-9)
    np.testing.assert_array_equal(field[other], 0.)
    rest = np.setdiff1d(np.arange(len(field)), eye)
    np.testing.assert_allclose(field[rest], head.dense([name])[0][rest])
    socket = np.unique(head.quads[head.parts["right_socket"]])
    out = head.vertices[socket, :2] - head.vertices[eye, :2].mean(0)
    lids = (field[socket, :2] * out).sum() / (out**2).sum()
    assert grown == pytest.approx(lids, rel=.2)
