"""The stress test: drifts against plain arithmetic on the pictures, faces that are not found, and what is reported."""
import json

import keras
import numpy as np
import pytest
import tensorflow as tf

from morph3d import decoder, images
from morph3d.evaluation import judges
from morph3d.evaluation.stress import degradations, measurement, picture_series, scene_series, tables
from morph3d.inference.export import ReconstructionNetwork
from morph3d.inference.reconstructor import Reconstructor
from morph3d.photos import crops, face_detection

TEMPLATE = picture_series.PORTRAIT.template


@pytest.fixture(autouse=True)
def detector(monkeypatch):
    """Finds the face of a portrait where it has to be, unless the picture is darker than `darkest`, or `missed`: {call: number}."""
    class Detector:
        darkest = -1.
        missed: dict[int, int] = {}
        calls = 0

        def __call__(self, photos, boxes=None):
            found = [TEMPLATE if photo.mean() > self.darkest else None for photo in photos]
            if self.calls in self.missed:
                found[self.missed[self.calls]] = None
            self.calls += 1
            return found

    monkeypatch.setattr(face_detection, "detect_all", Detector())
    return face_detection.detect_all


@pytest.fixture(scope="module")
def people(tiny_model):
    return scene_series.SyntheticPeople(tiny_model, 4, 1)


@pytest.fixture(scope="module")
def constant(tiny_model, tiny_encoder):
    """A Reconstructor that gives everybody the mean face."""
    network = decoder.build(tiny_encoder.feature_size, tiny_model.shape_size, tiny_model.texture_size, hidden=(4,))
    for weights in network.trainable_variables:
        weights.assign(tf.zeros_like(weights))
    return Reconstructor(ReconstructionNetwork(tiny_encoder, network, tiny_model))


@pytest.fixture(scope="module")
def other(tiny_model, tiny_encoder):
    keras.utils.set_random_seed(7)
    network = decoder.build(tiny_encoder.feature_size, tiny_model.shape_size, tiny_model.texture_size, hidden=(16,))
    return Reconstructor(ReconstructionNetwork(tiny_encoder, network, tiny_model))


def made_of(reconstructor, pictures):
    """The network's outputs for pictures whose faces are found, one picture at a time."""
    outputs = [reconstructor.network.reconstruct(images.to_float(crops.crop(picture, TEMPLATE, reconstructor))[None])
               for picture in pictures]
    return {name: np.concatenate([each[name] for each in outputs]) for name in outputs[0]}


def drawn(reconstructor, made, frame):
    return judges.frontal(reconstructor.network, made["vertices"], made["colors"], frame)


def test_measures_are_those_of_the_pictures(tiny_reconstructor, tiny_encoder, people, monkeypatch):
    monkeypatch.setattr(measurement, "AT_A_TIME", 3)
    result = measurement.measure({"net": tiny_reconstructor}, people, ["yaw", "blur"], tiny_encoder)
    curve = result.networks["net"].curves["blur"]
    untouched, now = (made_of(tiny_reconstructor, pictures) for pictures in (people.portraits, people.pictures("blur", 15)))
    level = 1 + degradations.SERIES["blur"].levels.index(15)
    for name in ("shape", "texture"):
        expected = [np.sqrt(np.mean((a - b)**2)) for a, b in zip(untouched[name], now[name], strict=True)]
        np.testing.assert_allclose(curve.measures[f"{name}_drift"][level], expected, rtol=1e-4)
    identities = [tiny_encoder(drawn(tiny_reconstructor, made, tiny_encoder)).identity.numpy() for made in (untouched, now)]
    np.testing.assert_allclose(curve.measures["likeness"][level], (identities[0] * identities[1]).sum(1), atol=1e-4)
    truth = people.truth(tiny_reconstructor.network)
    errors = truth.errors(now["vertices"], np.arange(4))
    np.testing.assert_allclose(curve.measures["error_mm"][level], errors, rtol=1e-4)
    pairs, shapes = [(a, b) for a in range(4) for b in range(a)], untouched["shape"]
    between = result.networks["net"].between
    apart = np.mean([np.sqrt(np.mean((shapes[a] - shapes[b])**2)) for a, b in pairs])
    assert between["shape"] == pytest.approx(apart, rel=1e-4)
    assert between["likeness"] == pytest.approx(np.mean([identities[0][a] @ identities[0][b] for a, b in pairs]), abs=1e-4)
    mean_face = tiny_reconstructor.mean_face.vertices
    assert result.networks["net"].mean_face_error == pytest.approx(np.mean([
        truth.errors(mean_face[None], [number])[0] for number in range(4)]), rel=1e-4)
    faces = images.to_pixels(drawn(tiny_reconstructor, now, measurement.TILE))
    np.testing.assert_allclose(curve.faces[level], faces[:3], atol=1)
    shown = images.resize(people.pictures("blur", 15)[2], measurement.TILE.image_size)
    np.testing.assert_array_equal(result.inputs["blur"][level][2], shown)
    assert result.networks["net"].views.shape == (3, 5, measurement.TILE.image_size, measurement.TILE.image_size, 3)


