"""The reader that a file or folder of a morphable model needs, by its content: names and extensions say nothing reliable."""
import os
import zipfile

from morph3d.morphable.readers import matlab, surrey

EXPECTED = ('"embedded" (or "embedded-7k", "embedded-67k"), a Basel Face Model (.h5 of 2009 to 2019, or 01_MorphableModel.mat), '
            "BFM_model_front.mat, FLAME (.pkl or .npz), gnm_head.npz, sfm_shape_3448.bin or ICT-FaceKit's folder FaceXModel")

PICKLES = (*(b"\x80" + bytes([version]) for version in range(2, 6)), b"(dp", b"}q")  # the last two: dictionaries of Python 2
ARCHIVES = {b"\x1f\x8b": "gzip", b"\xfd7zXZ\0": "xz", b"BZh": "bzip2", b"7z\xbc\xaf\x27\x1c": "7z", b"Rar!": "RAR",
            b"\x28\xb5\x2f\xfd": "zstd", b"PK": "zip"}


def kind(path: str | os.PathLike) -> str:
    """The reader for a file or folder.

    Args:
      path: a path, which may lead nowhere.

    Returns:
      The name of a module beside this one: "basel", "basel_2009", "deep3d", "flame", "gnm", "ict_facekit" or "surrey". What
      is not there to tell two of them apart is the reader's to say.

    Raises:
      ValueError: there is no such file, or it is in no format of a model; the message says what it is and what to do.
    """
    import h5py
    if os.path.isdir(path):
        return "surrey" if surrey.find(path) else "ict_facekit"
    if not os.path.isfile(path):
        raise _refusal(path, "no such file or folder", "correct the path")
    with open(path, "rb") as file:
        head = file.read(512)
    if head.startswith(b"MATLAB "):  # before HDF5, which MATLAB 7.3 is underneath
        return "deep3d" if _has_front(path) else "basel_2009"
    if h5py.is_hdf5(path):
        return "deep3d" if _has_front(path) else "basel"
    if head.startswith(PICKLES):
        return "flame"
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
        if any(name.endswith(".npy") for name in names):
            return "gnm" if "vertex_identity_basis.npy" in names else "flame"
    if surrey.begins(head):
        return "surrey"
    found, remedy = _what(path, head)
    raise _refusal(path, f"a file that is not HDF5, MATLAB's, NumPy's, eos' or a pickle but {found}", remedy)


def _has_front(path):
    """Whether a file of MATLAB's or HDF5 has a variable of BFM_model_front.mat."""
    try:
        return "idBase" in matlab.names(path)
    except Exception:  # a damaged file raises nearly anything, of which its reader says what
        return False


def _refusal(path, found, remedy):
    return ValueError(f"{path}: found {found}; expected {EXPECTED}; {remedy}")


def _what(path, head):
    """-> what it is instead, and the remedy."""
    again = "download the file again"
    if not head:
        return "an empty file", again
    if head.startswith(b"version https://git-lfs"):
        return "a Git LFS pointer in its place", "fetch the file itself: git lfs pull"
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if start.startswith((b"<!doctype html", b"<html", b"<head")) or (start.startswith(b"<?xml") and b"<html" in start):
        return "a web page saved in its place", "sign in where the model is offered, and " + again
    if head.startswith(b"PK") and not zipfile.is_zipfile(path):
        return "the beginning of a zip archive (.npz are such)", again
    archive = next((name for magic, name in ARCHIVES.items() if head.startswith(magic)), None)
    archive = "tar" if head[257:262] == b"ustar" else archive
    if archive:
        return f"an archive ({archive})", "unpack it and give the file or folder in it"
    return f"{os.path.getsize(path)} bytes that begin {head[:16]!r}", "see whether it is the right file, or " + again
