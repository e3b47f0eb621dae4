"""The measurement of geometry: what is compared with what, what is left out, and the tables."""
import json

import numpy as np
import pytest
import skimage.data

from morph3d.evaluation import statistics
from morph3d.evaluation.geometry import measurement, protocols, published, tables
from morph3d.evaluation.geometry.measurement import AVERAGED, BEST_FIT, KINDS, MEAN_FACE, SINGLE, Figure
from morph3d.evaluation.geometry.scans import Scan
from morph3d.evaluation.geometry.subjects import Subject
from morph3d.mesh.mesh import Mesh
from morph3d.morphable import landmarks
from morph3d.morphable.coefficients import sample

PHOTO = skimage.data.astronaut()
DARK = np.uint8(PHOTO * .5)
NOBODY = np.zeros([100, 100, 3], np.uint8)


@pytest.fixture(scope="module")
def people(tiny_model):
    """Six people: a good one of two conditions, two of a single photo, and three of whom something is no good."""
    vertices = tiny_model.instance(sample(tiny_model, 6, 3).neutral())[0].numpy()

    def scan(number):
        named = dict(zip(landmarks.NAMES, vertices[number][tiny_model.landmarks.numpy()], strict=True))
        return Scan(f"p{number}", Mesh(vertices[number], tiny_model.triangles.numpy()), named)

    def broken():
        raise ValueError("p3.obj: no triangles")

    def away():
        return Scan("p5", Mesh(vertices[5] + 9000., tiny_model.triangles.numpy()), scan(5).landmarks)

    def photos(*given):
        return lambda: iter(given)

    good, one = {"indoor": photos(PHOTO, DARK, NOBODY), "outdoor": photos(DARK)}, {"indoor": photos(DARK)}
    return [Subject("p0", lambda: scan(0), good), Subject("p1", lambda: scan(1), one),
            Subject("p2", lambda: scan(2), {"indoor": photos(PHOTO), "outdoor": photos(NOBODY, ValueError("a.avi: not a file"))}),
            Subject("p3", broken, good), Subject("p4", lambda: scan(4), {"indoor": photos(NOBODY)}), Subject("p5", away, one)]


@pytest.fixture(scope="module")
def measured(tiny_reconstructor, people):
    return measurement.measure({"tiny": tiny_reconstructor}, people, ("micc", "now"), pictured=1)


def errors(measured, **wanted):
    return {(figure.subject, figure.condition): figure.error for figure in measured.figures
            if all(getattr(figure, name) == value for name, value in wanted.items())}


def test_each_person_has_a_figure_for_each_kind_of_face_condition_and_protocol(measured):
    for protocol in "micc", "now":
        for kind in AVERAGED, SINGLE:
            assert set(errors(measured, kind=kind, protocol=protocol)) == {
                ("p0", "indoor"), ("p0", "outdoor"), ("p1", "indoor"), ("p2", "indoor")}
        for kind in MEAN_FACE, BEST_FIT:
            assert set(errors(measured, kind=kind, protocol=protocol)) == {("p0", ""), ("p1", ""), ("p2", "")}


def test_figures_are_what_the_protocols_say_of_the_faces(measured, people, tiny_reconstructor):
    scan = people[0].scan()
    single = [tiny_reconstructor.reconstruct(photo) for photo in (PHOTO, DARK)]
    averaged = tiny_reconstructor.average([PHOTO, DARK])
    assert errors(measured, kind=AVERAGED, protocol="micc")["p0", "indoor"] == pytest.approx(protocols.micc(scan, averaged).error)
    assert errors(measured, kind=SINGLE, protocol="micc")["p0", "indoor"] == pytest.approx(
        np.mean([protocols.micc(scan, face).error for face in single]))
    assert errors(measured, kind=MEAN_FACE, protocol="now")["p0", ""] == pytest.approx(
        protocols.now(scan, tiny_reconstructor.mean_face).error)


