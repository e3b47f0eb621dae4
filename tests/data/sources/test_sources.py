"""Sources that are folders: every file is taken or named, whatever it is called, and nothing blocks."""
import json
import os
import socket

import numpy as np
import pytest
import tensorflow as tf

from morph3d.data import sources
from morph3d.data.sources import folders, listing
from morph3d.photos import decoding
from tests.photos import bad_photos

ODD = os.fsdecode(b"na\xefve\n\t\\x.jpg")  # not UTF-8, and not one line


@pytest.fixture
def put(tmp_path):
    """Writes files {path: content} below a folder of photos and gives that folder."""
    def write(files):
        for path, content in files.items():
            (tmp_path / "people" / path).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / "people" / path).write_bytes(content)
        return tmp_path / "people"
    return write


def keys(source):
    return [photo.key for photo in sources.find(source).photos]


def outcome(source):
    """{key: bytes, or the error's text}."""
    listed = sources.find(source).photos
    return {photo.key: data if isinstance(data, bytes) else str(data)
            for photo, data in zip(listed, sources.contents(listed), strict=True)}


def test_a_folder_tree_gives_each_photo_with_its_person(put):
    folder = put({"b/2.png": b"two", "b/1.JPG": b"one", "top.jpeg": b"top", "a/deep/er/x.webp": b"x", "b/notes.txt": b"no photo"})
    listing = sources.find(folder)
    assert [(photo.key, photo.person, photo.box) for photo in listing.photos] == [
        ("a/deep/er/x.webp", "er", None), ("b/1.JPG", "b", None), ("b/2.png", "b", None), ("top.jpeg", "", None)]
    assert list(sources.contents(listing.photos)) == [b"x", b"one", b"two", b"top"]
    assert listing.rejects == [("b/notes.txt", "not an image")]


PNG = bad_photos.png(1, 1, 8, 2, bytes(4))
JPEG = bad_photos.encoded(np.zeros([8, 8, 3], np.uint8), "JPEG")


def test_files_are_known_by_content_and_every_one_is_taken_or_named(put):
    folder = put({"a/whole.jfif": JPEG, "a/no ending": PNG, "b.txt": JPEG, "named.jpg": b"text", "notes.txt": b"text",
                  ".DS_Store": b"\0\0\0\1Bud1", "Thumbs.db": b"\xd0\xcf\x11\xe0", "empty.dat": b"", "table.csv": b"a,b\n1,2\n"})
    (folder / "dangling").symlink_to("nowhere")
    os.mkfifo(folder / "pipe")
    listing = sources.find(folder)
    assert [(photo.key, photo.person) for photo in listing.photos] == [
        ("a/no ending", "a"), ("a/whole.jfif", "a"), ("b.txt", ""), ("named.jpg", "")]
    assert list(sources.contents(listing.photos)) == [PNG, JPEG, JPEG, b"text"]
    assert dict(listing.rejects) == {
        ".DS_Store": "not an image", "Thumbs.db": "not an image", "notes.txt": "not an image", "table.csv": "not an image",
        "empty.dat": "empty", "dangling": "cannot be opened: No such file or directory",
        "pipe": "cannot be opened: not a regular file"}


@pytest.mark.parametrize("kind", decoding.FORMATS)
def test_every_format_that_can_be_decoded_is_known(put, kind):
    image = bad_photos.encoded(np.zeros([8, 8, 3], np.uint8), kind)
    assert keys(put({"photo.orig": image})) == ["photo.orig"]


def test_of_what_is_no_image_only_the_beginning_is_read(put):
    os.truncate(put({"a.jpg": b"a", "movie.mov": b""}) / "movie.mov", 2**40)  # takes no room on the disk
    assert sources.find(put({})).rejects == [("movie.mov", "not an image")]


def test_files_named_like_images_are_listed_unopened(put, monkeypatch):
    folder = put({"a.jpg": b"", "b.PNG": b"", "c.txt": b""})
    opened = []
    monkeypatch.setattr(folders, "_open", lambda entry: opened.append(entry.name) or open(entry, "rb"))
    assert keys(folder) == ["a.jpg", "b.PNG"] and opened == ["c.txt"]


def test_files_may_be_given_by_name_or_pattern(put):
    folder = put({"Ann/1.jpg": b"1", "Bob/2.jfif": JPEG, "Bob/2.txt": b"text", "Bob/3.jpg": b"3"})
    listing = sources.find(folder / "*" / "[12].*")
    assert [(photo.key, photo.person) for photo in listing.photos] == [("Ann/1.jpg", "Ann"), ("Bob/2.jfif", "Bob")]
    assert list(sources.contents(listing.photos)) == [b"1", JPEG] and listing.rejects == [("Bob/2.txt", "not an image")]
    assert keys(folder / "Bob" / "3.jpg") == ["3.jpg"]


