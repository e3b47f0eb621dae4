"""Scans drawn from a morphable model, and photos of them."""
import numpy as np
import pytest

from morph3d.evaluation.geometry import synthetic_scans
from morph3d.morphable import landmarks


@pytest.fixture(scope="module")
def people(tiny_model):
    return synthetic_scans.subjects(tiny_model, 3, seed=4, photos=2)


def pictures(subject):
    return list(subject.photos[synthetic_scans.CONDITION]())


def test_the_scan_is_a_neutral_face_of_the_model_with_its_landmarks(people, tiny_model):
    scan = people[0].scan()
    offset = (scan.mesh.vertices - tiny_model.mean_vertices.numpy()).ravel()
    basis = tiny_model.shape_basis.numpy()
    inside = basis.T @ np.linalg.lstsq(basis.T, offset, rcond=None)[0]
    np.testing.assert_allclose(offset, inside, atol=1e-3)  # no expression
    assert list(scan.landmarks) == list(landmarks.NAMES)
    np.testing.assert_array_equal(np.stack(list(scan.landmarks.values())), scan.mesh.vertices[tiny_model.landmarks.numpy()])


def test_photos_are_of_different_scenes(people):
    first, second = pictures(people[0])
    assert first.shape == (250, 250, 3) and first.dtype == np.uint8
    assert np.abs(np.int32(first) - second).mean() > 3.


def test_neutral_people_are_in_the_same_scenes_and_make_no_expression(people, tiny_model, monkeypatch):
    still, = synthetic_scans.subjects(tiny_model, 1, seed=4, photos=2, neutral=True)
    np.testing.assert_array_equal(still.scan().mesh.vertices, people[0].scan().mesh.vertices)
    shown = []
    monkeypatch.setattr(synthetic_scans.fake_photographs, "photograph",
                        lambda model, face, seed: shown.append(face) or np.zeros([1, 9, 9, 3]))
    for person in still, people[0]:
        pictures(person)
    for with_none, with_one in zip(shown[:2], shown[2:], strict=True):
        assert with_none.coefficients.expression is None and np.abs(with_one.coefficients.expression).max() > 0.
        np.testing.assert_array_equal(with_none.coefficients.shape, with_one.coefficients.shape)
        np.testing.assert_array_equal(with_none.scene.pose.rotation, with_one.scene.pose.rotation)


def test_people_differ_and_are_the_same_for_the_same_seed(people, tiny_model):
    assert [person.name for person in people] == ["0000", "0001", "0002"]
    assert (people[0].scan().mesh.vertices != people[1].scan().mesh.vertices).any()
    again, = synthetic_scans.subjects(tiny_model, 1, seed=4, photos=2)
    np.testing.assert_array_equal(again.scan().mesh.vertices, people[0].scan().mesh.vertices)
    np.testing.assert_array_equal(pictures(again), pictures(people[0]))
    other, = synthetic_scans.subjects(tiny_model, 1, seed=5)
    assert (other.scan().mesh.vertices != people[0].scan().mesh.vertices).any()
