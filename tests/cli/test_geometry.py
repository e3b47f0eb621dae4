"""The program that measures geometry, from outside."""
import json
import os
import pathlib
import subprocess
import sys

import numpy as np
import PIL.Image
import pytest
import skimage.data

from morph3d import images
from morph3d.mesh.mesh import Mesh
from morph3d.morphable.coefficients import sample

ROOT = pathlib.Path(__file__).parents[2]


def program(*arguments):
    return subprocess.run([sys.executable, "-m", "morph3d", "evaluate", "geometry", *map(str, arguments)], cwd=ROOT,
                          env=os.environ | {"CUDA_VISIBLE_DEVICES": "-1"}, capture_output=True, text=True)


@pytest.fixture
def scans(tiny_model, tmp_path):
    """Three people: two of whom all is there, the second in meters, and one without photos."""
    vertices = tiny_model.instance(sample(tiny_model, 3, 3).neutral())[0].numpy()
    for name, scale, mesh in zip(("ann", "bob", "cy"), (1., .001, 1.), vertices, strict=True):
        folder = tmp_path / "scans" / name
        folder.mkdir(parents=True)
        Mesh(scale * mesh, tiny_model.triangles.numpy()).save(folder / "head.ply")
        np.save(folder / "head_landmarks.npy", scale * mesh[tiny_model.landmarks.numpy()])
        if name != "cy":
            images.write_png(folder / "me.png", skimage.data.astronaut())
    return tmp_path / "scans"


def test_one_person_is_measured_and_the_others_are_told(tiny_reconstructor, scans, tmp_path):
    tiny_reconstructor.save(tmp_path / "net")
    result = program(f"--model={tmp_path / 'net'}", f"--scans={scans}", "--protocol=micc", f"--json={tmp_path / 'figures.json'}",
                     f"--output={tmp_path / 'maps'}")
    assert result.returncode == 0, result.stderr
    assert "head.ply: eyes 0.0" in result.stderr and "meters? give --unit=m" in result.stderr
    text = " ".join(result.stdout.split())
    assert "MICC, as the paper" in text and "1 person" in text and "2 left out: cy: no photos" in text
    figures = json.loads((tmp_path / "figures.json").read_text())
    assert figures["subjects"] == 1 and [each["which"] for each in figures["left_out"]["scans"]] == ["cy", "bob"]
    assert 0. < figures["micc"]["best_fit"] < figures["micc"]["mean_face"] and figures["micc"]["photos"] == figures["micc"]["mean"]
    name = f"ann_{figures['micc']['mean']:.2f}_mm"
    assert PIL.Image.open(tmp_path / "maps" / f"{name}.png").height == 448 and (tmp_path / "maps" / f"{name}.ply").exists()


@pytest.mark.parametrize("flags, words", [
    ([], "Exactly one of (scans, synthetic)"), (["--scans=a", "--synthetic=embedded"], "Exactly one of (scans, synthetic)"),
    (["--scans=a", "--protocol=ruler"], "flag --protocol=ruler"), (["--scans=a", "--unit=inch"], "flag --unit=inch")])
def test_flags_that_cannot_be_are_refused_before_anything_is_loaded(flags, words):
    result = program("--model=nothing", *flags)
    assert result.returncode != 0 and words in result.stderr and "Traceback" not in result.stderr
