"""Where a library is missing that only an extra installs, one line says how to get it."""
import importlib
import pathlib
import subprocess
import sys

import pytest

from morph3d.data import sources
from morph3d.data.prepared import pipeline

ROOT = pathlib.Path(__file__).parents[1]


def without(monkeypatch, module):
    """Python takes None for: not installed."""
    monkeypatch.setitem(sys.modules, module, None)


def test_preparing_without_beam_names_the_extra_and_begins_nothing(tmp_path, monkeypatch):
    without(monkeypatch, "apache_beam")
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "a.jpg").write_bytes(b"")
    with pytest.raises(ImportError, match=r"^apache_beam is not installed: .*`pip install '\.\[photos\]'`"):
        pipeline.prepare(tmp_path / "photos", tmp_path / "prepared")
    assert not (tmp_path / "prepared").exists()


def test_a_source_of_tensorflow_datasets_without_them_names_the_extra(monkeypatch):
    without(monkeypatch, "tensorflow_datasets")
    with pytest.raises(ImportError, match=r"^tensorflow_datasets is not installed: .*`pip install '\.\[photos\]'`"):
        sources.find("tfds:lfw")


def test_a_program_says_so_in_one_line(tmp_path):
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "a.jpg").write_bytes(b"")
    arguments = ["morph3d", "prepare", f"--photos={tmp_path / 'photos'}", f"--output={tmp_path / 'prepared'}"]
    code = f"import sys; sys.modules['apache_beam'] = None; sys.argv = {arguments}; from morph3d import __main__; __main__.main()"
    result = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert result.returncode == 1 and "Traceback" not in result.stderr
    assert result.stderr.splitlines()[-1].startswith("error: apache_beam is not installed: ")


def test_the_gradient_of_tensorflow_graphics_says_how_to_get_it(monkeypatch):
    without(monkeypatch, "tensorflow_graphics")
    without(monkeypatch, "tensorflow_graphics.rendering")
    monkeypatch.delitem(sys.modules, "morph3d.renderer.tfg", raising=False)
    with pytest.raises(ImportError, match=r'gradient="tfg" .*`pip install --no-deps tensorflow-graphics`'):
        importlib.import_module("morph3d.renderer.tfg")
