"""Preparation of photos: nothing lost, nothing half-done, nothing done twice."""
import json
import os
import shutil
import socket

import numpy as np
import PIL.Image
import PIL.ImageOps
import pytest
import tensorflow as tf
from apache_beam.runners.portability import prism_runner

from morph3d.data import sources
from morph3d.data.prepared import dataset, shards
from morph3d.encoders import registry
from morph3d.photos import crops, face_detection
from tests.data.prepared.making import NAMES, count_work, prepare, rejects, save, shard_files, stored
from tests.encoders import recognizer
from tests.photos import bad_photos


def test_crops_and_encodings_of_all_photos_are_stored_in_order(photos, encoder):
    index = prepare(photos, encoder)
    assert index.records == index.photos == 9 and index.rejected == {} and len(index.shards) == 3
    network = registry.load(encoder)
    for name, crop, seen in zip(NAMES, stored(index, "crops"), stored(index, "encodings"), strict=True):
        for part in crop, seen:
            assert part["key"].bytes_list.value == [name.encode()] and part["person"].bytes_list.value == [name[:3].encode()]
        picture = tf.io.decode_jpeg(crop["image/encoded"].bytes_list.value[0]).numpy()
        expected = network(np.stack([picture, picture[:, ::-1]]) / np.float32(255.))  # its template is symmetric
        for values, (stored_as, size) in zip(expected, (("features", 6), ("identity", 4))):
            np.testing.assert_allclose(np.reshape(seen[stored_as].float_list.value, [2, size]), values, atol=.03)


def test_a_mirrored_photo_is_mirrored_before_it_is_cropped(tmp_path, monkeypatch):
    """A recognizer's template may be lopsided, as dlib's is: the mirror image of the crop would lie beside it."""
    lopsided = recognizer.TEMPLATE + np.float32([[-3., 0.], [0., 0.], [2., 0.], [0., 1.], [0., 0.]])
    tf.saved_model.save(network := recognizer.Recognizer(lopsided), str(tmp_path / "recognizer"), signatures=network.encode)
    save(tmp_path / "one" / "a.png")
    photo = PIL.Image.open(tmp_path / "one" / "a.png")
    (tmp_path / "other").mkdir()
    PIL.ImageOps.mirror(photo).save(tmp_path / "other" / "a.png")
    points = face_detection.detect(np.asarray(photo))
    mirrored = (points * [-1., 1.] + [photo.width, 0.])[[1, 0, 2, 4, 3]]
    seen = []
    for name, five in ("one", points), ("other", mirrored):
        monkeypatch.setattr(face_detection, "detect_all", lambda *_: [five])
        index = prepare(tmp_path / name, f"saved_model:{tmp_path / 'recognizer'}", tmp_path / f"{name}, prepared")
        seen.append(np.reshape(stored(index, "encodings")[0]["features"].float_list.value, [2, 6]))
    assert np.abs(seen[0][0] - seen[0][1]).max() > .001
    np.testing.assert_allclose(seen[0], seen[1][::-1], atol=1e-5)


def test_training_reads_what_was_prepared(photos, encoder):
    index = prepare(photos, encoder)
    batch = next(iter(dataset.encodings(index, 18, 0)))
    assert batch.features.shape == (18, 6) and np.isfinite(batch.identity).all()
    np.testing.assert_allclose(np.linalg.norm(batch.identity, axis=1), 1., atol=1e-5)


def test_only_what_is_wanted_is_stored(photos, encoder):
    index = prepare(photos, encoder, kinds=["crops"])
    assert (index.folder / "crops").is_dir() and not (index.folder / "encodings").exists()


def test_a_second_start_has_nothing_to_do(photos, encoder, monkeypatch):
    before = prepare(photos, encoder)
    made = count_work(monkeypatch)
    assert prepare(photos, encoder) == before and made == []


def test_a_shard_cut_short_is_made_again_and_no_other(photos, encoder, monkeypatch):
    index = prepare(photos, encoder)
    whole = shard_files(index)
    path = index.folder / "crops" / "00001.tfrecord"
    path.write_bytes(path.read_bytes()[:-10])
    made = count_work(monkeypatch)
    assert shard_files(prepare(photos, encoder)) == whole and made == [1]


