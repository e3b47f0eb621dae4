import json
import os

import cv2
import numpy as np
import PIL.Image
import pytest
import skimage.data
from absl import logging

from morph3d.data import face_crops, photos

TEMPLATE = np.float32([(30, 30), (66, 30), (48, 52), (33, 70), (63, 70)])  # pixels of 96
EXIF_ORIENTATION = 0x112


@pytest.fixture(scope="module")
def portrait():
    return skimage.data.astronaut()[:256, 96:352]


def save(path, image, **options):
    path.parent.mkdir(parents=True, exist_ok=True)
    PIL.Image.fromarray(image).save(path, **options)
    return path


@pytest.fixture
def folder(tmp_path, portrait):
    folder = tmp_path / "people"
    save(folder / "b" / "second.png", portrait)
    save(folder / "a" / "FIRST.JPG", portrait, quality=95)
    (folder / "notes.txt").write_text("no photo")
    return folder


def spoil(folder, portrait):
    """Puts a cut-off JPEG, a text and an empty file with a photo's name, and a faceless photo into a folder."""
    whole = save(folder / "cut.jpg", portrait)
    whole.write_bytes(whole.read_bytes()[:whole.stat().st_size // 2])
    (folder / "text.jpg").write_text("no photo")
    (folder / "empty.png").touch()
    save(folder / "wall.png", np.full([80, 80, 3], 127, np.uint8))


def test_find_is_recursive_and_sorted(folder):
    assert [path.relative_to(folder).as_posix() for path in photos.find(folder)] == ["a/FIRST.JPG", "b/second.png"]


def test_find_names_a_missing_folder(tmp_path):
    with pytest.raises(ValueError, match="nowhere: no such folder of photos"):
        photos.find(tmp_path / "nowhere")


def test_find_names_an_empty_folder(tmp_path):
    with pytest.raises(ValueError, match=f"{tmp_path}: no photos in this folder or below; expected .*.jpg"):
        photos.find(tmp_path)


def test_read_gives_rgb(tmp_path, portrait):
    np.testing.assert_array_equal(photos.read(save(tmp_path / "p.png", portrait)), portrait)
    np.testing.assert_array_equal(photos.read(save(tmp_path / "grey.png", portrait[..., 0])),
                                  np.repeat(portrait[..., :1], 3, -1))


def test_read_turns_a_photo_upright(tmp_path, portrait):
    exif = PIL.Image.Exif()
    exif[EXIF_ORIENTATION] = 6  # the camera was turned: the stored picture needs a quarter turn clockwise
    path = save(tmp_path / "turned.jpg", np.rot90(portrait).copy(), exif=exif, quality=95)
    assert np.abs(photos.read(path).astype(int) - portrait).mean() < 3.


@pytest.mark.parametrize("name", ["cut.jpg", "text.jpg", "empty.png"])
def test_read_names_a_bad_file(tmp_path, portrait, name):
    spoil(tmp_path, portrait)
    with pytest.raises(ValueError, match=f"{name}: cannot be read as an image"):
        photos.read(tmp_path / name)


def test_align_puts_the_points_on_the_template(folder):
    aligned = photos.align(folder, TEMPLATE, 96)
    assert [os.path.basename(path) for path in aligned.paths] == ["FIRST.JPG", "second.png"]
    assert aligned.crops.shape == (2, 96, 96, 3) and aligned.crops.dtype == np.uint8
    enlarged = cv2.resize(aligned.crops[1], (288, 288))
    assert np.abs(face_crops.detect(enlarged) / 3. - TEMPLATE).mean() < 3.
    assert np.abs(aligned.crops[0].astype(int) - aligned.crops[1]).mean() < 6.


def test_align_leaves_out_and_names_bad_photos(folder, portrait, monkeypatch):
    spoil(folder, portrait)
    warnings = []
    monkeypatch.setattr(logging, "warning", lambda text, *values: warnings.append(text % values))
    aligned = photos.align(folder, TEMPLATE, 96)
    assert [os.path.basename(path) for path in aligned.paths] == ["FIRST.JPG", "second.png"]
    assert len(warnings) == 4
    for name, reason in [("cut.jpg", "cannot be read"), ("text.jpg", "cannot be read"), ("empty.png", "cannot be read"),
                         ("wall.png", "no face")]:
        assert any(name in warning and reason in warning for warning in warnings), name


def test_align_without_any_face(tmp_path):
    save(tmp_path / "wall.png", np.full([80, 80, 3], 127, np.uint8))
    with pytest.raises(ValueError, match="none of its 1 photos shows a face"):
        photos.align(tmp_path, TEMPLATE, 96)


def test_align_searches_only_new_and_changed_photos(folder, portrait, tmp_path, monkeypatch):
    save(folder / "wall.png", np.full([80, 80, 3], 127, np.uint8))
    cache = tmp_path / "made" / "points.json"
    before = photos.align(folder, TEMPLATE, 96, cache)
    searched = []
    detect_all = face_crops.detect_all
    monkeypatch.setattr(face_crops, "detect_all", lambda found: searched.append(len(found)) or detect_all(found))
    again = photos.align(folder, TEMPLATE, 96, cache)
    assert sum(searched) == 0
    np.testing.assert_array_equal(again.crops, before.crops)
    save(folder / "b" / "second.png", np.ascontiguousarray(portrait[:, ::-1]))
    save(folder / "c.png", portrait)
    after = photos.align(folder, TEMPLATE, 96, cache)
    assert sum(searched) == 2
    np.testing.assert_array_equal(after.crops[0], before.crops[0])
    np.testing.assert_array_equal(after.crops[2], before.crops[1])
    assert [path.name for path in cache.parent.iterdir()] == ["points.json"]


def test_an_interrupted_align_keeps_what_it_found(folder, portrait, tmp_path, monkeypatch):
    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(photos.alignment, "crop", interrupt)
    with pytest.raises(KeyboardInterrupt):
        photos.align(folder, TEMPLATE, 96, tmp_path / "points.json")
    assert len(json.loads((tmp_path / "points.json").read_text())) == 2


@pytest.mark.parametrize("text", ["{", "[1]", '{"a": [1, 2]}', '{"a": [[1, 2], [3]]}'])
def test_a_broken_cache_is_named(folder, tmp_path, text):
    (tmp_path / "points.json").write_text(text)
    with pytest.raises(ValueError, match="points.json: expected five points of photos as JSON.*delete the file"):
        photos.align(folder, TEMPLATE, 96, tmp_path / "points.json")


def test_align_finds_nearly_every_real_face(data_folder):
    people = data_folder / "photos" / "test"
    assert len(photos.align(people / sorted(os.listdir(people))[0], TEMPLATE, 96).crops) >= 2
