"""Arrays of a pickle, read without running what is in it.

A pickle names functions and classes to call, so reading one as usual hands the machine to whoever wrote it. Here a name is
looked up in a short list or becomes an inert stand-in that keeps its state and does nothing; any other name is refused.
"""
import pickle

import numpy as np


class StandIn:
    """In the place of an instance of a class that is not loaded: `origin` is its name, `state` what the pickle says of it."""
    origin = ""
    state = None

    def __init__(self, *_arguments):
        pass

    def __setstate__(self, state):
        self.state = state


def load(path):
    """The content of a pickle of any version; text of Python 2 is read as Latin-1.

    Numbers, texts, lists, dictionaries, sets and NumPy arrays are themselves; NumPy's single numbers, sparse matrices of
    SciPy and everything of chumpy, the library that FLAME's files were written with, are StandIns.

    Raises:
      ValueError: the pickle is damaged, or names something else; the message says what.
    """
    with open(path, "rb") as file:
        try:
            return _Unpickler(file, encoding="latin1").load()
        except _Refused as error:
            raise ValueError(f"{path}: found {error} in the pickle, expected numbers and arrays of NumPy, SciPy and chumpy "
                             "alone; do not trust this file: get it from flame.is.tue.mpg.de") from None
        except Exception as error:  # a damaged pickle raises nearly anything
            raise ValueError(f"{path}: found a damaged pickle ({type(error).__name__}: {error}), expected a whole one; get the "
                             "file again") from error


def array(value):
    """The NumPy array that a value of the pickle is, also as chumpy.ch.Ch, or None."""
    if isinstance(value, StandIn) and value.origin == "chumpy.ch.Ch" and isinstance(value.state, dict):
        value = value.state.get("x")
    return value if isinstance(value, np.ndarray) else None


class _Refused(Exception):
    pass


class _Unpickler(pickle.Unpickler):
    def find_class(self, module, name):
        if (module, name) in _KNOWN:
            return _KNOWN[module, name]
        if module.split(".")[0] == "chumpy" or (module.startswith("scipy.sparse") and name.endswith(("_matrix", "_array"))):
            return type("StandIn", (StandIn,), {"origin": f"{module}.{name}"})
        raise _Refused(f"the name {module}.{name}")


def _empty_array(*_arguments):
    return np.empty(0)  # the pickle sets its shape, type and content next


def _array_of_buffer(buffer, dtype, shape, order):
    return np.frombuffer(buffer, dtype).reshape(shape, order=order)


def _new_object(kind, *_base):
    if not (isinstance(kind, type) and issubclass(kind, StandIn)):
        raise _Refused(f"an object of {kind}")
    return kind()


def _encode(text, encoding):
    if encoding != "latin1":
        raise _Refused(f"the encoding {encoding}")
    return text.encode(encoding)


_KNOWN = {
    ("numpy", "dtype"): np.dtype, ("numpy", "ndarray"): StandIn,  # the latter only as an argument that is not used
    **{(f"numpy.{core}.multiarray", "_reconstruct"): _empty_array for core in ("core", "_core")},
    **{(f"numpy.{core}.multiarray", "scalar"): StandIn for core in ("core", "_core")},  # single numbers: none of ours
    **{(f"numpy.{core}.numeric", "_frombuffer"): _array_of_buffer for core in ("core", "_core")},
    **{(module, "_reconstructor"): _new_object for module in ("copy_reg", "copyreg")},
    **{(module, "object"): StandIn for module in ("__builtin__", "builtins")},
    **{(module, "set"): set for module in ("__builtin__", "builtins")},
    ("_codecs", "encode"): _encode,
}
