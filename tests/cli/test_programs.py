"""The programs from outside: bad input ends them with one line that names the culprit, and nothing is overwritten."""
import os
import pathlib
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).parents[2]


def program(name, *arguments):
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "-1"}
    return subprocess.run([sys.executable, "-m", "morph3d", name, *map(str, arguments)], cwd=ROOT, env=environment,
                          capture_output=True, text=True)


def last_line(result):
    assert result.returncode != 0
    assert "Traceback" not in result.stderr
    return result.stderr.strip().splitlines()[-1]


@pytest.fixture(autouse=True)
def a_photo(tmp_path):
    (tmp_path / "a.jpg").write_bytes(b"")


def test_a_missing_model_file_is_named(tmp_path):
    result = program("train", f"--photos={tmp_path}", f"--output={tmp_path / 'run'}", f"--morphable_model={tmp_path / 'bfm.h5'}")
    assert last_line(result).startswith("error: ") and "bfm.h5" in last_line(result)
    assert not (tmp_path / "run").exists()


def test_a_file_that_is_no_model_is_named(tmp_path):
    (tmp_path / "bfm.h5").write_text("an error page, saved as a model")
    result = program("train", f"--photos={tmp_path}", f"--output={tmp_path / 'run'}", f"--morphable_model={tmp_path / 'bfm.h5'}")
    assert "bfm.h5" in last_line(result)


def test_an_empty_folder_of_photos_is_named(tmp_path):
    (tmp_path / "nobody").mkdir()
    result = program("train", f"--photos={tmp_path / 'nobody'}", f"--output={tmp_path / 'run'}")
    assert last_line(result).startswith(f"error: {tmp_path / 'nobody'}: no photos")
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("flag", ["--views=0", "--hybrid_learning_rate=-1.0", "--photo_batch=1"])
def test_a_flag_out_of_range_is_named(tmp_path, flag):
    result = program("train", f"--photos={tmp_path}", f"--output={tmp_path / 'run'}", flag)
    assert result.returncode != 0 and f"flag {flag}" in result.stderr
    assert not (tmp_path / "run").exists()


def test_an_unknown_encoder_is_named(tmp_path):
    result = program("train", f"--photos={tmp_path}", f"--output={tmp_path / 'run'}", "--encoder=nobody")
    assert last_line(result).startswith("error: unknown encoder 'nobody': expected one of dlib, ")
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("name, flag", [("export", "run"), ("reconstruct", "model"), ("evaluate", "model")])
def test_a_folder_that_holds_no_model_is_named(tmp_path, name, flag):
    result = program(name, f"--{flag}={tmp_path / 'nothing'}", *{
        "export": [], "reconstruct": [f"--photo={tmp_path / 'a.jpg'}", f"--output={tmp_path}"],
        "evaluate": [f"--photos={tmp_path}", f"--recognizer={tmp_path}", "--people=5"]}[name])
    assert last_line(result).startswith("error: ") and "nothing" in last_line(result)
