"""Scans with a texture: which color is where."""
import numpy as np
import pytest

from morph3d import images
from morph3d.evaluation.geometry import subjects, textured_scans
from morph3d.evaluation.geometry.scans import Scan
from morph3d.mesh import readers
from morph3d.photos import face_detection

SQUARE = "v 0 0 0\nv 10 0 0\nv 10 10 0\nv 0 10 0\nvt 0 0\nvt 1 0\nvt 1 1\nvt 0 1\n"
FOUR = np.uint8([[[255, 0, 0], [0, 255, 0]], [[0, 0, 255], [255, 255, 0]]])
MIDDLES = np.float64([[2.5, 7.5, 3.], [7.5, 7.5, 3.], [2.5, 2.5, 3.], [7.5, 2.5, 3.]])  # of the four, row by row from above


@pytest.mark.parametrize("flipped", [False, True])
def test_the_colors_of_a_scan_are_those_of_its_picture_upright_or_flipped(tmp_path, monkeypatch, flipped):
    images.write_png(tmp_path / "four.png", FOUR[::-1] if flipped else FOUR)
    (tmp_path / "scan.mtl").write_text("newmtl skin\nmap_Kd four.png\n")
    path = tmp_path / "scan.obj"
    path.write_text("mtllib scan.mtl\nusemtl skin\n" + SQUARE + "f 1/1 2/2 3/3\nf 1/1 3/3 4/4\n")
    monkeypatch.setattr(subjects, "read_scan", lambda name, path, *_: Scan(name, readers.read(path), {}))
    colors, apart = textured_scans.read(path, "mm", flipped).closest(MIDDLES)
    np.testing.assert_array_equal(colors, FOUR.reshape(-1, 3))
    np.testing.assert_allclose(apart, 3.)


def test_a_real_scan_is_photographed_from_the_front_and_from_both_sides(data_folder):
    scan = textured_scans.read(data_folder / "scans" / "lee_perry_smith.obj", "unknown", True)
    right, front, left = (face_detection.detect(scan.picture(yaw)) for yaw in (-20., 0., 20.))
    turn = [five[2, 0] - five[:2, 0].mean() for five in (right, front, left)]  # pixels from the middle of the eyes to the nose
    assert turn[0] < -8. and abs(turn[1]) < 5. and turn[2] > 8.