def test_only_the_shards_of_changed_photos_are_made_again(photos, encoder, monkeypatch):
    prepare(photos, encoder)
    made = count_work(monkeypatch)
    save(photos / "Bob" / "1.png", .3)
    save(photos / "Zoe" / "0.png", .2)
    index = prepare(photos, encoder)
    assert made == [1, 3] and index.records == 10
    for name in ("Bob", "Zoe"):
        for path in (photos / name).iterdir():
            path.unlink()
    made.clear()
    index = prepare(photos, encoder)
    assert made == [1, 3] and index.records == 6 and len(stored(index, "encodings")) == 6


@pytest.mark.parametrize("moved", [False, True], ids=["in place", "elsewhere"])
def test_a_copy_with_other_times_is_the_same_source(photos, encoder, monkeypatch, moved):
    before = prepare(photos, encoder)
    whole = shard_files(before)
    copy = shutil.copytree(photos, photos.parent / "copy", copy_function=shutil.copyfile)
    for path in copy.glob("*/*"):
        os.utime(path, ns=(0, 10**18))
    shutil.rmtree(photos)
    if not moved:
        copy = copy.rename(photos)
    made = count_work(monkeypatch)
    index = prepare(copy, encoder)
    assert made == [] and shard_files(index) == whole and index.digest == before.digest
    assert index.settings["source"] == str(copy)
    save(copy / "Bob" / "1.png", .3)
    assert prepare(copy, encoder).digest != before.digest and made == [1]


def test_equal_photos_have_equal_digests_wherever_they_are_prepared(photos, encoder):
    copy = shutil.copytree(photos, photos.parent / "copy", copy_function=shutil.copyfile)
    assert prepare(photos, encoder).digest == prepare(copy, encoder, photos.parent / "second").digest


def test_new_photos_get_new_shards_wherever_they_are_listed(photos, encoder, monkeypatch):
    before = shard_files(prepare(photos, encoder))
    made = count_work(monkeypatch)
    save(photos / "Aaron" / "0.png", .2)
    after = shard_files(prepare(photos, encoder))
    assert made == [3] and after.items() > before.items()


def test_what_shows_no_usable_face_is_left_out_with_its_reason(photos, encoder):
    PIL.Image.fromarray(np.full([80, 80, 3], 127, np.uint8)).save(photos / "wall.png")
    (photos / "text.jpg").write_text("no photo")
    (photos / "gone.jpg").symlink_to(photos / "nowhere.jpg")
    index = prepare(photos, encoder)
    assert index.records == 9 and index.photos == 12
    reasons = rejects(index)
    assert set(reasons) == {"wall.png", "text.jpg", "gone.jpg"} and reasons["wall.png"] == "no face found"
    assert sum(index.rejected.values()) == 3 and index.rejected["no face found"] == 1


@pytest.mark.parametrize("count", [160, pytest.param(1000, marks=pytest.mark.slow)])
def test_of_files_as_they_come_from_the_web_every_good_one_is_stored_and_every_other_named(tmp_path, encoder, count):
    expected = {sources.printable(path): reason and reason.replace(bad_photos.NO_FILE, "cannot be opened")
                for path, reason in bad_photos.make(tmp_path / "photos", count).items()}
    index = prepare(tmp_path / "photos", encoder)
    assert index.photos == count
    assert {key: reason.split(":")[0] for key, reason in rejects(index).items()} == {
        key: reason for key, reason in expected.items() if reason}
    good = [key for key, reason in expected.items() if not reason]
    assert sorted(part["key"].bytes_list.value[0].decode() for part in stored(index, "crops")) == sorted(good)
    assert index.records == len(good) > .5 * count


def test_a_face_of_too_few_pixels_is_left_out(photos, encoder, monkeypatch):
    monkeypatch.setattr(crops, "EYES_APART", 60.)
    with pytest.raises(ValueError, match="none of its 9 photos shows a face that can be found; .*rejects.tsv says why"):
        prepare(photos, encoder)
    assert "face too small: eyes 4" in (photos.parent / "prepared" / dataset.REJECTS).read_text()


def test_a_turned_photo_is_taken_upright_and_counted(photos, encoder):
    plain = stored(prepare(photos, encoder), "crops")[4]["image/encoded"].bytes_list.value[0]
    photo = PIL.Image.open(photos / "Bob/1.png")
    photo.transpose(PIL.Image.Transpose.ROTATE_180).save(photos / "Bob/1.png")
    index = prepare(photos, encoder)
    turned = stored(index, "crops")[4]["image/encoded"].bytes_list.value[0]
    before, after = (tf.cast(tf.io.decode_jpeg(jpeg), tf.float32).numpy() for jpeg in (plain, turned))
    assert index.turned == 1 and index.records == 9 and dataset.read_index(index.folder) == index
    assert np.abs(after - before).mean() < 12. < np.abs(after[::-1] - before).mean()