def test_untouched_pictures_do_not_drift(tiny_reconstructor, tiny_encoder, people):
    result = measurement.measure({"net": tiny_reconstructor}, people, ["light", "jpeg"], tiny_encoder)
    for curve in result.networks["net"].curves.values():
        assert curve.found[0].all() and not curve.measures["shape_drift"][0].any() and not curve.measures["texture_drift"][0].any()
        np.testing.assert_allclose(curve.measures["likeness"][0], 1., atol=1e-5)
        assert (curve.measures["shape_drift"][1:] > 0.).all()


def test_who_does_not_look_at_pictures_is_stable_and_tells_nobody_apart(constant, tiny_encoder, people):
    result = measurement.measure({"constant": constant}, people, ["yaw", "occlusion_side"], tiny_encoder)
    network = result.networks["constant"]
    assert network.between["shape"] == network.between["texture"] == 0. and network.between["likeness"] == pytest.approx(1.)
    for curve in network.curves.values():
        assert not curve.measures["shape_drift"].any() and not curve.measures["texture_drift"].any()
        np.testing.assert_allclose(curve.measures["error_mm"], np.tile(curve.measures["error_mm"][:1], [len(curve.found), 1]))
    assert np.mean(curve.measures["error_mm"][0]) == pytest.approx(network.mean_face_error)
    level = tables.report(result).summary["series"]["yaw"][-1]
    assert level["shape_drift"].value == 0. and level["shape_drift_of_spread"] is None and level["texture_drift_of_spread"] is None


def test_faces_that_are_not_found_are_no_reconstructions(tiny_reconstructor, people, detector):
    dark = people.pictures("exposure", 3).mean((1, 2, 3))
    detector.darkest = np.median(dark)
    result = measurement.measure({"net": tiny_reconstructor}, people, ["exposure"])
    curve = result.networks["net"].curves["exposure"]
    assert curve.found.tolist() == [[True] * 4] * 3 + [list(dark > np.median(dark))] + [[False] * 4] * 3
    for values in curve.measures.values():
        np.testing.assert_array_equal(np.isfinite(values), curve.found)
    assert not curve.faces[~curve.found[:, :3]].any() and (curve.faces[curve.found[:, :3]].max((1, 2, 3)) > 0).all()
    report = tables.report(result)
    levels = report.summary["series"]["exposure"]
    assert [level["found"].value for level in levels] == [1., 1., 1., .5, 0., 0., 0.]
    drift = levels[3]["shape_drift"]
    assert drift.count == 2 and drift.value == pytest.approx(np.nanmean(curve.measures["shape_drift"][3]))
    assert levels[4]["shape_drift"] is levels[4]["shape_drift_of_spread"] is None
    assert "  4          0 of 4  -" in str(report)


def test_people_whose_untouched_face_is_not_found_are_left_out(tiny_reconstructor, people, detector, caplog):
    brightness = people.portraits.mean((1, 2, 3))
    detector.darkest = np.sort(brightness)[0]
    with caplog.at_level("WARNING"):
        result = measurement.measure({"net": tiny_reconstructor}, people, ["jpeg"])
    gone = people.names[np.argmin(brightness)]
    assert result.left_out == {gone: "untouched: no face found"} and f"{gone}: untouched: no face found; left out" in caplog.text
    assert result.people == [name for name in people.names if name != gone]
    curve = result.networks["net"].curves["jpeg"]
    assert curve.found.shape == (7, 3)
    truth, seen = people.truth(tiny_reconstructor.network), np.flatnonzero(brightness > brightness.min())
    vertices = made_of(tiny_reconstructor, people.portraits[seen])["vertices"]
    np.testing.assert_allclose(curve.measures["error_mm"][0], truth.errors(vertices, seen), rtol=1e-4)
    assert "People: 3, left out: 1." in str(tables.report(result))
    detector.darkest = 255.
    with pytest.raises(ValueError, match="no face found in the untouched pictures of any of 4 people"):
        measurement.measure({"net": tiny_reconstructor}, people, ["jpeg"])


