"""The kind of file that a morphable model comes in, by its content: names and extensions say nothing reliable."""
import os
import zipfile

EXPECTED = ('"embedded" (or "embedded-7k", "embedded-53k"), a Basel Face Model (.h5 of 2009 to 2019, or 01_MorphableModel.mat), '
            "FLAME (.pkl or .npz) or ICT-FaceKit's folder FaceXModel")

PICKLES = (*(b"\x80" + bytes([version]) for version in range(2, 6)), b"(dp", b"}q")  # the last two: dictionaries of Python 2
ARCHIVES = {b"\x1f\x8b": "gzip", b"\xfd7zXZ\0": "xz", b"BZh": "bzip2", b"7z\xbc\xaf\x27\x1c": "7z", b"Rar!": "RAR",
            b"\x28\xb5\x2f\xfd": "zstd", b"PK": "zip"}


def kind(path: str | os.PathLike) -> str:
    """The kind of a file.

    Args:
      path: a path, which may lead nowhere.

    Returns:
      "hdf5", "matlab" (all its formats), "npz" or "pickle".

    Raises:
      ValueError: there is no such file, or it is none of these; the message says what it is and what to do.
    """
    import h5py
    if not os.path.isfile(path):
        raise _refusal(path, "no such file or folder", "correct the path")
    with open(path, "rb") as file:
        head = file.read(512)
    if head.startswith(b"MATLAB "):  # before HDF5, which MATLAB 7.3 is underneath
        return "matlab"
    if h5py.is_hdf5(path):
        return "hdf5"
    if head.startswith(PICKLES):
        return "pickle"
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            if any(name.endswith(".npy") for name in archive.namelist()):
                return "npz"
    found, remedy = _what(path, head)
    raise _refusal(path, f"a file that is not HDF5, MATLAB's, NumPy's or a pickle but {found}", remedy)


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