def test_what_another_version_has_cropped_is_prepared_anew(photos, encoder, monkeypatch):
    monkeypatch.setattr(crops, "VERSION", 1)
    before = prepare(photos, encoder)
    monkeypatch.undo()
    made = count_work(monkeypatch)
    assert dataset.read_index(before.folder) == before  # and read as it is until then
    assert prepare(photos, encoder).digest != before.digest and sorted(made) == [0, 1, 2]


def test_the_same_picture_is_taken_once(photos, encoder):
    (photos / "Zoe").mkdir()
    for copy in ("Zoe/a.png", "Zoe/b.png"):
        (photos / copy).write_bytes((photos / "Ann/1.png").read_bytes())
    index = prepare(photos, encoder)
    assert index.records == 9 and index.rejected == {"duplicate": 2}
    assert rejects(index) == {"Zoe/a.png": "duplicate: of Ann/1.png", "Zoe/b.png": "duplicate: of Ann/1.png"}


def test_the_same_picture_with_the_boxes_of_two_people_is_taken_twice():
    photo = sources.Photo("a", "", "", "", (0., 0., 9., 9.))
    assert shards.digest(photo, b"x") != shards.digest(photo._replace(box=(9., 0., 18., 9.)), b"x")
    assert shards.digest(photo, b"x") == shards.digest(photo._replace(key="b"), b"x")
    assert shards.digest(photo, OSError()) is None and shards.digest(photo, b"") == ""


def test_progress_shows_rate_and_photos(photos, encoder, capfd):
    prepare(photos, encoder)
    shown = capfd.readouterr().err
    assert "preparing: 100%" in shown and "9/9" in shown and "photos/s" in shown


def test_nobody_outside_is_asked_for_a_runner(photos, encoder, monkeypatch):
    """Beam's DirectRunner asks for the program Prism, and where nobody answers it waits."""
    asked = []
    monkeypatch.setattr(socket, "getaddrinfo", lambda host, *_, **__: asked.append(host) or [])
    monkeypatch.setattr(prism_runner.PrismRunner, "default_job_server", lambda *_: asked.append("Prism"))
    assert prepare(photos, encoder).records == 9 and asked == []


@pytest.mark.slow
def test_several_processes_make_the_same_shards(photos, encoder, monkeypatch):
    made_here = count_work(monkeypatch)
    options = ["--direct_running_mode=multi_processing", "--direct_num_workers=2"]
    several = prepare(photos, encoder, photos.parent / "several", options=options)
    assert several.records == 9 and made_here == []
    assert shard_files(prepare(photos, encoder)) == shard_files(several) and made_here == [0, 1, 2]


def test_the_index_says_how_it_was_made(photos, encoder):
    index = json.loads((prepare(photos, encoder).folder / dataset.INDEX).read_text())
    network = registry.load(encoder)
    assert index["settings"] == {"format": 2, "source": str(photos), "encoder": encoder, "encoder_weights": None,
                                 "color_features": False, "image_size": 32, "template": network.template.tolist(),
                                 "fingerprint": network.fingerprint, "feature_size": 6, "identity_size": 4,
                                 "kinds": ["crops", "encodings"]}


def test_another_word_for_the_same_folders_is_the_same(photos, encoder, monkeypatch):
    prepare(photos, encoder)
    made = count_work(monkeypatch)
    monkeypatch.chdir(photos.parent)
    assert prepare("photos/", encoder, "prepared").records == 9 and made == []


def test_the_digest_tells_other_photos(photos, encoder):
    before = prepare(photos, encoder)
    assert prepare(photos, encoder).digest == before.digest
    save(photos / "Bob" / "1.png", .3)
    assert prepare(photos, encoder).digest != before.digest


def test_training_is_told_of_a_folder_that_is_not_finished(photos, encoder):
    index = prepare(photos, encoder)
    (index.folder / dataset.INDEX).unlink()
    with pytest.raises(ValueError, match="prepared: not finished; start morph3d-prepare again"):
        dataset.is_prepared(index.folder)
    assert not dataset.is_prepared(photos)
