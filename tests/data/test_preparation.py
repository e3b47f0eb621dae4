"""Photos -> prepared folder: nothing lost, nothing half-done, nothing done twice."""
import errno
import fcntl
import hashlib
import json
import os
import signal
import subprocess
import sys
import textwrap

import cv2
import numpy as np
import PIL.Image
import pytest
import skimage.data
import tensorflow as tf

from morph3d import encoders
from morph3d.data import face_crops, photo_sources, preparation, records, shard_notes, shards
from tests.data import bad_photos
from tests.encoders import recogniser

NAMES = ("Ann/0.png", "Ann/1.png", "Ann/2.png", "Bob/0.png", "Bob/1.png", "Bob/2.png", "Eve/0.png", "Eve/1.png", "Eve/2.png")


@pytest.fixture(scope="module")
def encoder(tmp_path_factory):
    """The spec of a small recogniser of 32-pixel pictures."""
    folder = tmp_path_factory.mktemp("recogniser")
    network = recogniser.Recogniser()
    tf.saved_model.save(network, str(folder), signatures=network.encode)
    return f"saved_model:{folder}"


def save(path, brightness=1.):
    path.parent.mkdir(parents=True, exist_ok=True)
    PIL.Image.fromarray(np.uint8(skimage.data.astronaut()[:256, 96:352] * brightness)).save(path)


@pytest.fixture
def photos(tmp_path, monkeypatch):
    """A folder of nine photos of one face, in three shards."""
    monkeypatch.setattr(preparation, "PHOTOS_IN_SHARD", 3)
    for number, name in enumerate(NAMES):
        save(tmp_path / "photos" / name, 1. - .05 * number)
    return tmp_path / "photos"


def prepare(photos, encoder, folder=None, **settings):
    return preparation.prepare(photos, folder or photos.parent / "prepared", encoder, **settings)


def shard_files(index):
    """{path below the folder: digest of the content} of all shards."""
    return {str(path.relative_to(index.folder)): hashlib.sha1(path.read_bytes()).hexdigest()
            for kind in index.settings["kinds"] for path in sorted((index.folder / kind).iterdir())}


def stored(index, kind):
    return [tf.train.Example.FromString(record).features.feature for shard in index.shards
            for record in tf.data.TFRecordDataset(str(index.folder / kind / shard["name"])).as_numpy_iterator()]


def count_work(monkeypatch):
    """A list that gets the number of every shard that is made from now on."""
    made, make = [], shards.make
    monkeypatch.setattr(shards, "make", lambda folder, number, *rest: made.append(number) or make(folder, number, *rest))
    return made


def rejects(index):
    return dict(line.split("\t") for line in (index.folder / records.REJECTS).read_text().splitlines())


def test_crops_and_encodings_of_all_photos_are_stored_in_order(photos, encoder):
    index = prepare(photos, encoder)
    assert index.records == index.photos == 9 and index.rejected == {} and len(index.shards) == 3
    network = encoders.load(encoder)
    for name, crop, seen in zip(NAMES, stored(index, "crops"), stored(index, "encodings"), strict=True):
        for part in crop, seen:
            assert part["key"].bytes_list.value == [name.encode()] and part["person"].bytes_list.value == [name[:3].encode()]
        picture = tf.io.decode_jpeg(crop["image/encoded"].bytes_list.value[0]).numpy()
        expected = network(np.stack([picture, picture[:, ::-1]]) / np.float32(255.))
        for values, (stored_as, size) in zip(expected, (("features", 6), ("identity", 4))):
            np.testing.assert_allclose(np.reshape(seen[stored_as].float_list.value, [2, size]), values, atol=.03)


def test_encode_sees_the_photo_and_its_mirror_image(tiny_encoder):
    crops = np.random.default_rng(0).integers(0, 256, [3, 32, 32, 3], np.uint8)
    found = shards.encode(crops, tiny_encoder)
    for side, pictures in enumerate((crops, crops[:, :, ::-1])):
        expected = tiny_encoder(pictures / np.float32(255.))
        for part, values in zip(found, expected):
            np.testing.assert_allclose(part[:, side], values, atol=1e-5)


def test_training_reads_what_was_prepared(photos, encoder):
    index = prepare(photos, encoder)
    batch = next(iter(records.encodings(index, 18, 0)))
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
    expected = {photo_sources.printable(path): reason and reason.replace(bad_photos.NO_FILE, "cannot be opened")
                for path, reason in bad_photos.make(tmp_path / "photos", count).items()}
    index = prepare(tmp_path / "photos", encoder)
    assert index.photos == count
    assert {key: reason.split(":")[0] for key, reason in rejects(index).items()} == {
        key: reason for key, reason in expected.items() if reason}
    good = [key for key, reason in expected.items() if not reason]
    assert sorted(part["key"].bytes_list.value[0].decode() for part in stored(index, "crops")) == sorted(good)
    assert index.records == len(good) > .5 * count


