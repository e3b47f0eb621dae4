"""Recognition from photos to figures, on tiny parts: one face in many lights stands for the people."""
import json

import keras
import numpy as np
import PIL.Image
import pytest
import skimage.data

from morph3d import decoder, images
from morph3d.encoders import registry
from morph3d.encoders.base import Encoder
from morph3d.evaluation import galleries
from morph3d.evaluation.recognition import measurement, recall, tables
from morph3d.inference.export import ReconstructionNetwork
from morph3d.inference.reconstructor import Reconstructor

PEOPLE, EACH = 22, 2


@pytest.fixture(scope="module")
def people_folder(tmp_path_factory):
    """Two photos each of 22 people, each in a light of theirs; files that show nobody, and a person who has only such."""
    folder, rng = tmp_path_factory.mktemp("people"), np.random.default_rng(0)
    face = skimage.data.astronaut()[:220, 100:330]
    for person in range(PEOPLE):
        (folder / f"p{person:02}").mkdir()
        light = rng.uniform(.5, 1., 3)
        for number in range(EACH):
            images.write_png(folder / f"p{person:02}" / f"{number + 1}.png", np.uint8(face * light * rng.uniform(.97, 1., 3)))
    (folder / "nobody").mkdir()
    for path in ("p00/0.png", "nobody/1.png"):
        images.write_png(folder / path, np.full([60, 60, 3], 99, np.uint8))
    (folder / "p01" / "0.jpg").write_text("an error page")
    (folder / "whose.png").symlink_to(folder / "p05" / "1.png")
    return folder


@pytest.fixture(scope="module")
def mean_face(tiny_encoder, tiny_model):
    """A Reconstructor whose decoder gives zeros."""
    network = decoder.build(tiny_encoder.feature_size, tiny_model.shape_size, tiny_model.texture_size, hidden=(4,))
    for weights in network.trainable_variables:
        weights.assign(np.zeros(weights.shape))
    return Reconstructor(ReconstructionNetwork(tiny_encoder, network, tiny_model))


@pytest.fixture(scope="module")
def result(tiny_reconstructor, mean_face, people_folder, judge):
    return measurement.measure({"mine": tiny_reconstructor, "mean": mean_face}, people_folder, judge, people=20, pictured=14)


def test_what_shows_nobody_is_left_out_and_counted(result):
    assert result.gallery.left_out == {
        "whose.png": "nobody says whom it shows: in no folder of a person",
        "nobody/1.png": "no face found", "p00/0.png": "no face found", "p01/0.jpg": "not an image"}
    assert result.gallery.missing == ["nobody"]
    assert len(result.gallery.keys) == PEOPLE * EACH
    assert [result.gallery.keys[n] for n in result.chosen] == [f"p{n:02}/1.png" for n in range(20)]
    summary = tables.report(result).summary
    assert summary["left_out"] == {
        "photos": 4, "people": 1, "reasons": {"no face found": 2, "nobody says whom it shows": 1, "not an image": 1}}
    assert summary["people"] == 20 and summary["photos"]["count"] == 44 and summary["photos"]["people"] == 22


def test_each_face_is_that_of_its_photo_alone(result, tiny_reconstructor, judge, people_folder):
    """More photos than are taken at a time; the oracle takes each by itself."""
    assert PEOPLE * EACH > galleries.AT_A_TIME
    found = result.models["mine"]
    for number in (0, 30, 43):
        face = tiny_reconstructor.reconstruct(people_folder / result.gallery.keys[number])
        drawn = measurement.judges.frontal(tiny_reconstructor.network, face.vertices[None], face.colors[None], judge)
        cosine = float(judge(drawn).identity[0].numpy() @ result.gallery.identities[number])
        assert found.cosines[number] == pytest.approx(cosine, abs=1e-4)
    crops, faces = result.pictures["mine"]
    assert crops.shape == faces.shape == (14, 32, 32, 3)
    np.testing.assert_array_equal(crops[13], tiny_reconstructor.reconstruct(people_folder / "p13" / "1.png").crop)


def test_the_ceiling_is_a_second_photo(result):
    photos, people = result.gallery.identities, result.gallery.people
    seconds = [result.gallery.keys.index(f"p{n:02}/2.png") for n in range(20)]
    expected = recall.find(photos[seconds], people[seconds], photos[result.chosen], people[result.chosen])
    for one, other in zip(result.ceiling.likeness, expected, strict=True):
        np.testing.assert_array_equal(one, other)
    assert len(result.ceiling.everything.top1) == 44 and .1 < result.ceiling.everything.top1.mean() < 1.


