import numpy as np
import pytest

from morph3d.evaluation.fitting import tables
from morph3d.evaluation.fitting.geometry import Distances
from morph3d.evaluation.fitting.photos import Likeness
from morph3d.evaluation.fitting.synthetic import Errors


def test_ratios_and_shares_of_synthetic_faces():
    errors = [Errors(rotation, landmarks, 1., 4., 1., 2., 4., 2., 5.) for rotation, landmarks in
              [(1., 1.), (2., 1.), (1.5, 1.), (.5, 2.)]]
    report = tables.of_synthetic(errors, {3: "no face found"})
    summary = report.summary
    assert (summary["faces"], summary["left_out"]) == (4, 1)
    assert summary["rotation_near"].value == summary["landmarks_near"].value == .75
    assert [summary[f"{name}_ratio"] for name in ("expression", "shape", "network_shape", "tone")] == [.25, .25, .5, .4]
    assert "4 faces; 1 left out" in str(report)


def test_photos_without_a_judge_have_no_cosine():
    skin = np.zeros([3, 3])
    found = [Likeness("a.jpg", "a", .04, None, None, skin), Likeness("b.jpg", "", .06, None, None, skin)]
    summary = tables.of_photos(found, {}).summary
    assert summary["difference"].value == pytest.approx(.05) and not {"textured", "skin_fitted"} & set(summary)


def test_skin_is_compared_with_the_persons_other_photos():
    def photo(person, lightness, network, fitted):
        return Likeness("", person, .05, None, None, np.array([[lightness, 10., 20.], [network, 10., 20.], [fitted, 13., 24.]]))

    found = [photo("a", 60., 61., 55.), photo("a", 62., 65., 50.), photo("a", 70., 66., 61.),
             photo("b", 1., 2., 3.), photo("", 1., 2., 3.)]
    summary = tables.of_photos(found, {}).summary
    others = np.array([66., 65., 61.])
    assert summary["skin_network"].value == pytest.approx(np.abs([61., 65., 66.] - others).mean())
    assert summary["lightness_fitted"].value == pytest.approx(([55., 50., 61.] - others).mean())
    assert summary["skin_fitted"].value == pytest.approx(np.hypot([55., 50., 61.] - others, 5.).mean())
    assert summary["skin_fitted"].count == 1


def test_distances_are_told_as_shares_of_the_mean_faces():
    found = [Distances("a", 2., 1.8, 1.5), Distances("b", 2., 2., 1.5)]
    summary = tables.of_geometry(found, {}).summary
    assert summary["network_ratio"] == pytest.approx(.95) and summary["fitted_ratio"] == .75
    assert summary["fitted_less_network"].value == pytest.approx(-.4)
