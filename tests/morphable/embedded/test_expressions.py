"""Face units do what ARKit calls them, and random acts of them are many and different."""
import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from morph3d.mesh.registration import from_points
from morph3d.morphable import blendshapes
from morph3d.morphable.embedded import expressions


@pytest.fixture(scope="module")
def units():
    return expressions.units(1.)


@pytest.fixture(scope="module")
def acts(units, head):
    return expressions.draw(units, head.vertices, 120, np.random.default_rng(0))


@pytest.fixture
def act(units, mesh, head):
    """Strengths by name -> the vertices [V, 3] mm of the published head."""
    return lambda **strengths: mesh.matrix @ (head.vertices + sum(strength * units[name] for name, strength in strengths.items()))


def test_units_are_arkits_and_grow_with_the_head(units, head):
    larger = expressions.units(1.5)
    assert list(units) == list(larger) and set(units) == set(blendshapes.ARKIT) - {"tongueOut"}
    for name, displacements in units.items():
        assert displacements.shape == head.vertices.shape
        np.testing.assert_allclose(larger[name], 1.5 * displacements)


@pytest.mark.parametrize("unit, point, axis, least", [
    ("jawOpen", 8, 1, -10.), ("jawForward", 8, 2, 2.), ("jawLeft", 8, 0, 3.), ("jawRight", 8, 0, -3.),
    ("mouthSmileLeft", 54, 0, 3.), ("mouthSmileLeft", 54, 1, 3.), ("mouthSmileRight", 48, 0, -3.),
    ("mouthFrownLeft", 54, 1, -2.), ("mouthPucker", 54, 0, -3.),
    ("mouthFunnel", 51, 2, 1.), ("mouthLeft", 51, 0, 2.), ("mouthRight", 51, 0, -2.), ("mouthStretchRight", 48, 0, -2.),
    ("mouthUpperUpLeft", 52, 1, 1.), ("mouthLowerDownRight", 58, 1, -1.), ("browInnerUp", 22, 1, 2.), ("browInnerUp", 21, 1, 2.),
    ("browOuterUpRight", 18, 1, 2.), ("browDownLeft", 22, 1, -2.), ("eyeBlinkLeft", 43, 1, -3.), ("eyeBlinkRight", 38, 1, -3.),
    ("eyeWideLeft", 44, 1, .5), ("eyeSquintRight", 41, 1, .5), ("noseSneerLeft", 35, 1, .5)])
def test_units_move_what_they_are_named_after(act, mesh, published, unit, point, axis, least):
    assert (act(**{unit: 1.}) - published)[mesh.landmarks[point], axis] / least > 1.


def test_blinks_close_the_lids(act, mesh):
    """The lids meet, or the upper one passes the lower, as MakeHuman's lids do that are less open than the model's."""
    for name, upper, lower in (("eyeBlinkLeft", [43, 44], [47, 46]), ("eyeBlinkRight", [38, 37], [40, 41])):
        open_, closed = (act(**{name: strength})[mesh.landmarks] for strength in (0., 1.))
        assert (open_[upper, 1] - open_[lower, 1]).min() > 5.
        assert (closed[upper, 1] - closed[lower, 1]).max() < .5
        assert np.abs(closed - open_)[:17].max() == 0.


def test_the_jaw_opens_the_mouth_takes_the_lower_teeth_and_leaves_the_eyes_and_brows(act, mesh, published):
    opened = act(jawOpen=1.)
    point = opened[mesh.landmarks]
    assert 20. < point[62, 1] - point[66, 1] < 50.
    moved = np.linalg.norm(opened - published, axis=1)
    assert moved[mesh.parts["lower_teeth"]].min() > 5. and moved[mesh.parts["upper_teeth"]].max() == 0.
    assert moved[mesh.landmarks[17:28]].max() < .2 and moved[mesh.landmarks[28:31]].max() < 2.
    closed = act(jawOpen=1., mouthClose=1.)[mesh.landmarks]
    assert abs(closed[62, 1] - closed[66, 1]) < 2.


