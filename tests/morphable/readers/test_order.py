"""Landmarks of a face pass, wherever it is; those of vertices in another order do not."""
import numpy as np
import pytest

from morph3d.morphable.landmarks import AVERAGE_FACE
from morph3d.morphable.readers import order
from tests import heads

EYES = [AVERAGE_FACE[eye].mean(0) + [[0., 0., -12.], [0., 0., 0.]] for eye in (slice(36, 42), slice(42, 48))]


@pytest.mark.parametrize("seed", range(3))
def test_no_similarity_of_the_average_face_misfits(seed):
    similarity = heads.random_similarity(np.random.default_rng(seed), 120., 1.2, 500.)
    np.testing.assert_allclose(order.misfits(similarity.apply(AVERAGE_FACE)), 0., atol=1e-6)
    order.check("a.bin", similarity.apply(AVERAGE_FACE), [similarity.apply(eye) for eye in EYES[::-1]], "")


@pytest.mark.parametrize("point, shift, refused", [(51, 17., True), (51, 12., False), (3, 45., False), (3, 55., True)])
def test_the_jaw_may_be_further_off_than_the_rest(point, shift, refused):
    points = AVERAGE_FACE.copy()
    points[point, 2] -= shift
    if not refused:
        return order.check("a.bin", points, EYES, "b")
    with pytest.raises(ValueError, match=r"a.bin: found landmarks or eyeballs up to [15]\d mm from where a face has them, .*; b"):
        order.check("a.bin", points, EYES, "b")


def test_eyeballs_elsewhere_and_another_unit_are_refused():
    with pytest.raises(ValueError, match="a.bin: found landmarks or eyeballs up to 3. mm from"):
        order.check("a.bin", AVERAGE_FACE, [EYES[0], EYES[1] + [0., 0., -30.]], "b")
    with pytest.raises(ValueError, match="a.bin: found outer eye corners 0.09 apart"):
        order.check("a.bin", AVERAGE_FACE / 1e3, (), "b")
    points = np.roll(AVERAGE_FACE, 1, 0)
    points[[36, 45]] = AVERAGE_FACE[[36, 45]]
    with pytest.raises(ValueError, match="a.bin: found landmarks up to"):
        order.check("a.bin", points, (), "b")


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_eyes_that_are_nowhere_are_no_matter_of_units(value):
    points = AVERAGE_FACE.copy()
    points[[36, 45], 1] = value
    with pytest.raises(ValueError, match="a.bin: found outer eye corners that are not finite, expected .*; get the file again"):
        order.check("a.bin", points, (), "b")
