"""Variables of MATLAB's files, of its older formats and of 7.3, which is HDF5."""
import numpy as np


def names(path):
    """The names of the variables of a file; an error of any kind where it is damaged."""
    import h5py
    if h5py.is_hdf5(path):
        with h5py.File(path, "r") as file:
            return sorted(file)
    from scipy import io
    return [name for name, _shape, _kind in io.whosmat(path)]


def variables(path, wanted, source, remedy):
    """{name: array} as MATLAB shows them, of the names `wanted`.

    Args:
      path: the file.
      wanted: names of numeric arrays.
      source: what has these variables, for the message.
      remedy: ends the messages.

    Raises:
      ValueError: the file is damaged, lacks a variable, or has one that is empty, no array of real numbers, or not finite.
    """
    try:
        found = names(path)
        arrays = _read(path, wanted)
    except Exception as error:  # SciPy has a dozen for damaged files
        raise ValueError(f"{path}: found a damaged MATLAB file ({error}), expected a whole one; {remedy}") from error
    missing = [name for name in wanted if name not in arrays]
    if missing:
        raise ValueError(f"{path}: found a MATLAB file with {', '.join(found) or 'nothing'}, but no {', '.join(missing)}, "
                         f"expected the variables of {source}; {remedy}")
    for name, array in arrays.items():
        fault = _fault(array)
        if fault:
            raise ValueError(f"{path}: found as {name} {fault}, expected real numbers as in {source}; {remedy}")
    return arrays


def _fault(array):
    """What a variable is instead of real numbers, or None."""
    if not isinstance(array, np.ndarray):  # SciPy has classes of its own for sparse matrices
        return f"a {type(array).__name__}"
    found = f"an array {array.shape} of {array.dtype}"
    if array.dtype.kind not in "fiu" or not array.ndim or not array.size:
        return found
    return None if np.isfinite(array).all() else f"{found} with values that are not finite"


def _read(path, wanted):
    import h5py
    if h5py.is_hdf5(path):
        with h5py.File(path, "r") as file:  # MATLAB stores columns first, HDF5 rows: every array is transposed
            return {name: np.transpose(file[name][()]) for name in wanted if isinstance(file.get(name), h5py.Dataset)}
    from scipy import io
    return {name: array for name, array in io.loadmat(path, variable_names=wanted).items() if name in wanted}
