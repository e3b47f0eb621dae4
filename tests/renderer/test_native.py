"""What the loader says when there is nothing to load."""
import pytest
import tensorflow as tf

from morph3d.renderer import native


def test_a_library_that_was_not_built_is_named_with_the_remedy(tmp_path):
    with pytest.raises(ImportError, match=r"it has not been built: build it with `pip install -e \."):
        native.load(tmp_path)


def test_a_library_for_another_tensorflow_is_named(tmp_path):
    (tmp_path / "native_ops_tf1.15.0.so").touch()
    with pytest.raises(ImportError, match=r"found only native_ops_tf1\.15\.0\.so, built for another TensorFlow: build"):
        native.load(tmp_path)


def test_a_broken_library_is_named(tmp_path):
    (tmp_path / f"native_ops_tf{tf.__version__}.so").write_bytes(b"not a library")
    with pytest.raises(ImportError, match=r"cannot load it \(.*\): build it with"):
        native.load(tmp_path)