def test_a_face_that_is_nobodys_scores_chance(result):
    found = result.models["mean"]
    assert found.likeness.top1.mean() == pytest.approx(1 / 20) and found.likeness.top5.mean() == pytest.approx(5 / 20)
    assert found.everything.top1.mean() == pytest.approx(1 / 22)
    verified = found.verified
    assert verified["coefficients"] == verified["renderings"] == (.5, 0., .5, 0.)


def test_a_report_for_several_models_compares_them(result, tmp_path):
    report = tables.report(result)
    assert set(report.pictures) == {"similarity", "faces_mine", "faces_mean"}
    report.write(tmp_path / "figures.json")
    figures = json.loads((tmp_path / "figures.json").read_text())
    mine, mean = figures["models"]["mine"], figures["models"]["mean"]
    assert {name: figures[name] for name in mine} == mine
    assert mine["everything"]["mean_cosine"] == pytest.approx(result.models["mine"].cosines.mean(), abs=1e-6)
    chosen = result.models["mine"].cosines[result.chosen]
    assert mine["mean_cosine"] == pytest.approx(chosen.mean(), abs=1e-6) != mine["everything"]["mean_cosine"]
    difference = figures["differences"]["mean - mine"]
    for name in ("top1", "top5", "mean_cosine"):
        assert difference[name] == pytest.approx(mean[name] - mine[name], abs=2e-6)
        assert difference["everything"][name] == pytest.approx(mean["everything"][name] - mine["everything"][name], abs=2e-6)
        low, high = difference[f"{name}_interval"]
        assert low <= difference[name] <= high
    assert figures["chance"] == pytest.approx({"top1": .05, "top5": .25})
    assert figures["emd"]["same"] >= 0. and figures["ceiling"]["emd"]["same"] == 0. < figures["ceiling"]["emd"]["different"]
    assert figures["pairs"]["same"] == 22 and figures["pairs"]["different"] == 44 * 43 // 2 - 22
    assert "Differences" in str(report) and "Tran" not in str(report) and "NO INDEPENDENT" not in str(report)
    assert figures["judge_of_training"] == []


def test_a_judge_that_training_knew_is_told_in_every_table(tiny_reconstructor, tiny_encoder, people_folder):
    result = measurement.measure({"mine": tiny_reconstructor}, people_folder, tiny_encoder, people=5)
    report = tables.report(result)
    assert report.summary["judge_of_training"] == ["mine"] and "models" not in report.summary
    assert all("NO INDEPENDENT JUDGE: mine was trained with this recognizer" in table.note for table in report.tables)


def test_official_pairs_stand_beside_tran(tiny_reconstructor, judge, people_folder, tmp_path, monkeypatch):
    lfw = tmp_path / "lfw"
    for person in range(5):
        (lfw / f"p{person}").mkdir(parents=True)
        for number in (1, 2):
            (lfw / f"p{person}" / f"p{person}_000{number}.png").symlink_to(people_folder / f"p{person:02}" / f"{number}.png")
    (tmp_path / "pairs.txt").write_text("2 2\n" + "p0 1 2\np1 1 2\np0 1 p1 2\np1 1 p0 2\np2 1 2\np3 1 2\np2 1 p3 1\np2 2 p4 1\n")
    (lfw / "p0" / "p0_0000.png").write_text("left out, so that the others are numbered anew")
    result = measurement.measure({"mine": tiny_reconstructor}, lfw, judge, 5, tmp_path / "pairs.txt")
    first, second = ([result.gallery.keys[n] for n in side] for side in result.verified_pairs[:2])
    assert (first[2], second[2], first[7], second[7]) == ("p0/p0_0001.png", "p1/p1_0002.png", "p2/p2_0002.png", "p4/p4_0001.png")
    def verification_table():
        table, = (table for table in tables.report(result).tables if table.title.startswith("Verification"))
        return table

    summary = tables.report(result).summary["pairs"]
    assert summary["verified"] == 8 and summary["official"] and "Tran" not in str(verification_table())
    monkeypatch.setattr(tables, "OFFICIAL", 8)
    table = verification_table()
    assert table.rows[-1][:2] == ("coefficients, Tran et al. (2017)", .9235) and "The pairs of the file" in table.note


