"""What is in the cache is read, what is not is made and kept, and no state of the cache is an error."""
import json
import logging
import os
import pwd

import pytest

from morph3d import cache


@pytest.fixture
def thing(tmp_path, monkeypatch):
    """A function that reads or makes [1, 2, 3]; `made` counts how often it was made. Its file is cache/morph3d/a/thing.json."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))

    def read_or_make():
        def make():
            read_or_make.made += 1
            return [1, 2, 3.0004]

        return cache.read_or_make("a/thing.json", "a thing", make, lambda path: json.loads(path.read_text()),
                                  lambda value, path: path.write_text(json.dumps([round(number) for number in value])))

    read_or_make.made = 0
    return read_or_make


@pytest.fixture
def path(tmp_path):
    return tmp_path / "cache" / "morph3d" / "a" / "thing.json"


def lines(caplog, level):
    return [record.getMessage() for record in caplog.records if record.levelno == level]


def test_the_folder_is_where_the_user_says_or_in_the_home(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "mine"))
    assert cache.folder() == tmp_path / "mine" / "morph3d"
    monkeypatch.setenv("XDG_CACHE_HOME", "")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert cache.folder() == tmp_path / "home" / ".cache" / "morph3d"
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    assert cache.folder() == tmp_path / "home" / ".cache" / "morph3d"


def test_a_user_without_a_home_has_no_cache(thing, monkeypatch, caplog):
    def unknown(user):
        raise KeyError(f"getpwuid(): uid not found: {user}")

    monkeypatch.delenv("HOME", raising=False)
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setattr(pwd, "getpwuid", unknown)
    assert thing() == [1, 2, 3.0004]
    line, = lines(caplog, logging.WARNING)
    assert line.endswith("a thing will be made anew every time; set XDG_CACHE_HOME to a folder that can be written to")


def test_it_is_made_once_and_is_the_same_the_first_time_as_later(thing, path, caplog):
    """Also where the file rounds."""
    with caplog.at_level(logging.INFO, "absl"):
        assert [thing(), thing()] == [[1, 2, 3], [1, 2, 3]]
    assert thing.made == 1 and lines(caplog, logging.INFO) == [f"making a thing, once, into {path}"]
    assert not lines(caplog, logging.WARNING)


@pytest.mark.parametrize("content", [b"", b"[1, 2", b"\xff\xfe"], ids=["empty", "cut short", "not text"])
def test_a_damaged_file_is_made_again_and_one_line_says_so(thing, path, caplog, content):
    thing()
    path.write_bytes(content)
    with caplog.at_level(logging.INFO, "absl"):
        assert thing() == thing() == [1, 2, 3] and thing.made == 2
    (line,), others = lines(caplog, logging.WARNING), lines(caplog, logging.INFO)
    assert others == []
    assert line.startswith(f"{path}: found a damaged file in the cache (") and line.endswith("); making a thing again")


def no_folder(path, monkeypatch):
    path.parents[2].write_text("a file in the folder's place")


def read_only(path, monkeypatch):
    def refuse(path, *_, **__):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(os, "mkdir", refuse)


def full_disk(path, monkeypatch):
    def refuse(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", refuse)


@pytest.mark.parametrize("spoil, reason", [(no_folder, "Not a directory"), (read_only, "Permission denied"),
                                           (full_disk, "No space left on device")])
def test_where_nothing_can_be_kept_it_is_made_every_time_and_one_line_says_so(thing, path, monkeypatch, caplog, spoil, reason):
    spoil(path, monkeypatch)
    assert thing() == [1, 2, 3.0004] and thing.made == 1
    line, = lines(caplog, logging.WARNING)
    assert line == (f"{path}: cannot be kept ({reason}), so a thing will be made anew every time; set XDG_CACHE_HOME to a folder "
                    "that can be written to")
    assert thing() == [1, 2, 3.0004] and thing.made == 2
    assert not path.exists() and not (path.parent.is_dir() and list(path.parent.iterdir()))


def test_what_goes_wrong_in_the_making_is_not_hidden_and_leaves_nothing(path, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    with pytest.raises(OSError, match="a lost drive"):
        cache.read_or_make("a/thing.json", "a thing", lambda: (_ for _ in ()).throw(OSError("a lost drive")), None, None)
    assert not path.exists()
