import os

import numpy as np
import pytest
import tensorflow as tf

from morph3d.data import sources
from morph3d.data.prepared import shards


def example(**features):
    """A serialized tf.train.Example; names are given with __ for /."""
    made = tf.train.Example()
    for name, values in features.items():
        values = values if isinstance(values, list) else [values]
        kind = {bytes: "bytes_list", float: "float_list", int: "int64_list"}[type(values[0])]
        getattr(made.features.feature[name.replace("__", "/")], kind).value.extend(values)
    return made.SerializeToString()


def write(path, records):
    path.parent.mkdir(parents=True, exist_ok=True)
    with tf.io.TFRecordWriter(str(path)) as writer:
        for record in records:
            writer.write(record)
    return path


def numbered(count, start=0):
    return [example(image__encoded=b"picture %d" % number, key=b"%d" % number) for number in range(start, start + count)]


@pytest.fixture
def folder(tmp_path):
    """Two files of 3 and 2 records, whose keys do not sort as they are stored."""
    write(tmp_path / "faces-00000-of-00002.tfrecord", numbered(3, 9))
    write(tmp_path / "faces-00001-of-00002.tfrecord", numbered(2))
    (tmp_path / "index.json").write_text("{}")
    (tmp_path / ".17.faces-00001-of-00002.tfrecord").write_bytes(b"half written")
    return tmp_path


@pytest.mark.parametrize("source", ["", "*.tfrecord", "faces-0000[01]*"])
def test_records_are_listed_as_they_are_stored(folder, source):
    listing = sources.find(folder / source)
    assert [photo.key for photo in listing.photos] == ["9", "10", "11", "0", "1"]
    assert list(sources.contents(listing.photos)) == [b"picture %d" % number for number in (9, 10, 11, 0, 1)]
    assert listing.rejects == []


def test_one_file_is_a_source(folder):
    assert [photo.key for photo in sources.find(folder / "faces-00001-of-00002.tfrecord").photos] == ["0", "1"]


def test_records_can_be_read_in_any_order_and_beside_files(folder, tmp_path):
    (tmp_path / "files").mkdir()
    (tmp_path / "files" / "a.jpg").write_bytes(b"file")
    listed = sources.find(folder).photos
    some = [listed[4], listed[1], *sources.find(tmp_path / "files").photos, listed[0], listed[0]]
    assert list(sources.contents(some)) == [b"picture 1", b"picture 10", b"file", b"picture 9", b"picture 9"]


def test_the_usual_features_are_understood(tmp_path):
    box = {f"image__object__bbox__{side}": values for side, values in
           {"xmin": [.25, 0.], "ymin": [.5, 0.], "xmax": [.75, 1.], "ymax": [1., 1.]}.items()}
    write(tmp_path / "a.tfrecord", [
        example(image__encoded=b"1", image__filename="né.jpg".encode(), image__class__text=b"Ann", image__width=200,
                image__height=100, **box),
        example(image__encoded=b"2", key=b"two\xff\n", person=b"Bob", image__filename=b"other", image__width=200, **box),
        example(image__encoded=b"3")])
    assert [(photo.key, photo.person, photo.box) for photo in sources.find(tmp_path).photos] == [
        ("né.jpg", "Ann", (50., 50., 150., 100.)), ("two\\xff\\u000a", "Bob", None), ("a.tfrecord#00000002", "", None)]


def test_keys_are_unique(tmp_path):
    write(tmp_path / "a.tfrecord", [example(image__encoded=b"1", key=key) for key in (b"a", b"a", b"a.tfrecord#00000001 a", b"a")])
    assert len({photo.key for photo in sources.find(tmp_path).photos}) == 4


@pytest.mark.parametrize("cut", [1, 4, 20, -14, -8, -1])
def test_a_file_cut_short_gives_what_is_before_the_cut(folder, cut):
    path, lengths = folder / "faces-00000-of-00002.tfrecord", [len(record) + 16 for record in numbered(3, 9)]
    whole = path.read_bytes()
    path.write_bytes(whole[:lengths[0] + cut] if cut > 0 else whole[:cut])
    good = 1 if cut > 0 else 2
    listing = sources.find(folder)
    assert [photo.key for photo in listing.photos] == [*["9", "10"][:good], "0", "1"]
    assert listing.rejects == [("faces-00000-of-00002.tfrecord", f"cut short: after {good} records")]


def test_a_damaged_record_is_found(folder):
    path = folder / "faces-00000-of-00002.tfrecord"
    whole = bytearray(path.read_bytes())
    whole[len(numbered(1, 9)[0]) + 16 + 20] ^= 1
    path.write_bytes(whole)
    listing = sources.find(folder)
    assert [photo.key for photo in listing.photos] == ["9", "0", "1"]
    assert listing.rejects == [("faces-00000-of-00002.tfrecord", "damaged: after 1 records")]


def test_records_that_are_no_photos_are_rejects(tmp_path):
    write(tmp_path / "a.tfrecord", [b"\xff\xff no example", example(features=[.5, .5]), example(image__encoded=b""),
                                    example(image__encoded=b"good")])
    listing = sources.find(tmp_path)
    assert listing.rejects == [("a.tfrecord#00000000", "no tf.train.Example"), ("a.tfrecord#00000001", "no image/encoded"),
                               ("a.tfrecord#00000002", "no image/encoded")]
    assert list(sources.contents(listing.photos)) == [b"good"]


def test_files_without_photos_are_named(tmp_path):
    write(tmp_path / "a.tfrecord", [example(features=[.5, .5])])
    with pytest.raises(ValueError, match=r"no photos in its 1 TFRecord files; expected .*image/encoded; a.tfrecord#00000000: no"):
        sources.find(tmp_path)


@pytest.mark.parametrize("more", [5, 20])
def test_what_changes_after_listing_gives_errors_and_never_another_picture(folder, more):
    listed = sources.find(folder).photos
    path = folder / "faces-00000-of-00002.tfrecord"
    path.write_bytes(path.read_bytes()[:len(numbered(1, 9)[0]) + 16 + more])
    (folder / "faces-00001-of-00002.tfrecord").unlink()
    first, *others = sources.contents(listed)
    assert first == b"picture 9"
    assert all(isinstance(error, OSError) for error in others) and len(others) == 4
    assert "no record at byte" in str(others[0]) and isinstance(others[2], FileNotFoundError)
    assert all(error.errno not in shards.PASSING for error in others)  # it is the photos' fault, and no other day mends it


def test_the_version_is_that_of_the_file(folder):
    before = sources.find(folder).photos
    os.utime(folder / "faces-00001-of-00002.tfrecord", ns=(0, 7))
    changed = [one.version != other.version for one, other in zip(before, sources.find(folder).photos)]
    np.testing.assert_array_equal(changed, [False] * 3 + [True] * 2)
