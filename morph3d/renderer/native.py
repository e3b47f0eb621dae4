"""The only place that loads the compiled ops (`kernels/*_ops.cc`, built by setup.py)."""
import functools
import pathlib

import tensorflow as tf


@functools.cache
def ops():
    """-> the module of compiled ops, loaded once, at the first call. Raises ImportError where `load` does."""
    return load(pathlib.Path(__file__).parent)


def load(folder):
    """Loads the library of compiled ops that fits the running TensorFlow: its file name says which it was built for.

    Args:
      folder: pathlib.Path, where the library lies.

    Raises:
      ImportError: the library was not built, or for another TensorFlow, or cannot be loaded.
    """
    library = folder / f"native_ops_tf{tf.__version__}.so"
    remedy = "build it with `pip install -e . --no-build-isolation` (or `make`) in the project's folder"
    if not library.exists():
        others = ", ".join(sorted(path.name for path in folder.glob("native_ops_tf*.so")))
        found = f"found only {others}, built for another TensorFlow" if others else "it has not been built"
        raise ImportError(f"{library}: no renderer for TensorFlow {tf.__version__}, {found}: {remedy}")
    try:
        return tf.load_op_library(str(library))
    except tf.errors.NotFoundError as error:
        message = f"{library}: TensorFlow {tf.__version__} cannot load it ({error.message}): {remedy}"
        raise ImportError(message) from error
