"""The human head of the package: what its file holds, and that files are read as they are written."""
import numpy as np
import pytest
from scipy.spatial import cKDTree

from morph3d.morphable import blendshapes
from morph3d.morphable.embedded import human_head
from morph3d.morphable.embedded.human_head import HumanHead


@pytest.fixture
def read_again(tmp_path, monkeypatch):
    """A function that writes a head to another file and reads that."""
    monkeypatch.setattr(human_head, "PATH", tmp_path / "head.npz.xz")

    def through_the_file(head):
        human_head.write(head)
        return human_head.read.__wrapped__()

    return through_the_file


def same(first, second):
    for name, one, other in zip(HumanHead._fields, first, second, strict=True):
        if isinstance(one, dict):
            assert list(one) == list(other), name
            for key in one:
                pairs = zip(one[key], other[key], strict=True) if name == "targets" else [(one[key], other[key])]
                for array, twin in pairs:
                    np.testing.assert_allclose(array, twin, rtol=0., atol=1e-12, err_msg=f"{name} {key}")
        else:
            np.testing.assert_allclose(one, other, rtol=0., atol=1e-12, err_msg=name)


def test_the_head_survives_its_file(head, read_again):
    same(head, read_again(head))


def test_a_small_head_is_read_as_it_was_written(read_again):
    small = HumanHead(
        vertices=np.array([[0., -2.34, 700.01], [1., 0., 0.], [1., 1., 0.], [0., 1., -.5], [9., 9., 9.]]),
        quads=np.array([[0, 1, 2, 3]]),
        uvs=np.array([[0., 0.], [1., 0.], [1., 1.], [0., 1.]]), uv_quads=np.array([[3, 0, 1, 2]]),
        numbers=np.array([5, 15127, 7, 8, 9]),
        parts={"head": np.array([True]), "neck": np.array([False])}, masks={"lips": np.array([0., 1., .2, .6, 0.])},
        targets={"nose/nose-up": (np.array([4, 0]), np.array([[.1, -12.3, 0.], [0., 0., 175.]])),
                 "faceunits/jawOpen": (np.array([2]), np.array([[.5, .5, -.5]]))})
    found = read_again(small)
    same(small, found)
    expected = np.zeros([2, 5, 3])
    expected[0, 2] = .5, .5, -.5
    expected[1, 4], expected[1, 0] = (.1, -12.3, 0.), (0., 0., 175.)
    np.testing.assert_allclose(found.dense(["faceunits/jawOpen", "nose/nose-up"]), expected, atol=1e-12)


def test_a_head_that_cannot_be_written_leaves_nothing(head, read_again, tmp_path):
    with pytest.raises(AttributeError):
        read_again(head._replace(targets=None))
    assert not list(tmp_path.iterdir())


def test_sizes_and_numbers(head):
    assert head.vertices.shape == (4052, 3) and head.quads.shape == head.uv_quads.shape == (3954, 4)
    for quads, count in ((head.quads, len(head.vertices)), (head.uv_quads, len(head.uvs))):
        np.testing.assert_array_equal(np.unique(quads), np.arange(count))  # no vertex without a quad
    assert 0. <= head.uvs.min() and head.uvs.max() <= 1.
    assert len(set(head.numbers)) == len(head.numbers) and head.numbers.max() < 19158  # of MakeHuman's base mesh
    assert human_head.PATH.stat().st_size < 500_000


def test_each_quad_is_of_one_part(head):
    assert list(head.parts) == "head mouth right_socket left_socket neck left_eye right_eye lower_teeth upper_teeth".split()
    np.testing.assert_array_equal(np.sum(list(head.parts.values()), axis=0), 1)
    assert set(head.masks) == {"lips", "ears", "eyelids"}
    for mask in head.masks.values():
        assert mask.min() == 0. and mask.max() > .99
    middle = {name: head.vertices[head.quads[part]].mean((0, 1)) for name, part in head.parts.items()}
    assert middle["left_eye"][0] > 25. and middle["right_eye"][0] < -25. and middle["left_socket"][0] > 25.
    assert middle["neck"][1] < middle["lower_teeth"][1] < middle["upper_teeth"][1] < middle["left_eye"][1]


def test_the_head_is_the_same_on_both_sides(head):
    distance, twin = cKDTree(head.vertices).query(head.vertices * [-1., 1., 1.])
    assert distance.max() == 0.
    quads = {frozenset(quad) for quad in head.quads.tolist()}
    assert {frozenset(quad) for quad in twin[head.quads].tolist()} == quads
    for name, mask in head.masks.items():
        assert np.abs(mask - mask[twin]).mean() < .02, name  # from painted pictures


def test_face_units_are_arkits_but_for_the_tongue(head):
    units = [name.partition("/")[2] for name in head.targets if name.startswith("faceunits/")]
    assert len(units) == 51 and set(units) == set(blendshapes.ARKIT) - {"tongueOut"}


def test_targets_move_vertices_of_the_head(head):
    for name, (moved, displacements) in head.targets.items():
        assert len(moved) == len(displacements) == len(set(moved)) > 0, name
        assert 0 <= moved.min() and moved.max() < len(head.vertices), name
        assert 0. < np.abs(displacements).max() < 500., name
    lids = head.dense(["faceunits/eyeBlinkLeft"])[0]
    farthest, eye = head.vertices[lids[:, 1].argmin()], head.vertices[head.quads[head.parts["left_eye"]]].mean((0, 1))
    assert lids.min() < -5. and np.linalg.norm((farthest - eye)[:2]) < 15.