def test_a_source_may_be_a_relative_path_and_is_read_from_anywhere(put, monkeypatch):
    monkeypatch.chdir(put({"a.jpg": b"a"}).parent)
    listed = sources.find("people").photos
    monkeypatch.chdir("/")
    assert list(sources.contents(listed)) == [b"a"]


def test_the_version_changes_with_the_picture(put):
    folder = put({"a.jpg": b"one", "b.jpg": b"one"})
    before = sources.find(folder).photos
    os.utime(put({"a.jpg": b"two"}) / "a.jpg", ns=(0, 7))
    after = sources.find(folder).photos
    assert before[0].version != after[0].version and before[1] == after[1]


def test_odd_names_are_printable_and_survive_json(put):
    listed = sources.find(put({ODD: b"odd", "é ü/日本.jpg": b"plain"})).photos
    assert [photo.key for photo in listed] == ["na\\xefve\\u000a\\u0009\\\\x.jpg", "é ü/日本.jpg"]
    restored = [sources.Photo(*fields) for fields in json.loads(json.dumps(listed))]
    assert restored == listed
    assert list(sources.contents(restored)) == [b"odd", b"plain"]
    assert "\n".join(photo.key for photo in listed).encode().count(b"\n") == 1


def test_photos_and_records_of_any_bytes_for_a_name_are_read(put):
    records = put({"Ann/a": b""}) / "Ann" / os.fsdecode(b"\xff\xfe")
    with tf.io.TFRecordWriter(str(records.parent / "a")) as writer:
        image = tf.train.Feature(bytes_list=tf.train.BytesList(value=[b"stored"]))
        writer.write(tf.train.Example(features=tf.train.Features(feature={"image/encoded": image})).SerializeToString())
    (records.parent / "a").rename(records)
    names = [os.fsdecode(name) for name in (b"\xff\xfe.jpg", b"\xfd", b"\xff.txt")]
    folder = put({f"Ann/{names[0]}": b"one", f"Ann/{names[1]}": JPEG, f"Ann/{names[2]}": b"text"})
    listing = sources.find(folder)
    assert outcome(folder) == {"Ann/\\xfd": JPEG, "Ann/\\xff\\xfe.jpg": b"one", "Ann/\\xff\\xfe#00000000": b"stored"}
    assert listing.rejects == [("Ann/\\xff.txt", "not an image")]


@pytest.mark.parametrize("names", [("\\n", "\n"), (os.fsdecode(b"\xff"), "\\xff"), (os.fsdecode(b"\x9f"), "\x9f"), ("\\\\", "\\")])
def test_different_names_stay_different(names):
    assert len({listing.printable(name) for name in names}) == 2


def test_only_what_is_a_readable_file_gives_bytes_and_nothing_blocks(put):
    folder = put({"good.jpg": b"good", "folder.jpg/inside.png": b"inside"})
    (folder / "linked.jpg").symlink_to(folder / "good.jpg")
    (folder / "dangling.jpg").symlink_to("nowhere.jpg")
    (folder / "circle.jpg").symlink_to("circle.jpg")
    (folder / "null.jpg").symlink_to(os.devnull)
    os.mkfifo(folder / "pipe.jpg")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(folder / "socket.jpg"))
    found = outcome(folder)
    good = {key: data for key, data in found.items() if isinstance(data, bytes)}
    assert good == {"folder.jpg/inside.png": b"inside", "good.jpg": b"good", "linked.jpg": b"good"}
    assert "No such file" in found.pop("dangling.jpg") and "Too many levels" in found.pop("circle.jpg")
    errors = {key: text for key, text in found.items() if key not in good}
    assert set(errors) == {"null.jpg", "pipe.jpg", "socket.jpg"}
    assert all("not a regular file" in text for text in errors.values())


def test_a_file_too_large_for_a_photo_is_not_read(put, monkeypatch):
    monkeypatch.setattr(folders, "LARGEST", 2**20)
    assert "larger than 1 MiB" in outcome(put({"huge.ppm": b"x" * (2**20 + 1)}))["huge.ppm"]


def test_a_photo_that_goes_away_after_listing_gives_an_error_and_the_rest_its_bytes(put):
    folder = put({"a.jpg": b"a", "b.jpg": b"b"})
    listed = sources.find(folder).photos
    (folder / "a.jpg").unlink()
    gone, there = sources.contents(listed)
    assert isinstance(gone, FileNotFoundError) and there == b"b"


