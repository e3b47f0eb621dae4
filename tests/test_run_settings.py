"""Run settings: every change of them is kept and told, and a run goes on only with those that may not change."""
import datetime
import errno
import importlib.metadata
import json
import os
import platform
import tempfile

import hypothesis
import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import strategies

from morph3d import run_settings

BEGUN = {"fingerprint": "a", "seed": 1, "rate": 5e-4, "encoder_weights": None, "template": [[1., 2.]]}
FIXED = ["fingerprint", "seed"]


@pytest.fixture
def path(tmp_path):
    return tmp_path / "runs" / "größe [1]" / "settings.jsonl"


def settings_of(line):
    return {name: value for name, value in line.items() if name not in ("time", "versions")}


def test_a_run_is_begun_with_its_settings_the_time_and_the_versions(path):
    before = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0)
    assert run_settings.keep(path, BEGUN, FIXED) == []
    line = run_settings.read(path)
    assert settings_of(line) == BEGUN and run_settings.history(path) == [line]
    assert before <= datetime.datetime.fromisoformat(line["time"]) <= datetime.datetime.now(datetime.timezone.utc)
    assert line["versions"] == {"morph3d": importlib.metadata.version("morph3d"), "tensorflow": tf.__version__,
                                "keras": keras.__version__, "numpy": np.__version__, "python": platform.python_version()}
    assert json.loads(path.read_text()) == line and path.read_text().count("\n") == 1


def test_the_same_settings_again_leave_the_file_as_it_is(path):
    run_settings.keep(path, BEGUN, FIXED)
    before = path.read_bytes()
    assert run_settings.keep(path, BEGUN | {"template": ((1., 2.),)}, FIXED) == []
    assert path.read_bytes() == before


def test_every_change_is_told_and_kept_as_a_new_line(path, caplog):
    run_settings.keep(path, BEGUN, FIXED)
    before = path.read_bytes()
    with caplog.at_level("INFO", "absl"):
        changes = run_settings.keep(path, BEGUN | {"rate": 1e-4, "views": 3}, FIXED)
    assert changes == ["rate: 0.0005 -> 0.0001", "views: not set -> 3"]
    assert caplog.messages == [f"{path}: changed: {change}" for change in changes]
    assert path.read_bytes().startswith(before)
    assert run_settings.keep(path, BEGUN, FIXED) == ["rate: 0.0001 -> 0.0005", "views: 3 -> not set"]
    assert [line["rate"] for line in run_settings.history(path)] == [5e-4, 1e-4, 5e-4]
    assert run_settings.read(path) == run_settings.history(path)[-1]


def test_who_has_to_have_the_same_settings_is_refused_with_any_other_and_writes_nothing(path):
    run_settings.keep(path, BEGUN, FIXED)
    before = path.read_bytes()
    run_settings.require(path, BEGUN | {"template": ((1., 2.),)})
    with pytest.raises(ValueError, match="begun with rate = 0.0005, but 0.0001 was asked for"):
        run_settings.require(path, BEGUN | {"rate": 1e-4})
    assert path.read_bytes() == before


def test_another_version_is_a_change(path, monkeypatch):
    run_settings.keep(path, BEGUN, FIXED)
    python = platform.python_version()
    monkeypatch.setattr(platform, "python_version", lambda: "4.0.0")
    assert run_settings.keep(path, BEGUN, FIXED) == [f"python: {python!r} -> '4.0.0'"]
    assert [line["versions"]["python"] for line in run_settings.history(path)][1:] == ["4.0.0"]


def test_a_package_that_is_not_installed_has_no_version(path, monkeypatch):
    def missing(name):
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "version", missing)
    run_settings.keep(path, BEGUN, FIXED)
    assert run_settings.read(path)["versions"]["tensorflow"] is None


@pytest.mark.parametrize("asked, message", [
    ({"seed": 2}, "begun with seed = 1, but 2 was asked for; give that again, or another folder"),
    ({"seed": 2, "fingerprint": "b", "rate": 1.},
     "begun with fingerprint = 'a', but 'b' was asked for; with seed = 1, but 2 was asked for; give that again, or another folder"),
    ({"views": 3}, "begun with no views, but 3 was asked for; give that again, or another folder")])
def test_another_run_is_refused_with_all_that_differs_and_nothing_is_written(path, asked, message):
    run_settings.keep(path, BEGUN, FIXED)
    before = path.read_bytes()
    with pytest.raises(ValueError) as error:
        run_settings.keep(path, BEGUN | asked, ["views", *FIXED] if "views" in asked else FIXED)
    assert str(error.value) == f"{path}: {message}" and path.read_bytes() == before


@hypothesis.given(strategies.lists(strategies.dictionaries(strategies.text(), strategies.none() | strategies.integers()
                                                           | strategies.text() | strategies.lists(strategies.booleans())),
                                   min_size=1, max_size=4), strategies.floats(0., 1.))
def test_wherever_the_file_is_cut_what_is_whole_counts_and_the_next_line_is_whole_too(starts, share):
    with tempfile.TemporaryDirectory() as folder:
        path = f"{folder}/settings.jsonl"
        for settings in starts:
            run_settings.keep(path, settings, [])
        written, content = run_settings.history(path), open(path, "rb").read()
        assert [settings_of(line) for line in written] == [
            settings for settings, before in zip(starts, [None, *starts]) if settings != before]
        length = int(share * len(content))
        open(path, "wb").write(content[:length])
        # A line lacks nothing but its end where the cut is just before that.
        whole = content[:length + 1].count(b"\n")
        assert run_settings.history(path) == written[:whole]
        if whole:
            assert run_settings.read(path) == written[whole - 1]
        run_settings.keep(path, {"seed": 7}, [])
        assert run_settings.history(path)[:whole] == written[:whole] and settings_of(run_settings.read(path)) == {"seed": 7}
        assert open(path, "rb").read().startswith(content[:length])


def test_a_line_that_was_cut_is_named_in_the_log(path, caplog):
    run_settings.keep(path, BEGUN, FIXED)
    with open(path, "a") as file:
        file.write('{"fingerprint": "a", "se')
    assert settings_of(run_settings.read(path)) == BEGUN
    assert caplog.messages == [f"{path}: line 2 is not whole and does not count"]


@pytest.mark.parametrize("content, message", [
    (None, "not found; expected the folder of a run"), *((content, "no settings can be read from it; restore the file or give")
                                                         for content in ("", "{", "[1]\n", "\0\0\0\n"))])
def test_unreadable_settings_name_the_file(tmp_path, content, message):
    path = tmp_path / "settings.jsonl"
    if content is not None:
        path.write_text(content)
    with pytest.raises(ValueError, match=f"settings.jsonl: {message}"):
        run_settings.read(path)


def test_a_run_whose_settings_are_lost_is_not_begun_again(tmp_path):
    path = tmp_path / "settings.jsonl"
    path.write_text("\0\0\0\n")
    with pytest.raises(ValueError, match="settings.jsonl: no settings can be read from it; restore the file"):
        run_settings.keep(path, BEGUN, FIXED)
    assert path.read_text() == "\0\0\0\n"


def test_a_file_that_cannot_be_written_is_named(path, monkeypatch):
    def full(_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="settings.jsonl: cannot be written .No space left on device.; make room and start again"):
        run_settings.keep(path, BEGUN, FIXED)
