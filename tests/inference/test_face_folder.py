"""The folder that faces are written into, by threads."""
import itertools
import threading

import pytest
import skimage.data

from morph3d.inference import face_files, face_folder


@pytest.fixture(scope="module")
def face(tiny_reconstructor):
    return tiny_reconstructor.reconstruct(skimage.data.astronaut())


def names(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def opened(folder, formats=("ply", "json"), page=False, told=lambda paths: None):
    return face_folder.FaceFolder(folder, list(formats), page, True, None, told)


def test_all_files_are_there_and_told_in_order_with_the_page_at_the_end(face, tmp_path):
    told = []
    with opened(tmp_path, page=True, told=told.append) as folder:
        for number in range(2 * face_folder.AHEAD):
            folder.put(str(number), face)
    expected = [[tmp_path / f"{number}.{form}" for form in ("ply", "json")] for number in range(2 * face_folder.AHEAD)]
    assert told == [*expected, [tmp_path / "index.html"]]
    assert all(path.is_file() for path in itertools.chain(*told)) and folder.count == 2 * face_folder.AHEAD


def test_two_faces_of_one_run_never_share_a_name(face, tmp_path):
    with opened(tmp_path, ["ply"]) as folder:
        for name in "us_1", "us_2", "us_1", "US_2", "us_1_2":
            folder.put(name, face)
    assert names(tmp_path) == ["US_2_2.ply", "us_1.ply", "us_1_2.ply", "us_1_2_2.ply", "us_2.ply"]
    assert (tmp_path / "us_1.ply").read_bytes() == (tmp_path / "us_1_2_2.ply").read_bytes()


def test_few_faces_wait_to_be_written(face, tmp_path, monkeypatch):
    written, waiting = threading.Event(), []
    monkeypatch.setattr(face_files, "save_all", lambda *_: written.wait())
    monkeypatch.setattr(face_folder, "AHEAD", 2)
    with opened(tmp_path, ["ply"], told=lambda paths: waiting.append(len(folder._waiting))) as folder:
        folder.put("0", face)
        folder.put("1", face)
        threading.Timer(.1, written.set).start()
        folder.put("2", face)  # waits for the first
        assert waiting == [2]


def test_a_face_that_cannot_be_written_ends_the_block_and_what_waits_is_left(face, tmp_path, monkeypatch):
    tried = []

    def fail(*_):
        tried.append(1)
        raise OSError(28, "No space left on device", "me.ply")

    monkeypatch.setattr(face_files, "save_all", fail)
    with pytest.raises(OSError, match="No space left on device: 'me.ply'"), opened(tmp_path, ["ply"], page=True) as folder:
        for number in range(10 * face_folder.AHEAD):
            folder.put(str(number), face)
    assert len(tried) < 10 * face_folder.AHEAD and names(tmp_path) == []


def test_the_page_shows_the_first_and_says_so(face, tmp_path, monkeypatch):
    said = []
    monkeypatch.setattr(face_folder, "SHOWN", 2)
    monkeypatch.setattr(face_folder.logging, "info", lambda words, *values: said.append(words % values))
    monkeypatch.setattr(face_folder.viewer, "page", lambda shown: "morph3d " + " ".join(shown))
    with opened(tmp_path, ["ply"], page=True) as folder:
        for name in "abc":
            folder.put(name, face)
    assert (tmp_path / "index.html").read_text() == "morph3d a b"
    assert said == [f"{tmp_path / 'index.html'}: shows the first 2 of 3 faces"]


def test_a_photo_has_no_csv_and_another_file_of_that_name_does_not_matter(face, tmp_path):
    (tmp_path / "me.csv").write_text("mine")
    with opened(tmp_path, ["ply", "csv"]) as folder:
        folder.put("me", face)
    assert names(tmp_path) == ["me.csv", "me.ply"] and (tmp_path / "me.csv").read_text() == "mine"
