"""Morphable models of faces: `load` one."""
import os


def load(name_or_path):
    """A MorphableModel by name or path.

    Args:
      name_or_path: "embedded" (the model that comes with the project); a Basel Face Model in HDF5 (2009 to 2019,
        recognised by its content); or ICT-FaceKit's folder `FaceXModel`, or the folder that holds it.

    Raises:
      ValueError: there is no such path, or it is none of these, or what it holds is broken.
    """
    path = os.fspath(name_or_path)
    if path == "embedded":
        from morph3d.morphable import embedded
        return embedded.read()
    if os.path.isdir(path):
        from morph3d.morphable import ict_facekit
        return ict_facekit.read(path)
    import h5py
    if os.path.isfile(path) and h5py.is_hdf5(path):
        from morph3d.morphable import basel
        return basel.read(path)
    found = "a file that is not HDF5" if os.path.exists(path) else "no such file or folder"
    raise ValueError(f'{path}: found {found}; expected "embedded", a Basel Face Model (.h5) or ICT-FaceKit\'s '
                     "folder FaceXModel; correct the path, and unpack archives")
