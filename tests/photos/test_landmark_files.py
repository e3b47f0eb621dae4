"""Files of landmarks: both kinds in one convention, and each kind of broken file with its message."""
import json

import numpy as np
import pytest

from morph3d.photos import landmark_files

POINTS = np.random.default_rng(0).uniform(-5., 300., [68, 2]).round(3)  # pixels, as counted by iBUG


def pts(points, end="\n"):
    return end.join(["version: 1", "n_points:  68", "{", *(f"{x} {y}" for x, y in points), "}", ""])


def written(folder, name, content):
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def test_the_first_pixels_center_is_1_in_pts_and_a_half_here(tmp_path):
    found = landmark_files.read(written(tmp_path, "me.pts", pts(np.ones([68, 2]))))
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found, np.full([68, 2], .5))


@pytest.mark.parametrize("content", [
    pts(POINTS), pts(POINTS, "\r\n"), "\ufeff" + pts(POINTS), pts(POINTS).replace("\n", " // by hand\n"),
    "# by hand { }\n" + pts(POINTS).replace("{\n", "{ # x y\n\n"), pts(POINTS).replace("n_points:  68\n", "n_points:68\n")])
def test_pts_is_read_with_the_ends_of_lines_and_comments_of_all_kinds(tmp_path, content):
    found = landmark_files.read(written(tmp_path, "ME.PTS", content))
    np.testing.assert_allclose(found, POINTS - .5, atol=1e-4)


@pytest.mark.parametrize("content", ['{}', '{{"landmarks": {}, "by": "hand"}}', '\ufeff{}'])
def test_json_is_read_as_it_is(tmp_path, content):
    found = landmark_files.read(written(tmp_path, "me.json", content.format(json.dumps(POINTS.tolist()))))
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, POINTS, atol=1e-4)


def test_whole_numbers_are_numbers(tmp_path):
    found = landmark_files.read(written(tmp_path, "me.json", json.dumps([[3, 4]] * 68)))
    np.testing.assert_array_equal(found, [[3., 4.]] * 68)


BAD = {
    "few.pts": (pts(POINTS[1:]), "found 67 points, expected 68"),
    "many.json": (json.dumps([[1., 2.]] * 69), "found 69 points, expected 68"),
    "empty.pts": ("", "found no { and }"),
    "cut.pts": (pts(POINTS)[:-4], "found no { and }"),
    "words.pts": (pts(POINTS).replace(f"{POINTS[6, 0]} ", "left "), "'left'"),
    "three.pts": (pts(POINTS).replace(f"{POINTS[6, 0]} ", "1 2 "), "as point 7, expected two numbers"),
    "nan.pts": (pts(POINTS).replace(f"{POINTS[6, 0]} ", "nan "), "found [nan, "),
    "infinite.json": (json.dumps([[1., 2.]] * 67 + [[1., np.inf]]), "found [1.0, inf], expected finite numbers"),
    "huge.json": (json.dumps([[1., 2.]] * 67 + [[1., 1e300]]), "found [1.0, 1e+300], expected finite numbers"),
    "long.json": (json.dumps([[1., 2.]] * 67 + [[1., 10**400]]), "found [1.0, inf], expected finite numbers"),
    "texts.json": (json.dumps([["1", "2"]] * 68), "as point 1, expected two numbers"),
    "nothing.json": (json.dumps([[1., 2.]] * 67 + [None]), "found 'None' as point 68, expected two numbers"),
    "long_point.json": (json.dumps([[1.] * 10_000] * 68), "as point 1, expected two numbers"),
    "no_json.json": ("{", "found no JSON (Expecting"),
    "deep.json": ("[" * 100_000, "found no JSON ("),
    "other.json": (json.dumps({"points": []}), "found no list of points"),
    "number.json": ("68", "found no list of points"),
    "binary.pts": (bytes(range(256)), "found bytes that are no UTF-8, expected text"),
    "me.txt": (pts(POINTS), 'found the ending ".txt", expected .pts or .json; convert'),
    "me": (pts(POINTS), 'found the ending "", expected .pts or .json; convert'),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_file_is_named_in_one_line_with_what_was_found_and_expected(tmp_path, name):
    content, message = BAD[name]
    path = written(tmp_path, name, content)
    with pytest.raises(ValueError) as caught:
        landmark_files.read(path)
    line = str(caught.value)
    assert line.startswith(f"{path}: ") and message in line and "; " in line
    assert "\n" not in line and len(line) < len(str(path)) + 250


def test_what_is_not_there_or_no_file_is_said(tmp_path):
    (tmp_path / "folder.pts").mkdir()
    for name in "none.pts", "folder.pts":
        with pytest.raises(ValueError, match=f"{name}: not a file; give"):
            landmark_files.read(tmp_path / name)


def test_what_cannot_be_opened_is_said(tmp_path, monkeypatch):
    def refuse(*_, **__):
        raise PermissionError(13, "Permission denied")
    path = written(tmp_path, "me.pts", pts(POINTS))
    monkeypatch.setattr(type(path), "read_text", refuse)
    with pytest.raises(ValueError, match="me.pts: cannot be opened: Permission denied; "):
        landmark_files.read(path)


def test_the_landmarks_of_a_photo_lie_in_a_file_of_its_name_and_pts_comes_first(tmp_path):
    photo, others = "photos/me.at.home.jpg", json.dumps((POINTS + 1.).tolist())
    written(tmp_path, "me.pts", ""), written(tmp_path, "me.at.home.txt", ""), (tmp_path / "me.at.home.pts").mkdir()
    with pytest.raises(ValueError, match="found no me.at.home.pts and no me.at.home.json; put one there"):
        landmark_files.of(photo, tmp_path)
    written(tmp_path, "me.at.home.json", others)
    np.testing.assert_allclose(landmark_files.of(photo, str(tmp_path)), POINTS + 1., atol=1e-4)
    (tmp_path / "me.at.home.pts").rmdir()
    written(tmp_path, "me.at.home.pts", pts(POINTS))
    np.testing.assert_allclose(landmark_files.of(photo, tmp_path), POINTS - .5, atol=1e-4)
