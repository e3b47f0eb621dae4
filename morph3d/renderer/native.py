"""The only place that loads the compiled ops (`kernels/ops.cc`, built by setup.py)."""
import functools
import pathlib

import tensorflow as tf

REMEDY = "run `pip install -e . --no-build-isolation` (or `make`) in the project's folder to build it"


@functools.lru_cache(maxsize=None)
def ops(folder=None):
    """-> the module of compiled ops, loaded once, at the first call.

    Args:
      folder: where the library lies; by default beside this file.

    Raises:
      ImportError: the library was not built, or fits another TensorFlow (its file name says which).
    """
    folder = pathlib.Path(folder or __file__).resolve()
    folder = folder if folder.is_dir() else folder.parent
    library = folder / f"native_ops_tf{tf.__version__}.so"
    if not library.exists():
        others = sorted(path.name for path in folder.glob("native_ops_tf*.so"))
        found = f"found only {', '.join(others)}, built for another TensorFlow" if others else "it has not been built"
        raise ImportError(f"{library}: no renderer for TensorFlow {tf.__version__}: {found}; {REMEDY}")
    try:
        return tf.load_op_library(str(library))
    except tf.errors.NotFoundError as error:
        raise ImportError(f"{library}: cannot be loaded into TensorFlow {tf.__version__} ({error.message}); {REMEDY}") from error
