"""The program of the stress test from outside."""
import json
import os
import pathlib
import subprocess
import sys

import PIL.Image
import pytest
import skimage.data

from morph3d import images

ROOT = pathlib.Path(__file__).parents[2]


def program(*arguments):
    return subprocess.run([sys.executable, "-m", "morph3d", "evaluate", "stress", *map(str, arguments)], cwd=ROOT,
                          env=os.environ | {"CUDA_VISIBLE_DEVICES": "-1"}, capture_output=True, text=True)


def test_a_photo_is_measured_beside_one_that_cannot_be_read(tiny_reconstructor, tmp_path):
    tiny_reconstructor.save(tmp_path / "net")
    images.write_png(tmp_path / "me.png", skimage.data.astronaut())
    (tmp_path / "text.jpg").write_text("hello")
    result = program(f"--model={tmp_path / 'net'}", f"--photo={tmp_path / 'me.png'}", f"--photo={tmp_path / 'text.jpg'}",
                     "--series=jpeg", f"--json={tmp_path / 'figures.json'}", f"--output={tmp_path / 'pictures'}")
    assert result.returncode == 0, result.stderr
    assert f"{tmp_path / 'text.jpg'}: not an image; left out" in result.stderr
    assert "JPEG compression (quality)" in result.stdout and "People: 1, left out: 1." in result.stdout
    figures = json.loads((tmp_path / "figures.json").read_text())
    assert figures["left_out"] == {str(tmp_path / "text.jpg"): "not an image"}
    assert [level["level"] for level in figures["series"]["jpeg"]] == [None, 50, 30, 20, 10, 5, 1]
    assert figures["series"]["jpeg"][0]["shape_drift"] == 0. < figures["series"]["jpeg"][-1]["shape_drift"]
    assert PIL.Image.open(tmp_path / "pictures" / "stress_jpeg.png").width > 7 * 160


@pytest.mark.parametrize("flags, words", [
    (["--series=pose"], "flag --series=pose: "),
    (["--photo=a.jpg", "--synthetic=embedded"], "At most one of (synthetic, photo)"), (["--people=0"], "flag --people=0: ")])
def test_flags_that_cannot_be_are_refused_before_anything_is_loaded(flags, words):
    result = program("--model=nothing", *flags)
    assert result.returncode != 0 and words in result.stderr and "Traceback" not in result.stderr
