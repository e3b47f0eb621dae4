"""Relief: smooth, mostly the same on both sides, strongest on the face, and kind to eyes."""
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial import cKDTree
from scipy.spatial.distance import cdist

from morph3d.morphable.embedded import relief
from morph3d.morphable.embedded.relief import Relief, centers_of


@pytest.fixture(scope="module")
def centered(head, mesh):
    """[C, 3] mm of a cage with the pupils at y = 0 and the ears at z = 0."""
    cage = 1.06 * head.vertices
    eyes = np.unique(head.quads[head.parts["left_eye"] | head.parts["right_eye"]])
    ears = mesh.matrix @ cage
    return cage - [0., cage[eyes, 1].mean(), ears[mesh.masks["ears"] > .5, 2].mean()]


@pytest.fixture(scope="module")
def eyeballs(head):
    return np.stack([np.isin(np.arange(len(head.vertices)), head.quads[head.parts[name]]) for name in ("right_eye", "left_eye")])


@pytest.fixture(scope="module")
def fields(centered, eyeballs):
    """[60, C, 3] mm."""
    bumps, random = Relief(centered, eyeballs), np.random.default_rng(0)
    return np.stack([bumps(random) for _ in range(60)])


def test_eyeballs_move_as_wholes(fields, eyeballs):
    for eyeball in eyeballs:
        moved = fields[:, eyeball]
        np.testing.assert_allclose(moved, np.broadcast_to(moved[:, :1], moved.shape), atol=1e-5)
        assert .1 < moved[:, 0].std() < 2.


def test_lids_stay_with_their_eyeballs(fields, head, eyeballs):
    """Only what is broad moves there: lids and eyeball move nearly alike."""
    for eyeball, part in zip(eyeballs, ("right_socket", "left_socket"), strict=True):
        lids = np.unique(head.quads[head.parts[part]])
        apart = fields[:, lids] - fields[:, eyeball].mean(1, keepdims=True)
        assert np.sqrt((apart**2).mean()) < .4 * np.sqrt((fields[:, lids]**2).mean())


def test_sides_are_mostly_alike(fields, centered):
    twin = cKDTree(centered).query(centered * [-1., 1., 1.])[1]
    mirrored = fields[:, twin] * [-1., 1., 1.]
    uneven = np.std(fields - mirrored) / np.std(fields + mirrored)
    assert .2 < uneven < .4


def test_amplitudes_on_the_face_and_none_behind(fields, centered):
    deviation = fields.std(0) / (np.sqrt(sum(scale[2]**2 for scale in relief.SCALES)) * np.array(relief.DIRECTIONS))
    cheeks = (np.linalg.norm(centered - relief.FACE, axis=1) < 50.) & (np.abs(centered[:, 0]) > 25.) & (centered[:, 1] < -25.)
    assert .7 < deviation.max() < 1.3 and .4 < deviation[cheeks].mean() < .9
    far = np.linalg.norm(centered - relief.FACE, axis=1) > relief.REACH
    assert far.sum() > 500 and not fields[:, far].any()


def test_relief_is_smooth(fields, head):
    """Neighbors on the cage differ by less than a tenth of a millimeter for each of their distance."""
    skin = head.quads[head.parts["head"]]
    steps = fields[:, skin] - fields[:, np.roll(skin, 1, 1)]
    apart = np.linalg.norm(head.vertices[skin] - head.vertices[np.roll(skin, 1, 1)], axis=-1)
    assert np.sqrt((steps**2).sum(-1).mean() / (apart**2).mean()) < .2


def test_the_generator_decides(centered, eyeballs):
    bumps = Relief(centered, eyeballs)
    first, again, other = (bumps(np.random.default_rng(seed)) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert np.abs(first - other).max() > 1.


@given(st.integers(0, 2**32 - 1), st.integers(1, 60), st.floats(.2, 3.))
@settings(max_examples=40)
def test_centers_are_apart_and_everywhere(seed, count, spacing):
    points = np.random.default_rng(seed).normal(size=(count, 3))
    centers = centers_of(points, spacing)
    assert cdist(points, centers).min(1).max() <= spacing
    apart = cdist(centers, centers)
    assert len(centers) == 1 or apart[~np.eye(len(centers), dtype=bool)].min() > spacing