def test_crops_show_upright_faces_with_their_points_on_the_template(tmp_path):
    """Whatever the orientation that a photo's EXIF block says."""
    bad_photos.make(tmp_path, 160)
    template = np.float32([(30, 30), (66, 30), (48, 52), (33, 70), (63, 70)])  # pixels of 96
    listed = photo_sources.find(tmp_path).photos
    crops = [crop for crop in shards.align(listed, template, 96) if not isinstance(crop, str)]
    found = face_crops.detect_all([cv2.resize(crop, (192, 192)) for crop in crops])
    assert len(crops) > 80 and all(points is not None for points in found)
    assert max(np.abs(points / 2. - template).mean() for points in found) < 5.


def test_a_face_of_too_few_pixels_is_left_out(photos, encoder, monkeypatch):
    monkeypatch.setattr(shards, "LARGEST_ENLARGEMENT", .1)
    with pytest.raises(ValueError, match="none of its 9 photos shows a face that can be found; .*rejects.tsv says why"):
        prepare(photos, encoder)
    assert "face too small: eyes 4" in (photos.parent / "prepared" / records.REJECTS).read_text()


def test_the_same_picture_is_taken_once(photos, encoder):
    (photos / "Zoe").mkdir()
    for copy in ("Zoe/a.png", "Zoe/b.png"):
        (photos / copy).write_bytes((photos / "Ann/1.png").read_bytes())
    index = prepare(photos, encoder)
    assert index.records == 9 and index.rejected == {"duplicate": 2}
    assert rejects(index) == {"Zoe/a.png": "duplicate: of Ann/1.png", "Zoe/b.png": "duplicate: of Ann/1.png"}


def test_the_same_picture_with_the_boxes_of_two_people_is_taken_twice():
    photo = photo_sources.Photo("a", "", "", "", (0., 0., 9., 9.))
    assert shards.digest(photo, b"x") != shards.digest(photo._replace(box=(9., 0., 18., 9.)), b"x")
    assert shards.digest(photo, b"x") == shards.digest(photo._replace(key="b"), b"x")
    assert shards.digest(photo, OSError()) is shards.digest(photo, b"") is None


def test_a_folder_begun_otherwise_is_refused_and_kept(photos, encoder):
    index = prepare(photos, encoder)
    before = shard_files(index)
    save(photos.parent / "others" / "a.png")
    for source, settings, message in ((photos.parent / "others", {}, "source = "), (photos, {"kinds": ["crops"]}, "kinds = ")):
        with pytest.raises(ValueError, match=f"settings.json: begun with {message}.*another folder"):
            prepare(source, encoder, index.folder, **settings)
    assert shard_files(index) == before and records.read_index(index.folder) == index


def run(code, photos, encoder):
    """Prepares in another process, after `code` with `make` (of shards) and `number` (of the shard)."""
    script = f"""
        import os, resource, signal
        from morph3d.data import preparation, shards
        preparation.PHOTOS_IN_SHARD = 3
        make = shards.make
        def hurt(folder, number, *rest):
            {code}
            return make(folder, number, *rest)
        shards.make = hurt
        preparation.prepare({str(photos)!r}, {str(photos.parent / "prepared")!r}, {encoder!r})"""
    return subprocess.run([sys.executable, "-c", textwrap.dedent(script)], capture_output=True, text=True,
                          env=os.environ | {"CUDA_VISIBLE_DEVICES": "-1", "TF_CPP_MIN_LOG_LEVEL": "3"})


def test_a_killed_run_goes_on_and_ends_as_an_uninterrupted_one(photos, encoder, monkeypatch):
    uninterrupted = shard_files(prepare(photos, encoder, photos.parent / "whole"))
    # In the middle of the third shard: its files are open, and one record is written.
    killed = run("""if number == 2:
                shards._examples = lambda *_: (b'x' if i == 0 else os.kill(os.getpid(), signal.SIGKILL) for i in range(2))""",
                 photos, encoder)
    assert killed.returncode == -signal.SIGKILL
    folder = photos.parent / "prepared"
    assert sorted(path.name for path in (folder / "crops").iterdir() if path.name[0] != ".") == ["00000.tfrecord", "00001.tfrecord"]
    assert any(path.name[0] == "." for path in (folder / "crops").iterdir()) and not (folder / records.INDEX).exists()
    made = count_work(monkeypatch)
    assert shard_files(prepare(photos, encoder)) == uninterrupted and made == [2]


