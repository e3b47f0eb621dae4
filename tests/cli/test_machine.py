"""What a machine may withhold from a program costs it one clear line, or nothing."""
import os
import signal
import subprocess
import sys

import pytest

from morph3d.cli import program
from tests.cli.test_programs import ROOT

# A program that needs no TensorFlow; what it does stands in its second argument.
PROGRAM = """
import os, sys, time
__file__ = "program.py"
from morph3d import atomic_files
from morph3d.cli import program

def define():
    pass

def main(arguments):
    exec(arguments[0])

program.start_quietly = lambda path: None
program.run(sys.modules[__name__], inputs="code")
"""


def run(code, shell="", **settings):
    """Runs PROGRAM, its streams redirected as `shell` says."""
    return subprocess.run(["sh", "-c", f'exec "$0" -c "$1" "$2" {shell}', sys.executable, PROGRAM, code], cwd=ROOT,
                          capture_output=True, text=True, **settings)


def test_streams_that_are_closed_are_empty_and_no_file_takes_their_place(tmp_path):
    code = f"""
lines = list(sys.stdin)
print("said"); print("told", file=sys.stderr)
with open({str(tmp_path / "a")!r}, "w") as file:
    print(lines, file.fileno() > 2, file=file)
"""
    assert run(code, "<&- >&- 2>&-").returncode == 0
    assert (tmp_path / "a").read_text() == "[] True\n"


def test_names_of_any_bytes_are_read_and_said_whatever_the_locale():
    code = "print(ascii(next(sys.stdin)), 'gr\xf6\xdfe')"
    result = subprocess.run([sys.executable, "-c", PROGRAM, code], cwd=ROOT, input=b"\xe4.jpg\n", capture_output=True,
                            env=os.environ | {"PYTHONIOENCODING": "ascii:strict"})
    assert result.stdout == b"'\\udce4.jpg\\n' gr\\xf6\\xdfe\n", result.stderr


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_to_end_leaves_no_half_of_a_file(tmp_path, number):
    with writing(tmp_path) as process:
        process.send_signal(number)
        assert process.communicate() == ("", "") and process.returncode == 128 + number
    assert list(tmp_path.iterdir()) == []


def test_a_program_that_is_to_outlive_its_terminal_does():
    result = run("os.kill(os.getpid(), 1); print('alive')", preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN))
    assert result.stdout == "alive\n"


def writing(folder):
    """PROGRAM, which has begun to write a file in the folder."""
    code = f"""
with atomic_files.replacing({str(folder / "face.glb")!r}) as beside:
    beside.write_text("half")
    print("writing", flush=True)
    time.sleep(60)
"""
    process = subprocess.Popen([sys.executable, "-c", PROGRAM, code], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                               text=True)
    assert process.stdout.readline() == "writing\n"
    return process


def test_who_reads_no_further_stops_nothing():
    code = "program.tell('a', 'b'); time.sleep(.5); program.tell('c'); program.tell('d'); print('done', file=sys.stderr)"
    result = run(code, "| head -1")
    assert (result.stdout, result.stderr) == ("a\n", "done\n")


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
def test_output_on_a_full_disk_is_told():
    result = run("program.tell('a')", "> /dev/full")
    assert result.returncode == 1 and result.stderr == (
        "error: standard output: cannot be written (No space left on device); make room there, or send it elsewhere\n")


@pytest.mark.parametrize("error, words", [
    (PermissionError(13, "Permission denied", "a.jpg"), "a.jpg: Permission denied"),
    (OSError(28, "No space left on device"), "No space left on device"),
    (OSError("a.glb: cannot be written"), "a.glb: cannot be written"),
    (MemoryError(), "the memory is full (MemoryError); close other programs, or lift the limit that is set"),
    (MemoryError("Unable to allocate 3 GiB"),
     "the memory is full (Unable to allocate 3 GiB); close other programs, or lift the limit that is set")])
def test_an_error_of_the_machine_is_no_fault_of_the_program(error, words):
    assert program.in_one_line(error) == words


def test_what_cannot_be_written_names_the_output_and_the_remedy():
    expected = "faces: cannot be written (No space left on device); make room there, or give another --output"
    for error in OSError(28, "No space left on device"), OSError("No space left on device"):
        with pytest.raises(OSError) as found, program.writing_to("faces"):
            raise error
        assert program.in_one_line(found.value) == expected


@pytest.mark.parametrize("error, passed_on", [(KeyboardInterrupt, b""), (SystemExit, b""), (ImportError, b"noise")])
def test_what_is_held_back_is_shown_after_an_error_only(tmp_path, error, passed_on):
    with open(tmp_path / "stream", "wb") as stream:
        with pytest.raises(error), program._held_back(stream):
            os.write(stream.fileno(), b"noise")
            raise error
    assert (tmp_path / "stream").read_bytes() == passed_on


def test_a_program_starts_where_there_is_no_folder_for_temporary_files():
    code = """
import sys, tempfile
def none():
    raise FileNotFoundError(2, "No usable temporary directory found")
tempfile._get_default_tempdir = none
from absl import flags
from morph3d.cli import program
flags.FLAGS([""])
program.start_quietly("")
print("tensorflow" in sys.modules)
"""
    result = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert (result.stdout, result.stderr) == ("True\n", "")
