"""The programs from outside: quick help, a quiet start, and one line for bad input, which overwrites nothing."""
import importlib
import os
import pathlib
import re
import subprocess
import sys

import pytest
import tensorflow as tf

from morph3d.cli.program import in_one_line
from morph3d.training.config import TrainingConfig

ROOT = pathlib.Path(__file__).parents[2]


def program(name, *arguments, **variables):
    """Runs a program as a user does, who has set no variable for TensorFlow's sake."""
    environment = {key: value for key, value in os.environ.items() if key != "TF_CPP_MIN_LOG_LEVEL"}
    return subprocess.run([sys.executable, "-m", "morph3d", name, *map(str, arguments)], cwd=ROOT,
                          env=environment | {"CUDA_VISIBLE_DEVICES": "-1", **variables}, capture_output=True, text=True)


def last_line(result):
    assert result.returncode != 0
    assert "Traceback" not in result.stderr
    return result.stderr.strip().splitlines()[-1]


PROGRAMS = ("demo", "evaluate", "export", "fit", "prepare", "reconstruct", "serve", "train", "train-encoder")


MEASUREMENTS = ("color", "fitting", "geometry", "recognition", "stress")  # of morph3d-evaluate


@pytest.mark.parametrize("name", [*(name for name in PROGRAMS if name != "evaluate"),
                                  *(f"evaluate.{name}" for name in MEASUREMENTS)])
def test_help_lists_the_flags_without_importing_tensorflow(name):
    code = ("import sys; sys.modules['tensorflow'] = None\n"  # whose import then fails
            f"sys.argv = ['morph3d', *{name.split('.')!r}, '--help']\nfrom morph3d.__main__ import main; main()")
    result = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True,
                            env=os.environ | {"KERAS_BACKEND": "torch"})
    assert result.returncode == 0 and not result.stderr
    assert result.stdout.startswith(importlib.import_module(f"morph3d.cli.{name.replace('-', '_')}").__doc__.splitlines()[0])
    assert "--[no]debug" in result.stdout and "--verbosity" not in result.stdout


def test_a_tensorflow_that_cannot_be_imported_is_one_line(tmp_path):
    code = ("import sys; sys.modules['tensorflow'] = None\n"
            f"sys.argv = ['morph3d', 'export', '--run={tmp_path}']\nfrom morph3d.__main__ import main; main()")
    result = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert result.returncode == 1 and result.stderr == "error: import of tensorflow halted; None in sys.modules\n"


def test_an_error_of_tensorflow_is_the_users_to_mend():
    assert in_one_line(tf.errors.NotFoundError(None, None, "no such\nfile")) == "no such file"
    assert in_one_line(KeyError("x")) == "KeyError: 'x' (a fault of morph3d: --debug shows where)"


def test_the_flags_of_training_are_the_fields_of_its_config():
    listed = set(re.findall(r"^  --(?:\[no\])?(\w+):", program("train", "--help").stdout, re.MULTILINE))
    assert listed == {name for name, *_ in TrainingConfig.fields()} | {"preset", "debug"}


@pytest.mark.parametrize("arguments, words, names", [
    ([], "usage: python -m morph3d NAME", PROGRAMS), (["sculpt"], "error: no program 'sculpt'", PROGRAMS),
    (["evaluate"], "usage: morph3d-evaluate NAME", MEASUREMENTS),
    (["evaluate", "--model=a"], "error: no program '--model=a'", MEASUREMENTS)])
def test_the_programs_are_found_by_their_names(arguments, words, names):
    result = subprocess.run([sys.executable, "-m", "morph3d", *arguments], cwd=ROOT, capture_output=True, text=True)
    assert result.returncode == 1 and result.stderr.startswith(words)
    assert ", ".join(names) in result.stderr


def test_an_error_comes_alone_and_with_a_traceback_only_when_asked_for(tmp_path):
    expected = f"error: {tmp_path / 'none'}: holds no saved_model.pb; give a folder that morph3d-export has written\n"
    arguments = [f"--model={tmp_path / 'none'}", tmp_path / "a.jpg"]
    assert program("reconstruct", *arguments).stderr == expected
    assert "Traceback" in program("reconstruct", *arguments, "--debug").stderr
    loud = program("reconstruct", *arguments, "--verbosity=1").stderr
    assert loud.endswith(expected) and "of which, some at the same time: import of TensorFlow" in loud and loud.count("\n") > 2


def test_another_backend_of_keras_in_the_environment_does_no_harm(tmp_path):
    result = program("export", f"--run={tmp_path}", KERAS_BACKEND="torch")
    assert last_line(result).startswith(f"error: {tmp_path / 'settings.jsonl'}: not found")


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


@pytest.mark.parametrize("flag", ["--hybrid_views=0", "--hybrid_learning_rate=-1.0", "--hybrid_photo_batch=1"])
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
    result = program(name, *{
        "export": [], "reconstruct": [tmp_path / "a.jpg", f"--output={tmp_path}"],
        "evaluate": ["recognition", f"--photos={tmp_path}", f"--recognizer={tmp_path}", "--people=5"]}[name],
        f"--{flag}={tmp_path / 'nothing'}")
    assert last_line(result).startswith("error: ") and "nothing" in last_line(result)