@pytest.mark.parametrize("look, axis, sign", [("In", 1, -1.), ("Out", 1, 1.), ("Up", 0, -1.), ("Down", 0, 1.)])
@pytest.mark.parametrize("side", ["Left", "Right"])
def test_gaze_turns_eyeballs_as_wholes(act, mesh, published, side, look, axis, sign):
    """By 9 degrees and more, the left eye outward to +x; the other eye stays."""
    looking = act(**{f"eyeLook{look}{side}": 1.})
    eye, other = (mesh.parts[f"{which}_eye"] for which in ((side.lower(), "right" if side == "Left" else "left")))
    turn = from_points(published[eye], looking[eye])
    assert turn.scale == pytest.approx(1., abs=.01)
    assert np.linalg.norm(turn.apply(published[eye]) - looking[eye], axis=1).max() < .25
    angles = np.degrees(Rotation.from_matrix(turn.rotation).as_rotvec())
    expected = sign if axis == 0 or side == "Left" else -sign
    assert 9. < expected * angles[axis] < 25. and np.abs(np.delete(angles, axis)).max() < 2.
    np.testing.assert_array_equal(looking[other], published[other])


def test_acts_are_the_same_again_with_the_same_generator(units, head, acts):
    again, other = (expressions.draw(units, head.vertices, 3, np.random.default_rng(seed)) for seed in (0, 1))
    np.testing.assert_array_equal(again, acts[:3])
    assert np.abs(other - acts[:3]).max() > 1.


def test_acts_span_more_than_the_units(units, acts):
    """Those of 51 units alone would have rank 51."""
    values = np.linalg.svd(acts.reshape(len(acts), -1), compute_uv=False)
    assert (values > 1e-3 * values[0]).sum() > 100
    assert np.abs(acts).max(axis=(1, 2)).min() > .5 and np.abs(acts).max() < 60.


def test_acts_are_much_like_sums_of_the_units(units, acts):
    basis = np.stack([unit.ravel() for unit in units.values()], 1)
    flat = acts.reshape(len(acts), -1).T
    rest = flat - basis @ np.linalg.lstsq(basis, flat, rcond=None)[0]
    assert .05 < np.linalg.norm(rest) / np.linalg.norm(flat) < .5


def test_both_eyes_look_the_same_way(acts, mesh, published):
    angles = []
    for vertices in acts[:40]:
        moved = published + mesh.matrix @ vertices
        turns = [from_points(published[eye], moved[eye]).rotation for eye in (mesh.parts["left_eye"], mesh.parts["right_eye"])]
        angles.append([np.degrees(Rotation.from_matrix(turn).as_rotvec()[:2]) for turn in turns])
    left, right = np.moveaxis(angles, 1, 0)
    np.testing.assert_allclose(left, right, atol=1.)
    assert left.std(0).min() > 1.


def test_strengths_never_pull_both_ways():
    random, names = np.random.default_rng(0), [name for name in blendshapes.ARKIT if name != "tongueOut"]
    drawn = [expressions._strengths(names, random) for _ in range(400)]
    for strengths in drawn:
        assert set(strengths) < set(names) and expressions.CORRECTIVE not in strengths
        assert max(strengths.values()) <= expressions.STRONGEST
        for one, other in (("jawLeft", "jawRight"), ("mouthLeft", "mouthRight"), ("eyeLookUpLeft", "eyeLookDownLeft"),
                           ("eyeLookInRight", "eyeLookOutRight")):
            assert not {one, other} <= set(strengths)
        for name in strengths:  # what one side does the other does too, but for looks and what goes to a side
            if name.endswith("Left") and not name.startswith(("eyeLook", "jaw", "mouthLeft")):
                assert name.replace("Left", "Right") in strengths
    expected = dict(jawOpen=.35, cheekPuff=.15, mouthSmileRight=.35, jawRight=.075)
    assert {name: np.mean([name in strengths for strengths in drawn]) for name in expected} == pytest.approx(expected, abs=.06)
    assert min(min(strengths.values()) for strengths in drawn) > -.25
