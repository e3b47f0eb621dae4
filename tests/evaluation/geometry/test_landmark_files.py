"""Files of landmarks: every kind gives the same points, and bad ones are told."""
import numpy as np
import pytest

from morph3d.evaluation.geometry import landmark_files
from morph3d.morphable import landmarks

POINTS = np.random.default_rng(0).normal(0., 50., [68, 3]).round(3)


def lines(points, separator=","):
    return "\n".join(separator.join(map(str, point)) for point in points.tolist()) + "\n"


def picked(points, mark=str):
    inside = "".join(f'<point x="{mark(x)}" y="{mark(y)}" z="{mark(z)}" active="1" name="{number}"/>'
                     for number, (x, y, z) in enumerate(points.tolist()))
    return f"<!DOCTYPE PickedPoints>\n<PickedPoints><DocumentData/>{inside}</PickedPoints>\n"


@pytest.mark.parametrize("count, first, last", [
    (5, "right.eye.center", "left.lips.corner"), (7, "right.eye.corner_outer", "left.lips.corner"),
    (51, "right.eyebrow.outer", "right.lips.lower.inner"), (68, "right.jaw.8", "right.lips.lower.inner")])
def test_points_are_known_by_their_number_in_every_kind_of_file(tmp_path, count, first, last):
    points = POINTS[:count]
    (tmp_path / "a.csv").write_text(lines(points))
    (tmp_path / "a.txt").write_text("# x y z\n" + lines(points, "  "))
    (tmp_path / "a.pp").write_text(picked(points))
    (tmp_path / "commas.pp").write_text(picked(points, lambda number: str(number).replace(".", ",")))
    np.save(tmp_path / "a.npy", points)
    for path in tmp_path.iterdir():
        found = landmark_files.read(path)
        assert (list(found)[0], list(found)[-1], len(found)) == (first, last, count), path
        np.testing.assert_array_equal(np.stack(list(found.values())), points)


def test_sevens_order_is_that_of_now():
    assert [landmarks.NAMES[name] for name in landmark_files.SEVEN] == [36, 39, 42, 45, 33, 48, 54]  # evaluation protocol of NoW


def test_names_come_before_numbers_in_any_order(tmp_path):
    (tmp_path / "a.csv").write_text("center.nose.tip,1,2,3\nright.eye.center,4,5,6\ncenter.chin.tip,7,8,9\n")
    found = landmark_files.read(tmp_path / "a.csv")
    assert {name: place.tolist() for name, place in found.items()} == {
        "center.nose.tip": [1., 2., 3.], "right.eye.center": [4., 5., 6.], "center.chin.tip": [7., 8., 9.]}


def test_points_that_are_not_there_are_left_out(tmp_path):
    (tmp_path / "a.csv").write_text(lines(POINTS[:4]) + "nan,nan,nan\n")
    assert "left.lips.corner" not in landmark_files.read(tmp_path / "a.csv")
    (tmp_path / "a.pp").write_text(picked(POINTS[:5]).replace('active="1"', 'active="0"', 1))
    assert "right.eye.center" not in landmark_files.read(tmp_path / "a.pp")


@pytest.mark.parametrize("name, content, words", [
    ("a.csv", lines(POINTS[:6]), "found 6 landmarks without names of morph3d.morphable.landmarks.NAMES; expected 5, 7, 51, 68"),
    ("a.csv", "nose,1,2,3\nchin,4,5,6\n", "found 2 landmarks without names"),
    ("a.csv", lines(POINTS[:2]) + "nan,0,0\n" * 3, "found 2 landmarks, expected three or more"),
    ("a.txt", "1 2\n3 4\n", r"no landmarks can be read: found numbers of shape \[2, 2\], expected \[N, 3\]"),
    ("a.txt", "", r"no landmarks can be read: found numbers of shape \[0\]"),
    ("a.txt", "one two three\n", "no landmarks can be read: could not convert"),
    ("a.pp", "<PickedPoints>", "no landmarks can be read: no element found"),
    ("a.npy", "no array", "no landmarks can be read: ")])
def test_what_cannot_be_understood_is_told(tmp_path, name, content, words):
    (tmp_path / name).write_text(content)
    with pytest.raises(ValueError, match=f"{name}: {words}"):
        landmark_files.read(tmp_path / name)


def test_an_array_that_would_run_code_is_not_opened(tmp_path):
    np.save(tmp_path / "a.npy", np.array([{}] * 5, object), allow_pickle=True)
    with pytest.raises(ValueError, match="a.npy: no landmarks can be read: .*allow_pickle=False"):
        landmark_files.read(tmp_path / "a.npy")


def test_landmarks_lie_beside_their_scan(tmp_path):
    assert landmark_files.beside(tmp_path / "b.obj") is None
    for name in ("b.pp", "b_picked_points.pp", "b_landmarks.csv"):  # each goes before the last
        (tmp_path / name).write_text("")
        assert landmark_files.beside(tmp_path / "b.obj") == tmp_path / name


def test_eye_centers_are_made_of_corners_or_of_all_points_around():
    all68 = dict(zip(landmarks.NAMES, POINTS, strict=True))
    corners = {name: place for name, place in all68.items() if ".eye.corner" in name}
    np.testing.assert_allclose(landmark_files.centers(all68), [POINTS[36:42].mean(0), POINTS[42:48].mean(0)])
    np.testing.assert_allclose(landmark_files.centers(corners), [POINTS[[36, 39]].mean(0), POINTS[[42, 45]].mean(0)])
    corners.pop("left.eye.corner_outer")
    assert landmark_files.centers(corners) is None
    five = dict(zip(landmark_files.FIVE, POINTS, strict=False))
    np.testing.assert_array_equal(landmark_files.centers(five), POINTS[:2])


def test_a_line_of_headings_is_no_point(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("name,x,y,z\n" + "".join(f"{name},{number},2.5,-1\n" for number, name in enumerate(landmark_files.FIVE)))
    found = landmark_files.read(path)
    assert list(found) == list(landmark_files.FIVE) and found["center.nose.tip"].tolist() == [2., 2.5, -1.]
