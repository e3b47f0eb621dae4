"""What the networks of an ablation are measured on, against plain arithmetic on their faces."""
import numpy as np
import pytest
import skimage.data
from scipy.spatial import distance

from experiments import ablation_measures
from experiments.ablation_measures import Bench
from morph3d import images
from morph3d.evaluation import judges
from morph3d.evaluation.geometry import protocols, synthetic_scans
from morph3d.evaluation.stress import picture_series, scene_series
from morph3d.photos import crops, face_detection

PEOPLE = ["Ada", "Bo", "Cy", "Di", "Ed"]


@pytest.fixture(scope="module")
def bench(judge, small_embedded, tmp_path_factory):
    """One photo each of five people, who are one face in different lights."""
    folder, rng = tmp_path_factory.mktemp("people"), np.random.default_rng(0)
    for name in PEOPLE:
        images.write_png(folder / name / "1.png", np.uint8(skimage.data.astronaut()[:220, 100:330] * rng.uniform(.5, 1., 3)))
    return Bench(str(folder), len(PEOPLE), judge, small_embedded, 2)


@pytest.fixture(scope="module")
def figures(tiny_reconstructor, bench):
    return bench.measure(tiny_reconstructor)


def test_likeness_is_that_of_the_photos_and_their_frontal_renderings(figures, tiny_reconstructor, bench, judge):
    faces = [tiny_reconstructor.reconstruct(f"{bench.photos}/{name}/1.png") for name in PEOPLE]
    drawn = judges.frontal(tiny_reconstructor.network, np.stack([face.vertices for face in faces]),
                           np.stack([face.colors for face in faces]), judge)
    photos = [images.to_float(crops.crop(picture, face_detection.detect(picture), judge)) for picture in (
        skimage.io.imread(f"{bench.photos}/{name}/1.png") for name in PEOPLE)]
    cosines = judge(drawn).identity.numpy() @ judge(np.stack(photos)).identity.numpy().T
    found = figures.values["likeness"]
    np.testing.assert_allclose([found["cosine"][name] for name in PEOPLE], np.diag(cosines), atol=1e-4)
    assert [found["top-1"][name] for name in PEOPLE] == list(cosines.argmax(1) == np.arange(5))
    assert set(found["top-5"].values()) == {1.}
    np.testing.assert_array_equal(figures.photos, [face.crop for face in faces])
    np.testing.assert_allclose(figures.faces, images.to_pixels(drawn), atol=1)
    shape, texture = (np.float64([getattr(face, name) for face in faces]) for name in ("shape", "texture"))
    moments = figures.values["moments"]
    for name, part in ("shape", shape), ("texture", texture):
        each = np.sqrt(np.sum((part - part.mean(0))**2, 0) / 4.)
        np.testing.assert_allclose([moments[f"{name}: {what}"]["everybody"] for what in (
            "mean deviation", "deviations from 1", "means from 0")],
            [each.mean(), np.sqrt(((each - 1.)**2).mean()), np.sqrt((part.mean(0)**2).mean())], rtol=1e-3)


def test_geometry_is_that_of_both_readings_beside_the_mean_face(figures, tiny_reconstructor, bench):
    person = synthetic_scans.subjects(bench.model, 2)[1]
    photo, = person.photos[synthetic_scans.CONDITION]()
    mean_face = protocols.micc(person.scan(), tiny_reconstructor.mean_face).error
    for label, expected in ("read", False), ("expected", True):
        face = tiny_reconstructor.reading(renderings=True, expected=expected).reconstruct(photo)
        error = protocols.micc(person.scan(), face).error
        found = figures.values["geometry"]
        assert found[f"{label}, mm"]["0001"] == pytest.approx(error, rel=1e-3)
        assert found[f"{label}, of mean face"]["0001"] == pytest.approx(error / mean_face, rel=1e-3)


def test_pose_is_the_drift_beside_what_people_are_apart(tiny_reconstructor, tiny_model, judge, monkeypatch):
    """With a detector that finds every face where it is in a portrait, but not the last person's turned by more than 45 degrees."""
    template, calls = picture_series.PORTRAIT.template, iter(range(99))
    monkeypatch.setattr(face_detection, "detect_all", lambda pictures: [
        *[template] * (len(pictures) - 1), None if next(calls) > 3 else template])
    found = ablation_measures.pose(tiny_reconstructor, Bench("", 0, judge, tiny_model, 4))
    people = scene_series.SyntheticPeople(tiny_model, 4, 0)
    network = tiny_reconstructor.reading(renderings=True)

    def read(pictures):
        made = network.read(np.stack([crops.crop(picture, template, network) for picture in pictures]))
        drawn = judges.frontal(network.network, made["vertices"], made["colors"], judge)
        return {"identity": judge(drawn).identity.numpy(), **{name: made[name].numpy() for name in ("shape", "texture")}}

    before = read(people.portraits)
    for degrees, count in (30, 4), (60, 3):
        after = read(people.pictures("yaw", degrees))
        for name in "shape", "texture":
            apart = distance.pdist(before[name]).mean()
            drifts = np.linalg.norm(after[name] - before[name], axis=1) / apart
            said = found[f"{degrees}°: {name} drift"]
            assert list(said) == people.names[:count]
            np.testing.assert_allclose(list(said.values()), drifts[:count], rtol=1e-3)
        cosines = (after["identity"] * before["identity"]).sum(1)
        np.testing.assert_allclose(list(found[f"{degrees}°: likeness"].values()), cosines[:count], atol=1e-4)
