"""Sources that are TFRecord files: known by their content, plain or gzipped, and what is damaged is named."""
import gzip
import os
import pathlib
import tempfile

import hypothesis
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import strategies

from morph3d.data import sources
from morph3d.data.prepared import shards
from morph3d.data.sources import tfrecords


def example(**features):
    """A serialized tf.train.Example; names are given with __ for /."""
    made = tf.train.Example()
    for name, values in features.items():
        values = values if isinstance(values, list) else [values]
        kind = {bytes: "bytes_list", float: "float_list", int: "int64_list"}[type(values[0])]
        getattr(made.features.feature[name.replace("__", "/")], kind).value.extend(values)
    return made.SerializeToString()


def write(path, records, compression=""):
    path.parent.mkdir(parents=True, exist_ok=True)
    with tf.io.TFRecordWriter(str(path), compression) as writer:
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
    return tmp_path


@pytest.mark.parametrize("source", ["", "*.tfrecord", "faces-0000[01]*"])
def test_records_are_listed_as_they_are_stored(folder, source):
    listing = sources.find(folder / source)
    assert [photo.key for photo in listing.photos] == ["9", "10", "11", "0", "1"]
    assert list(sources.contents(listing.photos)) == [b"picture %d" % number for number in (9, 10, 11, 0, 1)]
    assert listing.rejects == []


def test_one_file_is_a_source(folder):
    assert [photo.key for photo in sources.find(folder / "faces-00001-of-00002.tfrecord").photos] == ["0", "1"]


@pytest.mark.parametrize("compression", ["", "GZIP"])
@pytest.mark.parametrize("name", ["faces.tfrecord", "faces.tfrecord.gz", "train-00000-of-00002", "deeper/faces"])
def test_files_are_known_by_content(tmp_path, compression, name):
    write(tmp_path / name, numbered(3), compression)
    listing = sources.find(tmp_path)
    assert [photo.key for photo in listing.photos] == ["0", "1", "2"] and listing.rejects == []
    assert list(sources.contents(listing.photos)) == [b"picture 0", b"picture 1", b"picture 2"]


@pytest.mark.parametrize("compression", ["", "GZIP"])
def test_photos_in_files_and_in_records_are_read_together_and_in_any_order(tmp_path, compression):
    write(tmp_path / "Ann" / "faces.tfrecord", [*numbered(2), example(image__encoded=b"same key", key=b"Ann/b.jpg")], compression)
    for name in ("a.jpg", "b.jpg"):
        (tmp_path / "Ann" / name).write_bytes(name.encode())
    (tmp_path / "notes.txt").write_text("text")
    listing = sources.find(tmp_path)
    assert [photo.key for photo in listing.photos] == [
        "Ann/a.jpg", "Ann/b.jpg", "0", "1", "Ann/faces.tfrecord#00000002 Ann/b.jpg"]
    assert listing.rejects == [("notes.txt", "not an image")]
    chosen = [3, 2, 0, 1, 4, 2]
    expected = [b"a.jpg", b"b.jpg", b"picture 0", b"picture 1", b"same key"]
    assert list(sources.contents([listing.photos[i] for i in chosen])) == [expected[i] for i in chosen]


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


@pytest.mark.parametrize("cut, least, most", [(30, 0, 0), (2000, 4, 12), (-12, 19, 20), (-3, 20, 20)])
def test_a_gzipped_file_cut_short_gives_what_is_before_the_cut(tmp_path, cut, least, most):
    noise = [np.random.default_rng(i).bytes(200) for i in range(20)]
    path = write(tmp_path / "a.tfrecord", [example(image__encoded=data) for data in noise], "GZIP")
    path.write_bytes(path.read_bytes()[:cut])
    (tmp_path / "b.jpg").touch()
    photo, *stored = sources.find(tmp_path).photos
    assert list(sources.contents(stored)) == noise[:len(stored)] and least <= len(stored) <= most
    assert sources.find(tmp_path).rejects == [("a.tfrecord", f"cut short: after {len(stored)} records")]


@pytest.mark.parametrize("content, reason", [
    (b"", "empty"), (b"text", "cut short: after 0 records"), (b"text" * 9, "damaged: after 0 records"),
    (gzip.compress(b"text" * 9, mtime=0), "damaged: after 0 records"), (gzip.compress(b"", mtime=0), "empty: after 0 records")])
def test_what_is_only_named_like_one_is_named(folder, content, reason):
    (folder / "other.tfrecord").write_bytes(content)
    listing = sources.find(folder)
    assert len(listing.photos) == 5 and listing.rejects == [("other.tfrecord", reason)]


@hypothesis.given(strategies.binary(max_size=99))
def test_the_checksum_of_a_header_is_tensorflows(data):
    with tempfile.NamedTemporaryFile() as file:
        with tf.io.TFRecordWriter(file.name) as writer:
            writer.write(data)
        beginning = pathlib.Path(file.name).read_bytes()
    assert tfrecords.recognizes("", beginning)
    for position in range(12):
        damaged = bytearray(beginning)
        damaged[position] ^= 1
        assert not tfrecords.recognizes("", bytes(damaged))


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
    with pytest.raises(ValueError, match="no photos; expected .* with image/encoded; a.tfrecord#00000000: no image"):
        sources.find(tmp_path)


@pytest.mark.parametrize("compression", ["", "GZIP"])
@pytest.mark.parametrize("more", [5, 20])
def test_what_changes_after_listing_gives_errors_and_never_another_picture(tmp_path, more, compression):
    first, second = (write(tmp_path / f"{name}.tfrecord", numbered(3, start), compression) for name, start in (("a", 0), ("b", 3)))
    listed = sources.find(tmp_path).photos
    plain = write(tmp_path / "plain", numbered(3)).read_bytes()[:len(numbered(1)[0]) + 16 + more]
    first.write_bytes(gzip.compress(plain) if compression else plain)
    second.unlink()
    found, *others = sources.contents(listed)
    assert found == b"picture 0"
    assert all(isinstance(error, OSError) for error in others) and len(others) == 5
    assert "no record at byte" in str(others[0]) and isinstance(others[2], FileNotFoundError)
    assert all(error.errno not in shards.PASSING for error in others)  # it is the photos' fault, and no other day mends it


def test_the_version_is_that_of_the_file(folder):
    before = sources.find(folder).photos
    os.utime(folder / "faces-00001-of-00002.tfrecord", ns=(0, 7))
    changed = [one.version != other.version for one, other in zip(before, sources.find(folder).photos)]
    np.testing.assert_array_equal(changed, [False] * 3 + [True] * 2)
