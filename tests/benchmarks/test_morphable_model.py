"""The benchmark of models: a typo is told before anything takes minutes."""
import subprocess
import sys

PROGRAM = """
import sys
from absl import flags
from absl.testing import flagsaver
from benchmarks import morphable_model

morphable_model.detected = lambda *_: sys.exit("too late")
for wrong in sys.argv[1:]:
    with flagsaver.flagsaver():
        flags.FLAGS(["benchmark", "--model=embedded-7k", wrong])
        try:
            morphable_model.main([])
        except ValueError as error:
            print(error)
"""


def test_input_that_is_not_there_is_told_at_once():
    wrong = ["--photos=no_photos", "--scan=no_scan.obj", "--other=no_model"]  # a process of its own, for the flags are global
    done = subprocess.run([sys.executable, "-c", PROGRAM, *wrong], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-600:]
    photos, scan, model = done.stdout.splitlines()
    assert photos.startswith("no_photos: ")
    assert scan == "no_scan.obj: no such file; expected a scan, correct the path (--scan)"
    assert model.startswith("no_model: found no such file or folder")
