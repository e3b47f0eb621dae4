"""Files that are there whole or not at all, and folders that only one program at a time works in."""
import errno
import fcntl
import pathlib
import signal
import subprocess
import sys

import pytest

from morph3d import atomic_files


def test_a_file_is_replaced_when_the_block_ends_well(tmp_path):
    path = tmp_path / "new" / "a.txt"
    with atomic_files.replacing(path) as beside:
        beside.write_text("whole")
        assert not path.exists() and beside.suffix == ".txt"
    assert path.read_text() == "whole"
    assert list(path.parent.iterdir()) == [path]


def test_a_file_may_have_the_longest_name_that_there_is(tmp_path):
    path = tmp_path / f"{'x' * 251}.glb"
    with atomic_files.replacing(path) as beside:
        beside.write_text("whole")
    assert path.read_text() == "whole"


def test_a_file_stays_as_it_was_when_the_block_fails(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("old")
    with pytest.raises(KeyboardInterrupt):
        with atomic_files.replacing(path) as beside:
            beside.write_text("half")
            raise KeyboardInterrupt
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


HOLDER = """
import sys
from morph3d import atomic_files
with atomic_files.only_one(sys.argv[1], "busy"):
    print("held", flush=True)
    sys.stdin.readline()
"""


@pytest.mark.parametrize("name", ["run", "a[b] *?", "größe 日本"])
@pytest.mark.parametrize("end", ["killed", "well"])
def test_a_folder_is_refused_as_long_as_another_program_works_in_it(tmp_path, name, end):
    lock = tmp_path / name / ".lock"
    holder = subprocess.Popen([sys.executable, "-c", HOLDER, lock], cwd=pathlib.Path(__file__).parents[1], text=True,
                              stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert holder.stdout.readline() == "held\n"
    with pytest.raises(ValueError, match="^runs/a: another program is training here$"):
        with atomic_files.only_one(lock, "runs/a: another program is training here"):
            pytest.fail("two programs in one folder")
    if end == "killed":
        holder.send_signal(signal.SIGKILL)
    holder.communicate("go on")
    with atomic_files.only_one(lock, "busy"):
        assert list(lock.parent.iterdir()) == [lock]


def test_a_program_is_refused_a_folder_that_it_works_in_itself(tmp_path):
    with atomic_files.only_one(tmp_path / ".lock", "busy"):
        with pytest.raises(ValueError, match="busy"):
            with atomic_files.only_one(tmp_path / ".lock", "busy"):
                pytest.fail("two at once")


def test_a_folder_is_free_again_after_an_error(tmp_path):
    with pytest.raises(KeyboardInterrupt):
        with atomic_files.only_one(tmp_path / ".lock", "busy"):
            raise KeyboardInterrupt
    with atomic_files.only_one(tmp_path / ".lock", "busy"):
        pass


def test_a_file_system_without_locks_is_named(tmp_path, monkeypatch):
    def unable(*_):
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", unable)
    with pytest.raises(OSError, match="run/.lock: cannot be locked .No locks available.; give a folder on another file system"):
        with atomic_files.only_one(tmp_path / "run" / ".lock", "busy"):
            pytest.fail("without a lock")
