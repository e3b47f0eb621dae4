"""The kernels alone, without TensorFlow, under the compiler's sanitizers."""
import pathlib
import shutil
import subprocess

import pytest

KERNELS = pathlib.Path(__file__).parents[2] / "morph3d" / "renderer" / "kernels"


@pytest.mark.skipif(not shutil.which("g++"), reason="needs g++")
def test_random_and_absurd_input_is_sound_under_the_sanitizers(tmp_path):
    program = tmp_path / "fuzz"
    sources = [path for path in sorted(KERNELS.glob("*.cc")) if not path.name.endswith("_ops.cc")]
    sources.append(pathlib.Path(__file__).with_name("fuzz_kernels.cc"))
    flags = ["-std=c++17", "-O1", "-ffp-contract=off", f"-I{KERNELS}", "-fno-sanitize-recover=all",
             "-fsanitize=address,undefined,float-cast-overflow"]
    subprocess.run(["g++", *flags, *sources, "-o", program], check=True)
    result = subprocess.run([program], capture_output=True, text=True)
    assert (result.returncode, result.stdout) == (0, "sound\n"), result.stderr