def test_of_a_single_photo_both_figures_are_the_same(measured):
    averaged, single = (errors(measured, kind=kind, protocol="micc")["p2", "indoor"] for kind in (AVERAGED, SINGLE))
    assert averaged == single


def test_what_is_no_good_is_left_out_with_words_and_counted(measured):
    assert measured.photos == {"used": 6, "left out": 4}  # p3's are not looked at
    reasons = dict(measured.left_out)
    assert reasons["p3"] == "p3.obj: no triangles" and reasons["p4"] == "no photo shows a face"
    assert "no surface within 95 mm" in reasons["p5"]
    assert reasons["p2, outdoor"] in ("no face found", "a.avi: not a file") and reasons["p4, indoor"] == "no face found"
    assert len(reasons) == 5


def test_nobody_is_an_error_that_says_why(tiny_reconstructor, people):
    with pytest.raises(ValueError, match="nobody could be measured: p3: p3.obj: no triangles; p4, indoor: no face found"):
        measurement.measure({"tiny": tiny_reconstructor}, people[3:5], ("micc",))


def test_those_shown_are_the_first_and_the_extremes(measured):
    ranked = sorted(errors(measured, kind=AVERAGED, protocol="micc").items(), key=lambda item: item[1])
    assert measured.shown[0].scan.name == "p0"
    shown = {one.scan.name: one for one in measured.shown}
    assert set(shown) == {"p0", "p1", "p2"} and ranked
    np.testing.assert_allclose(shown["p1"].measured.error, errors(measured, kind=AVERAGED, protocol="micc")["p1", "indoor"])
    of_many = []
    for number, error in enumerate([3., 1., 2., 5., 4.]):
        measurement._keep(of_many, [measurement.Shown(None, None, protocols.Measured(error, None, None))], number < 1, 1)
    assert [one.measured.error for one in of_many] == [3., 1., 5.]


def test_distances_of_now_are_counted_together(measured, people, tiny_reconstructor):
    """The oracle pools the distances themselves."""
    pooled = np.concatenate([protocols.now(person.scan(), tiny_reconstructor.mean_face).distances for person in people[:3]])
    pooled = pooled[np.isfinite(pooled)]
    expected = np.median(pooled), pooled.mean(), pooled.std()
    assert tables._moments(measured.counts["tiny", MEAN_FACE]) == pytest.approx(expected, abs=.02)


def test_regions_are_figures_of_their_own(tiny_reconstructor, people):
    found = measurement.measure({"tiny": tiny_reconstructor}, people[2:3], ("regions",))
    names = {figure.protocol for figure in found.figures}
    assert "regions: nose" in names and all(name.startswith("regions: ") for name in names)
    table, = tables.report(found, "three people").tables
    assert table.columns[1:] == tuple(name.removeprefix("regions: ") for name in dict.fromkeys(f.protocol for f in found.figures))


# Two models on three people; the second is better by 0.5 mm wherever both were measured.
FIGURES = [Figure(f"p{number}", model, kind, condition, "micc", value + number)
           for model, gain in (("a", 0.), ("b", -.5)) for number in range(3)
           for kind, condition, value in [
               (AVERAGED, "cooperative", 2. + gain), (AVERAGED, "outdoor", 3. + gain), (SINGLE, "cooperative", 2.5),
               (SINGLE, "outdoor", 3.5), (MEAN_FACE, "", 4.), (BEST_FIT, "", 1.)]]


def made(figures):
    return measurement.Measurement(figures, [("p9", "no triangles")], {"used": 12, "left out": 3}, {}, [])