def test_a_full_disk_stops_with_one_line_and_keeps_what_is_finished(photos, encoder, monkeypatch):
    full = run("""if number == 1:
                signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
                resource.setrlimit(resource.RLIMIT_FSIZE, (500, -1))""", photos, encoder)
    assert full.returncode == 1
    assert "00001.tfrecord: cannot be written" in full.stderr
    assert "make room and start again: what is finished is kept" in full.stderr
    assert [path.name for path in (photos.parent / "prepared" / "crops").iterdir()] == ["00000.tfrecord"]
    made = count_work(monkeypatch)
    assert prepare(photos, encoder).records == 9 and made == [1, 2]


def test_progress_shows_rate_and_photos(photos, encoder, capfd):
    prepare(photos, encoder)
    shown = capfd.readouterr().err
    assert "preparing: 100%" in shown and "9/9" in shown and "photos/s" in shown


def test_the_index_says_how_it_was_made(photos, encoder):
    index = json.loads((prepare(photos, encoder).folder / records.INDEX).read_text())
    network = encoders.load(encoder)
    assert index["settings"] == {"source": str(photos), "encoder": encoder, "encoder_weights": None, "image_size": 32,
                                 "template": network.template.tolist(), "fingerprint": network.fingerprint,
                                 "feature_size": 6, "identity_size": 4, "kinds": ["crops", "encodings"]}


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


def test_what_cannot_be_read_at_the_moment_is_not_left_out_but_waited_for(photos, encoder, monkeypatch):
    contents = photo_sources.contents

    def failing(listed):
        for photo, data in zip(listed, contents(listed)):
            yield OSError(errno.EIO, "Input/output error") if photo.key == "Bob/2.png" else data

    monkeypatch.setattr(photo_sources, "contents", failing)
    with pytest.raises(OSError, match="^Bob/2.png: cannot be read at the moment .Input/output error.; start again when it can"):
        prepare(photos, encoder)
    monkeypatch.setattr(photo_sources, "contents", contents)
    assert prepare(photos, encoder).records == 9


def test_files_that_are_not_ours_stay(photos, encoder):
    theirs = [photos.parent / "prepared" / "crops" / name for name in ("10001.jpg", ".hidden", "00099.tfrecord")]
    theirs[0].parent.mkdir(parents=True)
    for path in theirs:
        path.touch()
    prepare(photos, encoder)
    assert all(path.exists() for path in theirs)


def test_a_folder_within_the_source_is_refused(photos, encoder):
    with pytest.raises(ValueError, match="lies in the folder of the photos, .*photos; give one outside it"):
        prepare(photos, encoder, photos / "prepared")
    assert not (photos / "prepared").exists()


def test_two_programs_do_not_prepare_one_folder_at_once(photos, encoder):
    plan = photos.parent / "prepared" / "plan"
    plan.mkdir(parents=True)
    with open(plan / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(ValueError, match="prepared: another program is preparing photos in this folder"):
            prepare(photos, encoder)
    assert prepare(photos, encoder).records == 9


def test_workers_that_do_not_share_the_folder_are_named(photos, encoder, monkeypatch):
    monkeypatch.setattr(preparation, "PATIENCE", 0.)
    monkeypatch.setattr(preparation, "_take_digests", lambda *_: None)
    with pytest.raises(OSError, match="prepared: 3 shards are not there although they were made; do all workers share this folder"):
        prepare(photos, encoder)
    with pytest.raises(OSError, match="00007.list.json: not found, but it was written before; do all workers see this folder"):
        shard_notes.Notes(photos.parent).listed(7)


def test_notes_that_cannot_be_written_say_what_to_do(tmp_path):
    (tmp_path / "plan").touch()
    with pytest.raises(OSError, match="00000.made.json: cannot be written .*; make room and start again"):
        shard_notes.Notes(tmp_path).write(0, shard_notes.MADE, "", {})


def test_an_error_of_the_encoder_is_not_blamed_on_the_disk(photos, encoder, monkeypatch):
    def fail(*_):
        raise tf.errors.ResourceExhaustedError(None, None, "no memory for the encoder")

    monkeypatch.setattr(shards, "encode", fail)
    with pytest.raises(Exception, match="no memory for the encoder") as caught:
        prepare(photos, encoder)
    assert "cannot be written" not in str(caught.value)


def test_large_photos_are_shrunk_with_their_boxes():
    photo = photo_sources.Photo("a", "", "", "", (100., 20., 200., 40.))
    encoded = cv2.imencode(".png", np.zeros([60, 2 * shards.LONGEST_SIDE, 3], np.uint8))[1].tobytes()
    image, box = shards._decode(photo, encoded)
    assert image.shape == (30, shards.LONGEST_SIDE, 3) and box == (50., 10., 100., 20.)


def test_training_is_told_of_a_folder_that_is_not_finished(photos, encoder):
    index = prepare(photos, encoder)
    (index.folder / records.INDEX).unlink()
    with pytest.raises(ValueError, match="prepared: not finished; start morph3d-prepare again"):
        records.is_prepared(index.folder)
    assert not records.is_prepared(photos)
