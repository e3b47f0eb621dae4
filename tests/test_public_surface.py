"""What `import morph3d` offers: lazy, documented, typed, and the README's example as it is written."""
import ast
import inspect
import os
import pathlib
import re
import subprocess
import sys

import pytest
import skimage.data

import morph3d
from morph3d import images

ROOT = pathlib.Path(__file__).parent.parent


def python(code, **environment):
    return subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True,
                          env={**os.environ, "CUDA_VISIBLE_DEVICES": "-1", **environment})


def test_importing_it_loads_no_library():
    code = "import sys, morph3d; print([m for m in ('tensorflow', 'keras', 'numpy', 'absl', 'PIL') if m in sys.modules])"
    assert python(code).stdout.strip() == "[]"


@pytest.mark.parametrize("name", morph3d.__all__)
def test_every_name_is_there_with_a_docstring(name):
    assert inspect.getdoc(getattr(morph3d, name))
    assert name in dir(morph3d)


def test_what_is_looked_up_late_is_what_type_checkers_see():
    block = next(node for node in ast.parse(pathlib.Path(morph3d.__file__).read_text()).body if isinstance(node, ast.If))
    seen = {alias.asname: (node.module, alias.name) for node in block.body for alias in node.names}
    assert seen == morph3d._PUBLIC


def test_another_name_is_no_attribute():
    with pytest.raises(AttributeError, match="module 'morph3d' has no attribute 'reconstrcut'"):
        morph3d.reconstrcut


def test_keras_is_asked_for_tensorflow_whatever_the_environment_says():
    result = python("import morph3d; morph3d.train; import keras; print(keras.config.backend())", KERAS_BACKEND="torch")
    assert result.stdout.strip() == "tensorflow", result.stderr


def test_keras_on_something_else_is_an_error_in_one_line():
    code = "import sys, types; sys.modules['keras'] = types.SimpleNamespace(config=types.SimpleNamespace(backend=lambda: 'torch'))"
    last = python(code + "; import morph3d").stderr.strip().splitlines()[-1]
    assert last.startswith("ImportError: Keras is running on torch, but morph3d needs it on TensorFlow: import morph3d before")


def readme_examples():
    """The blocks of Python in the README that begin with `import morph3d`."""
    blocks = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    return [block for block in blocks if block.startswith("import morph3d")]


def test_the_readmes_examples_run_as_written(small_embedded, tmp_path, monkeypatch):
    """In a folder with photos and me.jpg; the second with a small embedded model and a few steps in place of half an hour."""
    from morph3d import morphable
    from morph3d.training import config
    for number, light in enumerate((1., .9, .8, .7)):
        images.write_png(tmp_path / "photos" / f"{number}.png", (skimage.data.astronaut() * light).astype("uint8"))
    images.write_png(tmp_path / "me.jpg", skimage.data.astronaut())
    monkeypatch.chdir(tmp_path)
    names: dict = {}
    shipped, trained = readme_examples()
    exec(shipped, names)
    assert (tmp_path / "me.glb").stat().st_size > 100_000 and names["face"].vertices.shape == (16865, 3)
    monkeypatch.setattr(morphable, "load", lambda name: small_embedded)
    monkeypatch.setitem(vars(morph3d), "load_model", morphable.load)
    monkeypatch.setattr(config.SyntheticStage.__init__, "__defaults__", (128, 2, 4, .3, 1e-3))
    monkeypatch.setattr(config.HybridStage.__init__, "__defaults__", (2, 8, 2, 1, 2, 5e-4))
    exec(trained, names)
    assert names["picture"].shape == (448, 448, 3) and 0. <= names["picture"].min() < names["picture"].max() <= 1.
    assert names["run"].folder == pathlib.Path("runs/mine") and names["face"].landmarks.shape == (68, 3)