def test_the_summary_has_means_over_people_and_paired_differences(tmp_path):
    report = tables.report(made(FIGURES[:18]), "MICC Florence")
    micc = report.summary["micc"]
    assert micc["cooperative"] == statistics.mean([2., 3., 4.])
    assert micc["mean"].value == pytest.approx(3.5) and micc["mean"].count == 3
    assert (micc["mean_face"].value, micc["best_fit"].value, micc["single"].value) == pytest.approx((5., 2., 4.))
    assert micc["against_mean_face"] == pytest.approx((-1.5, -1.5, -1.5, 3))
    assert report.summary["left_out"] == {"photos": 3, "scans": [{"which": "p9", "why": "no triangles"}]}
    report.write(tmp_path / "a.json")
    written = json.loads((tmp_path / "a.json").read_text())
    assert written["micc"]["mean"] == 3.5 and written["subjects"] == 3 and written["dataset"] == "MICC Florence"


def test_two_models_are_compared_pair_by_pair():
    summary = tables.report(made(FIGURES), "MICC Florence").summary
    assert summary["differences"]["b - a"]["micc"] == pytest.approx((-.5, -.5, -.5, 3))
    assert summary["micc"] == summary["models"]["a"]["micc"] != summary["models"]["b"]["micc"]
    text = str(tables.report(made(FIGURES), "MICC Florence"))
    assert "b less a" in text and "b less mean face" in text


def test_the_table_has_published_figures_of_the_same_data_set_and_protocol_only():
    text = " ".join(str(tables.report(made(FIGURES[:18]), "MICC Florence")).split())
    assert "Genova et al. 2018, published" in text and "1.48 +- 0.11" in text and published.NOTE in text
    assert "published" not in str(tables.report(made(FIGURES[:18]), "scan + photos"))


def test_the_words_say_what_was_left_out_and_that_sizes_are_relative():
    text = " ".join(str(tables.report(made(FIGURES[:18]), "scans", unit="unknown")).split())
    assert "12 photos used, 3 left out" in text and "1 left out: p9: no triangles" in text and "relative size" in text
    assert "relative size" not in str(tables.report(made(FIGURES[:18]), "scans"))


def test_published_figures_are_those_of_the_papers_table():
    """The paper's table 1, and in every other a figure for each column."""
    (columns, figures) = published.FIGURES["MICC Florence", "micc"]
    assert dict(zip(columns, figures["Genova et al. 2018"])) == {"cooperative": "1.50 +- 0.13", "indoor": "1.50 +- 0.11",
                                                                 "outdoor": "1.48 +- 0.11"}
    for columns, figures in published.FIGURES.values():
        assert all(len(values) == len(columns) for values in figures.values())


def test_best_fits_can_be_gone_without(tiny_reconstructor, people, measured):
    found = measurement.measure({"tiny": tiny_reconstructor}, people[:2], ("micc", "now"), best_fit=False)
    assert {figure.kind for figure in found.figures} == {AVERAGED, SINGLE, MEAN_FACE}
    wanted = {"kind": AVERAGED, "protocol": "micc"}
    assert errors(found, **wanted) == {which: error for which, error in errors(measured, **wanted).items() if which[0] < "p2"}
    report = tables.report(found, "people")
    assert report.summary["now_pooled"].keys() == {AVERAGED, SINGLE, MEAN_FACE}
    assert "mean face" in str(report) and "best fit" not in str(report) and "best fit" in str(tables.report(measured, "people"))


def test_the_mean_face_of_two_readings_of_one_network_is_compared_once(tiny_reconstructor, people, monkeypatch):
    compared, micc = [], protocols.micc
    monkeypatch.setattr(protocols, "micc", lambda scan, face: compared.append(face) or micc(scan, face))
    both = {"read": tiny_reconstructor, "expected": tiny_reconstructor.reading(expected=True)}
    found = measurement.measure(both, people[:1], ["micc"], best_fit=False)
    assert sum(not np.any(face.shape) for face in compared) == 1
    one, other = (errors(found, model=label, kind=MEAN_FACE) for label in both)
    assert one == other and len(one) == 1


def test_kinds_have_words():
    assert set(tables.WORDS) == set(KINDS) and set(tables.TITLES) == set(measurement.PROTOCOLS)
