"""What stands on the command line, as photos and videos."""
import os
import pathlib

import pytest
import skimage.data

from morph3d import images
from morph3d.inference import face_files, inputs
from morph3d.inference.inputs import Input


@pytest.fixture
def folder(tmp_path):
    """Photos, a video and other things, some in folders."""
    png = images.png(skimage.data.astronaut()[::8, ::8])
    for name, content in {"b.jpg": png, "a.png": png, "no ending": png, "film.MP4": b"", "notes.txt": b"dear diary", "empty": b"",
                          "anna/1.jpg": png, "anna/2.jpg": png, "anna/old/1.jpg": png, "zoe/1.jpg": b"broken"}.items():
        path = tmp_path / "photos" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return tmp_path / "photos"


def test_a_folder_is_all_its_photos_and_videos_and_those_in_its_folders(folder):
    found, rejects = inputs.find([str(folder)])
    assert [(os.path.relpath(path, folder), name, is_video) for path, name, is_video in found] == [
        ("a.png", "a", False), ("anna/1.jpg", "anna/1", False), ("anna/2.jpg", "anna/2", False),
        ("anna/old/1.jpg", "anna/old/1", False), ("b.jpg", "b", False), ("film.MP4", "film", True),
        ("no ending", "no ending", False), ("zoe/1.jpg", "zoe/1", False)]
    assert [(os.path.relpath(path, folder), reason) for path, reason in rejects] == [
        ("empty", "neither a photo nor a video"), ("notes.txt", "neither a photo nor a video")]


def test_a_file_that_is_named_is_taken_whatever_it_is(folder):
    for name in "notes.txt", "empty", "a.png":
        assert inputs.find([str(folder / name)]) == ([Input(str(folder / name), pathlib.Path(name).stem, False)], [])


def test_patterns_and_lists_are_taken_in_order(folder):
    listed = [f"{folder}/b.jpg\n", "\n", f"{folder}/anna\r\n"]
    found, _ = inputs.find([f"{folder}/zoe/*", "-", f"{folder}/?.png"], listed)
    assert [name for _, name, _ in found] == ["1", "b", "1_2", "2", "old/1", "a"]


def test_a_file_whose_name_looks_like_a_pattern_is_itself(tmp_path):
    (tmp_path / "me[1].jpg").write_bytes(b"")
    (tmp_path / "me1.jpg").write_bytes(b"")
    assert [path for path, *_ in inputs.find([str(tmp_path / "me[1].jpg")])[0]] == [str(tmp_path / "me[1].jpg")]


def test_names_differ_even_where_case_does_not_tell_them_apart(tmp_path):
    paths = [tmp_path / name for name in ("me.jpg", "me.png", "ME.webp", "me_2.jpg")]
    for path in paths:
        path.write_bytes(b"")
    assert [name for _, name, _ in inputs.find(list(map(str, paths)))[0]] == ["me", "me_2", "ME_3", "me_2_2"]


def test_a_name_that_is_too_long_for_the_files_of_a_face_is_shortened(tmp_path):
    paths = [tmp_path / f"{name}.png" for name in ("x" * 250 + "1", "x" * 250 + "2", "日" * 80, "short")]
    for path in paths:
        path.write_bytes(b"")
    names = [name for _, name, _ in inputs.find(list(map(str, paths)))[0]]
    assert names == ["x" * 200, "x" * 200 + "_2", "日" * 66, "short"]
    files = [file for name in names for form in face_files.FORMATS for file in face_files.paths(tmp_path, f"{name}_10", form)]
    assert max(len(os.fsencode(file.name)) for file in files) < 250


def test_a_name_of_any_bytes_is_taken(tmp_path):
    path = os.fsdecode(os.fsencode(tmp_path) + b"/\xff\xfe.jpg")
    pathlib.Path(path).write_bytes(b"")
    assert [found for found, *_ in inputs.find([path])[0]] == [path] == [found for found, *_ in inputs.find([str(tmp_path)])[0]]


@pytest.mark.parametrize("argument", ["nowhere.jpg", "nowhere/*.jpg"])
def test_what_is_not_there_is_named(tmp_path, argument):
    with pytest.raises(ValueError, match=f"{argument.replace('*', '[*]')}: no such photo, video or folder"):
        inputs.find([str(tmp_path / argument)])


def test_a_link_that_leads_nowhere_is_for_whoever_reads_it(tmp_path):
    (tmp_path / "me.jpg").symlink_to(tmp_path / "gone.jpg")
    assert [name for _, name, _ in inputs.find([str(tmp_path / "me.jpg")])[0]] == ["me"]