def test_one_photo_each_has_no_ceiling_and_no_verification(tiny_reconstructor, judge, people_folder, tmp_path, caplog):
    for person in range(3):
        (tmp_path / f"p{person}").mkdir()
        (tmp_path / f"p{person}" / "1.png").symlink_to(people_folder / f"p{person:02}" / "1.png")
    (tmp_path / "p3").mkdir()
    (tmp_path / "p3" / "1.png").write_text("not found")
    report = tables.report(measurement.measure({"mine": tiny_reconstructor}, tmp_path, judge, people=4))
    assert "photos of 3 people are left for the likeness protocol, where 4 were asked for" in caplog.text
    assert "p3/1.png: left out: not an image" in caplog.text and "p3: no photo of this person is left" in caplog.text
    report.write(tmp_path / "figures.json")
    figures = json.loads((tmp_path / "figures.json").read_text())
    assert figures["ceiling"]["likeness"] is figures["ceiling"]["everything"] is figures["emd"]["same"] is None
    assert figures["same_person_below_mean"] is None and figures["verification"] == {} and "Verification" not in str(report)


def test_photos_of_too_few_people_are_refused_in_words(tiny_reconstructor, judge, people_folder, tmp_path):
    with pytest.raises(ValueError, match=f"{people_folder}: photos of 23 people, 84 are needed; give one folder a person"):
        measurement.measure({"mine": tiny_reconstructor}, people_folder, judge)
    with pytest.raises(ValueError, match="p02: photos of 0 people, 5 are needed; give one folder a person"):
        measurement.measure({"mine": tiny_reconstructor}, people_folder / "p02", judge, people=5)
    for person in "ab":
        (tmp_path / person).mkdir()
        (tmp_path / person / "1.png").write_text("not found")
    with pytest.raises(ValueError, match="2 photos had to be left out; a/1.png: not an image; b/1.png: not an image; no "):
        measurement.measure({}, tmp_path, judge, people=2)


def test_identities_that_are_no_numbers_are_refused(tiny_reconstructor, tiny_encoder, people_folder):
    broken = Encoder("broken", 32, tiny_encoder.template, lambda pictures: (keras.ops.sqrt(-1. - pictures[:, 0, 0]),) * 2)
    with pytest.raises(ValueError, match="the identities of 44 of 44 photos are not finite"):
        measurement.measure({"mine": tiny_reconstructor}, people_folder, broken, people=5)


def test_contact_sheet_shows_each_face_below_its_photo():
    crops, faces = (np.stack([np.full([size, size, 3], value, np.uint8) for value in values])
                    for size, values in ((20, (10, 20, 30)), (16, (110, 120, 130))))
    sheet = tables.contact_sheet(faces, crops, columns=2)
    assert sheet[8::16, 8::16, 0].tolist() == [[10, 20], [110, 120], [30, 255], [130, 255]]
    assert tables.contact_sheet(faces[:2], columns=2)[8::16, 8::16, 0].tolist() == [[110, 120]]


def test_photos_may_be_kept_out_of_the_pictures(result, tmp_path):
    with_photos, without = (tables.report(result, shown).pictures["faces_mine"] for shown in (True, False))
    assert with_photos.shape == (3 * 64, 6 * 32, 3) and without.shape == (3 * 32, 6 * 32, 3)
    np.testing.assert_array_equal(with_photos[32:64], without[:32])
    assert tables.report(result, False).write(folder=tmp_path)
    assert PIL.Image.open(tmp_path / "faces_mine.png").size == (192, 96)


def test_the_judge_finds_people_by_their_other_photo(data_folder):
    """Measured on 84 people: 0.99, mean cosine 0.65 and 0.01 (with other people)."""
    recognizer = registry.load(f"saved_model:{data_folder / 'recognizer'}", differentiable=False)
    photos = galleries.listing(data_folder / "photos" / "test", 84)
    people = sorted({photo.person for photo in photos})[:15]
    gallery, faces = galleries.read([photo for photo in photos if photo.person in people], {}, recognizer)
    several = np.flatnonzero(recall.has_another(gallery.people))
    found = recall.find(gallery.identities[several], gallery.people[several], gallery.identities, gallery.people, own=several)
    assert not faces and not gallery.left_out and len(several) >= 30
    assert found.top1.mean() >= .9 and found.right.mean() > .5 > .2 > found.wrong.mean()
