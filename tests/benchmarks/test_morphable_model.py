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


def test_input_that_cannot_be_read_is_told_at_once(tmp_path):
    broken = tmp_path / "broken.obj"
    broken.write_text("v 0 0\n")
    wrong = ["--photos=no_photos", "--scan=no_scan.obj", f"--scan={broken}", "--other=no_model"]
    # A process of its own, for the flags are global.
    done = subprocess.run([sys.executable, "-c", PROGRAM, *wrong], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-600:]
    photos, missing, damaged, model = done.stdout.splitlines()
    assert photos.startswith("no_photos: ")
    assert missing.startswith("no_scan.obj: ")
    assert damaged.startswith(f"{broken}: ")
    assert model.startswith("no_model: found no such file or folder")
