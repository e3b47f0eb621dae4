"""The best fit of a model's own modes to a scan."""
import dataclasses

import numpy as np
import pytest
import trimesh
from scipy.spatial.transform import Rotation

from morph3d.evaluation.geometry import model_fit, protocols
from morph3d.evaluation.geometry.scans import Scan
from morph3d.mesh.mesh import Mesh
from morph3d.mesh.registration import Similarity
from morph3d.morphable import landmarks
from morph3d.morphable.coefficients import Coefficients

SHAPE = np.array([1.2, -.8, .5, 1.5, -1., .3, 0., .9, -.4, 1.1, -1.6, .2])


@pytest.fixture(scope="module")
def modes(small_embedded):
    """Those of a head: on the tiny model's ellipsoid everything slides."""
    mean, basis, triangles, points = (array.numpy() for array in (
        small_embedded.mean_vertices, small_embedded.shape_basis, small_embedded.triangles, small_embedded.landmarks))
    return model_fit.Modes(mean, basis.astype(np.float32).reshape(len(SHAPE), -1, 3), triangles, points)


def fit(modes, scan):
    return model_fit.fit(modes, scan, modes.face(0. * SHAPE))


def scan_of(vertices, triangles, points, similarity=None, count=5):
    similarity = similarity or Similarity(1., np.eye(3), np.zeros(3))
    names = dict(zip(landmarks.NAMES, similarity.apply(points), strict=True))
    chosen = ("center.nose.tip", "right.eye.corner_outer", "left.eye.corner_outer", "right.lips.corner", "left.lips.corner")[:count]
    return Scan("head", Mesh(similarity.apply(vertices), triangles), {name: names[name] for name in chosen})


def test_modes_are_those_of_the_model(tiny_reconstructor, tiny_model):
    modes, shape = model_fit.modes_of(tiny_reconstructor), np.float32([1.2, -.8, .5, 1.5])
    np.testing.assert_allclose(modes.mean, tiny_model.mean_vertices, atol=1e-4)
    np.testing.assert_allclose(modes.modes.reshape(4, -1), tiny_model.shape_basis, atol=1e-4)
    vertices, _ = tiny_model.instance(Coefficients(shape[None], np.zeros([1, 3], np.float32)))
    face = modes.face(shape)
    np.testing.assert_allclose(face.vertices, vertices[0], atol=1e-4)
    np.testing.assert_array_equal(face.landmarks, face.vertices[tiny_model.landmarks.numpy()])


def test_a_face_of_the_model_is_found_again_wherever_it_is(modes):
    """Finer by subdivision, so that its vertices are others."""
    true = modes.face(SHAPE)
    fine = trimesh.Trimesh(true.vertices, true.triangles, process=False).subdivide()
    where = Similarity(1.15, Rotation.from_rotvec([.3, -.4, .2]).as_matrix(), np.array([30., -20., 50.]))
    scan = scan_of(fine.vertices, fine.faces, true.landmarks, where)
    found, mean = fit(modes, scan), modes.face(0. * SHAPE)
    errors = [protocols.micc(scan, face).error for face in (found, mean)]
    assert errors[0] < .1 * errors[1]
    assert np.corrcoef(found.shape, SHAPE)[0, 1] > .98


def test_what_no_mode_can_reach_stays(modes):
    """A face far from the model: the fit is nearer than the mean, and its coefficients stay those of a person."""
    true = modes.face(SHAPE)
    dents = 1. + .03 * np.sin(true.vertices / 9.).prod(1, keepdims=True)
    scan = scan_of(dents * true.vertices, true.triangles, true.landmarks)
    found = fit(modes, scan)
    assert protocols.micc(scan, found).error < protocols.micc(scan, modes.face(0. * SHAPE)).error
    assert np.abs(found.shape).max() < 4.


@pytest.mark.slow
def test_holes_do_little_harm(modes):
    """To the surface; its size, which the first modes know and a fit has free, is told less well."""
    true = modes.face(SHAPE)
    kept = np.random.default_rng(0).uniform(size=len(true.triangles)) > .1
    whole, torn = (scan_of(true.vertices, triangles, true.landmarks) for triangles in (true.triangles, true.triangles[kept]))
    errors = [protocols.micc(whole, face).error for face in (modes.face(0. * SHAPE), fit(modes, whole), fit(modes, torn))]
    assert errors[1] < .03 * errors[0] and errors[2] < .2 * errors[0]


def test_the_same_scan_gives_the_same_fit(modes):
    true = modes.face(SHAPE)
    scan = scan_of(true.vertices, true.triangles, true.landmarks)
    np.testing.assert_array_equal(fit(modes, scan).shape, fit(modes, scan).shape)


def test_too_few_landmarks_are_told(modes):
    true = modes.face(SHAPE)
    scan = scan_of(true.vertices, true.triangles, true.landmarks, count=2)
    with pytest.raises(ValueError, match="head: found 2 landmarks .* expected three or more"):
        fit(modes, scan)


def test_a_scan_that_lies_elsewhere_is_told(modes):
    true = modes.face(SHAPE)
    scan = scan_of(true.vertices, true.triangles, true.landmarks)
    away = dataclasses.replace(scan, mesh=Mesh(scan.mesh.vertices + np.float32([0., 0., 9000.]), scan.mesh.triangles))
    with pytest.raises(ValueError, match="head: found no surface within 95 mm"):
        fit(modes, away)
