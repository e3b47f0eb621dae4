"""Variables of MATLAB's files, of its older formats and of 7.3, which is HDF5."""


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
      ValueError: the file is damaged, or lacks a variable.
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
    return arrays


def _read(path, wanted):
    import h5py
    if h5py.is_hdf5(path):
        with h5py.File(path, "r") as file:  # MATLAB stores columns first, HDF5 rows: every array is transposed
            return {name: file[name][()].T for name in wanted if isinstance(file.get(name), h5py.Dataset)}
    from scipy import io
    return {name: array for name, array in io.loadmat(path, variable_names=wanted).items() if name in wanted}
