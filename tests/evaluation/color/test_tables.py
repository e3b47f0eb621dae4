"""Figures of colors: known errors give known figures."""
import json

import numpy as np
import pytest
import skimage.color
from scipy import stats

from morph3d.evaluation.color import face_patches, tables
from morph3d.evaluation.color.measurement import Colors

RNG = np.random.default_rng(0)
OTHERS = RNG.normal([60., 15., 18.], [8., 4., 5.], [40, 4, 3])
NOISE = RNG.normal(0., 3., [40, 4, 3])


def colors(**faces):
    return Colors([f"p{number}" for number in range(40)], OTHERS + 2. * NOISE, OTHERS, faces,
                  {name: np.tile([50., 10., 10.], [4, 1]) for name in faces},
                  {"p9/1.jpg": "gray", "p8/1.jpg": "damaged image: cut"}, ["p41"])


@pytest.fixture(scope="module")
def report():
    return tables.report(colors(mine=OTHERS + NOISE))


def test_the_right_color_has_no_error():
    found = tables.compare(OTHERS[:, 0], OTHERS[:, 0])
    assert [each.value for each in found["correlation"].values()] == pytest.approx([1.] * 3)
    assert [each.value for each in found["bias"].values()] == [0.] * 3
    assert found["dE"].value == found["dE_without_bias"].value == found["dE2000"].value == 0.


def test_a_shift_of_all_colors_is_the_bias():
    found = tables.compare(OTHERS[:, 0] + [-8., 2., -4.], OTHERS[:, 0])
    assert [each.value for each in found["bias"].values()] == pytest.approx([-8., 2., -4.])
    assert found["dE"].value == pytest.approx(84.**.5) and found["dE_without_bias"].value == pytest.approx(0., abs=1e-9)
    assert found["correlation"]["a"].value == pytest.approx(1.)


def test_figures_are_those_of_scipy_and_scikit_image():
    lab, others = (OTHERS + NOISE)[:, 1], OTHERS[:, 1]
    found = tables.compare(lab, others)
    assert found["correlation"]["L"].value == pytest.approx(stats.pearsonr(lab[:, 0], others[:, 0]).statistic)
    assert found["dE"].value == pytest.approx(skimage.color.deltaE_cie76(lab, others).mean())
    assert found["dE2000"].value == pytest.approx(skimage.color.deltaE_ciede2000(lab, others).mean())
    assert found["dE"].low < found["dE"].value < found["dE"].high and found["dE"].count == 40
    assert 0. < found["dE_without_bias"].value < found["dE"].value


def test_one_color_for_all_has_no_correlation():
    found = tables.compare(np.tile([60., 15., 18.], [40, 1]), OTHERS[:, 0])
    assert found["correlation"] == {"L": None, "a": None, "b": None}
    assert found["dE"].value == pytest.approx(np.linalg.norm(OTHERS[:, 0] - [60., 15., 18.], axis=1).mean())


def test_the_report_tells_each_region_and_what_was_left_out(report, tmp_path):
    assert [table.title for table in report.tables] == [
        *(f"Color of the {region}" for region in face_patches.regions()), "Differences of dE"]
    text = " ".join(str(report).split())
    assert "40 people" in text and "Left out: 2 photos, and with them 1 people" in text
    skin = report.tables[0]
    assert [row[0] for row in skin.rows] == ["mine", "mean face of mine", "one photo"]
    assert skin.rows[1][1:4] == (None, None, None)  # printed as "-"
    lips = tables.compare((OTHERS + NOISE)[:, 2], OTHERS[:, 2])
    assert report.tables[2].rows[0][5] == lips["dE"]
    report.write(str(tmp_path / "figures.json"), str(tmp_path))
    written = json.loads((tmp_path / "figures.json").read_text())
    assert written["people"] == 40
    assert written["left_out"] == {"photos": 2, "people": 1, "reasons": {"gray": 1, "damaged image": 1}}
    assert written["lips"]["dE"] == pytest.approx(lips["dE"].value, abs=1e-6)
    assert "models" not in written
    assert written["skin"]["mean_face"]["correlation"]["L"] is None
    assert written["skin"]["one_photo"]["dE"] > written["skin"]["dE"]
    assert (tmp_path / "scatter.png").is_file() and (tmp_path / "swatches.png").is_file()


def test_two_models_are_compared_person_by_person():
    """The worse one is 2 farther in L* for everybody; the spread of people hides nothing."""
    far = OTHERS + [5., 0., 0.]
    report = tables.report(colors(near=far - [2., 0., 0.], far=far))
    differences = report.summary["differences"]
    assert list(differences) == ["near - mean face of near", "far - mean face of far", "far - near"]
    found = differences["far - near"]["brows"]["dE"]
    assert found.low == pytest.approx(2.) and found.high == pytest.approx(2.)
    assert differences["far - near"]["brows"]["dE_without_bias"].value == pytest.approx(0., abs=1e-9)
    assert differences["near - mean face of near"]["skin"]["dE"].high < 0.
    assert report.summary["skin"] == report.summary["models"]["near"]["skin"]


def test_swatches_show_the_colors_themselves(report):
    sheet = report.pictures["swatches"]
    assert sheet.dtype == np.uint8 and sheet.shape[-1] == 3
    for lab in (OTHERS[0, 0], OTHERS[23, 3], (OTHERS + NOISE)[5, 1]):
        wanted = np.rint(255. * skimage.color.lab2rgb(lab))
        assert (np.abs(sheet - wanted).max(-1) <= 1).sum() > 300
