"""Neutral faces of fitted photos against scans: of a fitter that knows the person, and of one that does nothing."""
import dataclasses

import numpy as np
import pytest

from morph3d.evaluation.fitting import geometry
from morph3d.evaluation.geometry import protocols, synthetic_scans


@pytest.fixture(scope="module")
def subjects(small_embedded):
    return synthetic_scans.subjects(small_embedded, 2, seed=1)


def test_a_fitter_that_knows_the_person_has_no_distance_and_one_that_does_nothing_the_networks(subjects, fitter_that, reader):
    def knowing(face, subject):
        vertices = subject.scan().mesh.vertices
        return dataclasses.replace(face, vertices=vertices, landmarks=vertices[fitter.model.landmarks])

    fitter, own, found = fitter_that(lambda photo, face: None), subjects[0], []
    for neutral in (lambda face, _: knowing(face, own)), lambda face, _: face:
        fitter.neutral = neutral
        (distances,), left_out = geometry.measure(fitter, reader, [own])
        assert not left_out and distances.subject == "0000"
        found.append(distances)
    right, idle = found
    assert right.fitted < .01 and right.network > .1 and idle.fitted == idle.network == right.network
    assert right.mean_face == pytest.approx(protocols.micc(own.scan(), reader.mean_face).error)


def test_photos_that_cannot_be_fitted_are_left_out_and_told(subjects, fitter_that, reader):
    def solve(photo, face):
        tried.append(photo)
        if len(tried) == 1:
            raise ValueError("a profile")

    fitter, tried = fitter_that(solve), []
    fitter.neutral = lambda face, fit: face
    wall = {"wall": lambda: [np.full([200, 200, 3], 90, np.uint8)]}
    distances, left_out = geometry.measure(fitter, reader, [subjects[0], subjects[1]._replace(photos=subjects[1].photos | wall)])
    assert [each.subject for each in distances] == ["0001"]
    assert left_out["0000, random scenes, 0"] == "a profile" and "no face found" in left_out["0001, wall, 0"]
    tried.clear()
    with pytest.raises(ValueError, match="nobody could be measured: 0000, random scenes, 0: a profile"):
        geometry.measure(fitter, reader, subjects[:1])