@pytest.mark.parametrize("call", [0, 1])
def test_nobody_stands_for_whom_is_not_found(tiny_reconstructor, people, detector, call):
    """The first of four is not found in the untouched picture, or at the first level alone."""
    everybody = measurement.measure({"net": tiny_reconstructor}, people, ["blur"]).networks["net"].curves["blur"]
    detector.calls, detector.missed = 0, {call: 0}
    result = measurement.measure({"net": tiny_reconstructor}, people, ["blur"])
    curve = result.networks["net"].curves["blur"]
    others = slice(None) if call == 0 else slice(1, None)
    for name, values in curve.measures.items():
        np.testing.assert_allclose(values[1, others], everybody.measures[name][1, 1:], rtol=1e-3)
    np.testing.assert_allclose(curve.faces[1, others][:2], everybody.faces[1, 1:], atol=1)
    np.testing.assert_array_equal(result.inputs["blur"][1][0],
                                  images.resize(people.pictures("blur", 3)[1 if call == 0 else 0], measurement.TILE.image_size))


def test_one_photo_has_no_spread_to_compare_with(tiny_reconstructor, people, tmp_path):
    photo = picture_series.People(["me.jpg"], people.portraits[:1], {})
    report = tables.report(measurement.measure({"net": tiny_reconstructor}, photo))
    assert set(report.summary["series"]) == set(picture_series.People.offered)
    level = report.summary["series"]["blur"][1]
    assert level["shape_drift_of_spread"] is None and "error_mm" not in level
    report.write(str(tmp_path / "figures.json"), str(tmp_path))
    assert json.loads((tmp_path / "figures.json").read_text())["series"]["blur"][1]["found"] == 1.
    assert {path.stem for path in tmp_path.glob("*.png")} == {f"stress_{name}" for name in (
        *picture_series.People.offered, "views", "curves")}


def test_networks_are_compared_on_the_same_people(tiny_reconstructor, other, tiny_encoder, people, detector):
    dark = people.pictures("exposure", 3).mean((1, 2, 3))
    detector.darkest = np.sort(dark)[0]
    networks = {"net": tiny_reconstructor, "same": tiny_reconstructor, "other": other}
    result = measurement.measure(networks, people, ["exposure"], tiny_encoder)
    report = tables.report(result)
    assert set(report.summary["models"]) == {"net", "same", "other"}
    assert report.summary["series"] == report.summary["models"]["net"]["series"]
    differences = report.summary["differences"]
    for measure in ("shape_drift_of_spread", "texture_drift_of_spread", "likeness", "error_mm"):
        assert differences["same"]["exposure"][measure][:3] == pytest.approx((0., 0., 0.))
    found = differences["other"]["exposure"]
    assert found["level"] == 3 and found["shape_drift_of_spread"].count == 3
    parts = [np.nanmean(network.curves["exposure"].measures["shape_drift"][3]) / network.between["shape"]
             for network in (result.networks["net"], result.networks["other"])]
    assert found["shape_drift_of_spread"].value == pytest.approx(parts[1] - parts[0])
    assert len(report.tables[-1].rows) == 2 and len(report.tables[1].rows) == 3 * 7
    sheet = report.pictures["stress_exposure"]
    assert sheet.shape[0] > 3 * 4 * measurement.TILE.image_size and sheet.dtype == np.uint8  # of each a picture and three faces


@pytest.mark.parametrize("without", ["net", "other"])
def test_the_truth_may_be_known_for_one_network_only(tiny_reconstructor, other, people, without):
    result = measurement.measure({"net": tiny_reconstructor, "other": other}, people, ["exposure"])
    curve = result.networks[without].curves["exposure"]
    del curve.measures["error_mm"]
    report = tables.report(result)
    assert "error_mm" not in report.summary["models"][without]["series"]["exposure"][0]
    both = tables.report(result._replace(networks={without: result.networks[without]}))
    assert report.pictures["stress_curves"].shape[1] > both.pictures["stress_curves"].shape[1]  # a column more


def test_a_judge_that_trained_the_network_is_named(tiny_reconstructor, tiny_encoder, people):
    result = measurement.measure({"net": tiny_reconstructor}, people, ["jpeg"], tiny_encoder)
    report = tables.report(result)
    assert report.summary["judge_of_training"] == ["net"] and "No independent judge: net was trained with" in report.tables[0].note
    without = measurement.measure({"net": tiny_reconstructor}, people, ["jpeg"])
    assert without.judge is None and "likeness" not in tables.report(without).summary["series"]["jpeg"][0]
