"""The protocols: zero for the truth, the same in any pose and size, the figures recomputed by brute force."""
import dataclasses

import hypothesis
import numpy as np
import pytest
from hypothesis import strategies as st
from scipy.spatial.distance import cdist

from morph3d.evaluation.geometry import protocols, scan_landmarks
from morph3d.mesh.mesh import Mesh
from morph3d.mesh.surface import Surface
from morph3d.morphable.landmarks import NAMES
from tests import heads

FIVE = ("right.eye.corner_outer", "left.eye.corner_outer", "center.nose.tip", "right.lips.corner", "left.lips.corner")
REGIONS = {"nose", "mouth", "forehead", "cheeks"}


def all_of(scan, face):
    """{protocol or region: Measured}."""
    return {name: getattr(protocols, name)(scan, face) for name in ("micc", "deng", "now")} | protocols.regions(scan, face)


def errors(scan, face):
    return np.array([measured.error for measured in all_of(scan, face).values()])


@pytest.fixture(scope="module")
def truth():
    return heads.face(1)


@pytest.fixture(scope="module")
def other():
    return heads.face(2)


@pytest.fixture(scope="module")
def other_errors(truth, other):
    return errors(heads.scan(truth), other)


def test_the_truth_has_no_error_wherever_it_lies(truth):
    true = heads.random_similarity(np.random.default_rng(0), 150., 3., 500.)
    for name, measured in all_of(heads.scan(truth), heads.moved(truth, true)).items():
        assert measured.error < 1e-4, name
        assert measured.similarity.scale == pytest.approx(1. / true.scale, rel=1e-6)


def test_figures_of_another_face_are_of_its_size(other_errors):
    assert (other_errors > .1).all() and (other_errors < 5.).all()


@hypothesis.given(seed=st.integers(0, 9999))
@hypothesis.settings(max_examples=3)
def test_the_pose_of_both_and_the_size_of_the_face_do_not_matter(truth, other, other_errors, seed):
    random = np.random.default_rng(seed)
    face = heads.moved(other, heads.random_similarity(random, random.uniform(0., 180.), 2., 100.))
    scan = heads.scan(heads.moved(truth, heads.random_similarity(random, random.uniform(0., 180.), 1., 100.)))
    np.testing.assert_allclose(errors(scan, face), other_errors, rtol=5e-3)


@pytest.mark.slow
@pytest.mark.parametrize("density, face_density, turned", [(6, 5, False), (5, 6, False), (5, 4, False), (5, 5, True)])
def test_both_may_be_meshed_otherwise(density, face_density, turned):
    """Four times as dense or as coarse. Little holds a nose that is laid alone."""
    turn = heads.random_similarity(np.random.default_rng(3), 31.).rotation if turned else None
    first = all_of(heads.scan(heads.face(1, 5)), heads.face(2, 5))
    second = all_of(heads.scan(heads.face(1, density, turn)), heads.face(2, face_density))
    for name in first:
        assert second[name].error == pytest.approx(first[name].error, rel=.06 if name in REGIONS else .02), name


def test_the_scan_may_be_wound_otherwise(truth, other, other_errors):
    scan = heads.scan(truth)
    turned = dataclasses.replace(scan, mesh=Mesh(scan.mesh.vertices, scan.mesh.triangles[:, ::-1]))
    np.testing.assert_allclose(errors(turned, other), other_errors, rtol=1e-6)


def test_inner_sides_of_a_face_do_not_matter(truth, other, other_errors):
    """A second skin 9 mm behind the first one."""
    inner = other.vertices + 9. * (heads.CENTER - other.vertices) / np.linalg.norm(heads.CENTER - other.vertices, axis=1)[:, None]
    double = heads.Head(vertices=np.concatenate([inner, other.vertices]), landmarks=other.landmarks,
                        triangles=np.concatenate([other.triangles, other.triangles + len(inner)]))
    got = all_of(heads.scan(truth), double)
    np.testing.assert_allclose([got[name].error for name in ("micc", "deng")], other_errors[:2], rtol=1e-3)


def test_micc_is_the_symmetric_distance_to_tangent_planes(truth, other):
    """Over all pairs of vertices; both heads are seen as a whole from in front."""
    got = protocols.micc(heads.scan(truth), other)
    tip = truth.landmarks[30]
    scan, numbers = Surface(np.float32(truth.vertices), truth.triangles).part(np.linalg.norm(truth.vertices - tip, axis=1) < 95.)
    near = np.linalg.norm(got.similarity.apply(other.vertices) - tip, axis=1) < 125.
    face, _ = Surface(got.similarity.apply(other.vertices), other.triangles).part(near)

    def mean_from_planes(surface, points):
        nearest = cdist(points, surface.vertices).argmin(1)
        apart = np.abs(((points - surface.vertices[nearest]) * surface.normals[nearest]).sum(1))
        return apart[~surface.border[nearest]].mean()
    expected = (mean_from_planes(scan, face.vertices) + mean_from_planes(face, scan.vertices)) / 2.
    assert got.error == pytest.approx(expected, rel=1e-4)
    assert set(np.flatnonzero(np.isfinite(got.distances))) <= set(numbers)