def test_linked_folders_are_entered_once_and_circles_end(put):
    folder = put({"z/1.jpg": b"1"})
    (folder / "z" / "up").symlink_to(folder)
    (folder / "a").symlink_to(folder / "z")  # comes first in the alphabet, but the folder itself names the photo
    (folder / "above").symlink_to(folder.parent)
    (folder.parent / "elsewhere").mkdir()
    (folder.parent / "elsewhere" / "2.jpg").write_bytes(b"2")
    (folder / "b").symlink_to(folder.parent / "elsewhere")
    (folder / "c").symlink_to(folder.parent / "elsewhere")
    assert keys(folder) == ["b/2.jpg", "z/1.jpg"]


def test_a_folder_that_cannot_be_listed_is_a_reject(put, monkeypatch):
    folder = put({"a/1.jpg": b"1", "b/2.jpg": b"2"})
    entries_of = folders.entries_of

    def refuse(path):
        if path.endswith("a/"):
            raise PermissionError(13, "Permission denied", path)
        return entries_of(path)

    monkeypatch.setattr(folders, "entries_of", refuse)
    listing = sources.find(folder)
    assert [photo.key for photo in listing.photos] == ["b/2.jpg"]
    assert listing.rejects == [("a/", "cannot be listed: Permission denied")]


def test_a_missing_folder_is_named(tmp_path):
    with pytest.raises(ValueError, match="nowhere: no such folder or file of photos"):
        sources.find(tmp_path / "nowhere")


def test_a_folder_without_photos_is_named(put):
    with pytest.raises(ValueError, match=r"people: no photos; expected images \(JPEG, .*\) or .*; notes.txt: not an image"):
        sources.find(put({"notes.txt": b"none"}))


TABLE = 'NAME_ID,X,Y,W,H\n"n000001/0001_01",60,60,79,109\n"n000001/0002_01",-4,81,207,295\n'


@pytest.mark.parametrize("source, tables", [
    (".", "bb_landmark"), (".", "meta/bb_landmark"), ("train", "bb_landmark"), ("data", "meta/bb_landmark")])
def test_vggface2_photos_have_the_boxes_of_its_tables(put, source, tables):
    inside = "data/" if source == "data" else ""
    folder = put({f"{inside}train/n000001/0001_01.jpg": b"1", f"{inside}train/n000001/0002_01.jpg": b"2",
                  f"{inside}train/n000001/0003_01.jpg": b"3", f"{tables}/loose_bb_train.csv": TABLE.encode()})
    listing = sources.find(folder / source)
    assert [photo.box for photo in listing.photos] == [(60., 60., 139., 169.), (-4., 81., 203., 376.), None]
    assert {photo.person for photo in listing.photos} == {"n000001"}
    assert listing.rejects == []


def test_vggface2_takes_both_halves_but_no_box_for_crops_beside_them(put):
    folder = put({"train/n000001/0001_01.jpg": b"1", "test/n000009/0001_01.jpg": b"9", "cropped/n000001/0001_01.jpg": b"c",
                  "bb_landmark/loose_bb_train.csv": TABLE.encode(),
                  "bb_landmark/loose_bb_test.csv": b'NAME_ID,X,Y,W,H\n"n000009/0001_01",1,2,3,4\n'})
    assert [(photo.key, photo.person, photo.box) for photo in sources.find(folder).photos] == [
        ("cropped/n000001/0001_01.jpg", "n000001", None), ("test/n000009/0001_01.jpg", "n000009", (1., 2., 4., 6.)),
        ("train/n000001/0001_01.jpg", "n000001", (60., 60., 139., 169.))]


def test_broken_lines_of_vggface2_tables_are_rejects(put):
    broken = b'"n000001/0003_01",1,2\n"n000001/0004_01",1,2,x,4\n"n000001/0005_01",1,2,0,4\n"\xff\0\n'
    table = broken + TABLE.encode()
    listing = sources.find(put({"train/n000001/0001_01.jpg": b"1", "bb_landmark/loose_bb_train.csv": table}))
    assert listing.photos[0].box == (60., 60., 139., 169.)
    assert [key for key, _ in listing.rejects] == [f"loose_bb_train.csv:{line}" for line in (1, 2, 3, 4)]
    assert all(reason.startswith("broken line: ") for _, reason in listing.rejects)
    assert "no box: left 1, top 2, right 1, bottom 6" in listing.rejects[2][1]