def test_only_what_is_near_the_nose_is_compared(truth, other):
    scan = dataclasses.replace(heads.scan(truth), radius=60.)
    apart = np.linalg.norm(truth.vertices - truth.landmarks[30], axis=1)
    for protocol in protocols.micc, protocols.deng:
        compared = apart[np.isfinite(protocol(scan, other).distances)]
        assert 55. < compared.max() <= 60.01


def test_deng_leaves_the_forehead_out_and_is_a_root_mean_square(truth, other):
    got, whole = protocols.deng(heads.scan(truth), other), protocols.micc(heads.scan(truth), other)
    assert got.error == pytest.approx(np.sqrt(np.nanmean(got.distances**2)))
    left_out = np.isfinite(whole.distances) & ~np.isfinite(got.distances)
    assert truth.vertices[left_out][:, 1].min() > 10. and left_out.sum() > 20


def test_now_crops_by_its_landmarks_and_takes_the_median(truth, other):
    got = protocols.now(heads.scan(truth), other)
    points = truth.landmarks
    up = (points[39] + points[42]) / 2. - points[33]
    radius = .7 * (np.linalg.norm(points[36] - points[45]) + np.linalg.norm(up))
    inside = np.linalg.norm(truth.vertices - (points[33] + .3 * up), axis=1) < radius - .01
    compared = np.isfinite(got.distances)
    assert not (compared & ~inside).any() and compared.sum() > .98 * inside.sum()
    assert got.error == pytest.approx(np.nanmedian(got.distances))


def test_regions_keep_the_size_that_the_whole_has(truth, other):
    whole = protocols.micc(heads.scan(truth), other).similarity
    for region in protocols.regions(heads.scan(truth), other).values():
        assert region.similarity.scale == pytest.approx(whole.scale, rel=1e-9)
        assert np.abs(region.similarity.rotation - whole.rotation).max() > 1e-4


def test_regions_are_apart_and_find_where_a_face_is_wrong(truth):
    got = protocols.regions(heads.scan(truth), heads.face(1, nose=.6))
    assert set(got) == REGIONS
    assert (np.sum([np.isfinite(measured.distances) for measured in got.values()], 0) <= 1).all()
    assert got["nose"].error > 2. * max(got[name].error for name in REGIONS - {"nose"})


def test_few_landmarks_are_enough(truth, other, other_errors):
    np.testing.assert_allclose(errors(heads.scan(truth, FIVE), other)[0], other_errors[0], rtol=.02)
    without_tip = heads.scan(truth, [name for name in FIVE if name != "center.nose.tip"])
    tip, = scan_landmarks.find(without_tip, ["center.nose.tip"])
    assert np.linalg.norm(tip - truth.landmarks[30]) < 12.


@pytest.mark.parametrize("names, message", [
    (FIVE[:2], r"someone: found 2 landmarks \(left.eye.corner_outer, right.eye.corner_outer\), expected three or more"),
    ((), r"someone: found 0 landmarks \(none\)"),
    (("center.nose.root", "center.nose.bridge_upper"), "someone: found 2 landmarks")])
@pytest.mark.parametrize("protocol", [protocols.micc, protocols.deng, protocols.now, protocols.regions])
def test_too_few_landmarks(truth, protocol, names, message):
    with pytest.raises(ValueError, match=message):
        protocol(heads.scan(truth, names), truth)


def test_landmarks_away_from_the_mesh(truth):
    scan = heads.scan(truth)
    away = dataclasses.replace(scan, landmarks={name: place + 1000. for name, place in scan.landmarks.items()})
    with pytest.raises(ValueError, match="someone: found no surface within 95 mm of .* both in mm"):
        protocols.micc(away, truth)


@pytest.mark.parametrize("landmarks, message", [
    ({"center.nose.tipp": np.zeros(3)}, "similar are center.nose.tip"),
    ({"center.nose.tip": np.zeros(2)}, r"someone: the landmark center.nose.tip must be three finite numbers, found \[0.0, 0.0\]"),
    ({"left.eye.center": [0., np.nan, 0.]}, "left.eye.center must be three finite numbers")])
def test_a_scan_with_bad_landmarks_is_refused(truth, landmarks, message):
    with pytest.raises(ValueError, match=message):
        dataclasses.replace(heads.scan(truth), landmarks=landmarks)


def test_eye_centers_are_the_means_of_six_points(truth):
    got, = scan_landmarks.of_face(truth.landmarks, ["left.eye.center"])
    np.testing.assert_allclose(got, truth.landmarks[42:48].mean(0))
    assert set(scan_landmarks.NAMES) == set(NAMES)
