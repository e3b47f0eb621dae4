"""Photographs in a folder and those in it, as image files or in TFRecord files; VGGFace2's boxes where its tables are at hand."""
import errno
import glob
import os
import pathlib
import stat

from morph3d.data.sources import tfrecords, vggface2
from morph3d.data.sources.listing import Listing, Photo, entries_of, file_version, is_folder, printable
from morph3d.photos import decoding

LARGEST = 2**28  # bytes; no photo is larger
BEGINNING = 4096  # bytes, by which files are known


def find(source):
    """The photos in a folder and below, or in the files that a pattern matches -> Listing.

    Each image file is a photo of the person after whom its folder is named. Files are known by their first bytes; those that are
    named like images are listed without a look, even if nothing can be read from them. Links are followed, but no folder is
    entered twice.

    Raises:
      ValueError: no such folder or file, or no photo in it.
    """
    tables = vggface2.tables(source)
    boxes, rejects = vggface2.boxes(tables)
    found, records = [], []
    for below, entry in files(source, rejects) if os.path.isdir(source) else _matching(source):
        path, name = os.fspath(entry), printable(below + entry.name)
        if path in tables:
            continue
        try:
            if _is_image(entry):
                box = vggface2.box(boxes, path) if boxes else None
                found.append(Photo(name, printable(os.path.basename(below[:-1])), path, file_version(entry), box))
            else:
                records.append((name, path))
        except ValueError as error:
            rejects.append((name, str(error)))
    found.sort()
    stored, broken = tfrecords.find(records, {photo.key for photo in found})
    rejects += broken
    if not found and not stored:
        raise ValueError(f"{source}: no photos; expected images ({', '.join(decoding.FORMATS)}) or TFRecord files of "
                         f"tf.train.Examples with {tfrecords.IMAGE}" + "".join(f"; {key}: {why}" for key, why in rejects[:3]))
    return Listing(found + stored, rejects)


def _is_image(entry):
    """Whether a file is to be read as an image, as against a TFRecord file; ValueError with the reason where it is neither."""
    if os.path.splitext(entry.name)[1].lower() in decoding.SUFFIXES:
        return True
    try:
        first = beginning(entry)
    except OSError as error:
        raise ValueError(f"cannot be opened: {error.strerror}") from None
    if not first:
        raise ValueError("empty")
    if decoding.recognizes(first):
        return True
    if tfrecords.recognizes(entry.name, first):
        return False
    raise ValueError("not an image")


def beginning(path):
    """The first bytes of a file, by which its kind is known; OSError where it cannot be read, or is a pipe or a device."""
    with _open(path) as file:
        return file.read(BEGINNING)


def _matching(pattern):
    """Yields ("" or "folder/below/", pathlib.Path) of the files that a pattern matches, or of the file of that name."""
    paths = [pattern] if os.path.isfile(pattern) else glob.glob(pattern)
    paths = [pathlib.Path(os.path.abspath(path)) for path in sorted(paths) if not os.path.isdir(path)]
    if not paths:
        raise ValueError(f"{pattern}: no such folder or file of photos")
    folder = os.path.commonpath(path.parent for path in paths)
    for path in paths:
        yield os.path.join(os.path.relpath(path.parent, folder), "").removeprefix("./"), path


def files(folder, rejects):
    """Yields ("" or "folder/below/", os.DirEntry) of all that is no folder; adds the folders that cannot be listed to `rejects`.

    Folders that are only linked are entered last, so that a photo's key does not depend on links to it, and those that contain
    `folder` never.
    """
    folder = os.path.abspath(folder)
    entered = {_identity(path) for path in _parents(os.path.realpath(folder))}
    waiting, linked = [""], []
    while waiting or linked:
        below = waiting.pop() if waiting else linked.pop()
        path = os.path.join(folder, below)
        try:
            identity = _identity(path)
            if identity in entered:
                continue
            entered.add(identity)
            entries = entries_of(path)
        except OSError as error:
            rejects.append((printable(below), f"cannot be listed: {error.strerror}"))
            continue
        for entry in entries:
            if not is_folder(entry):
                yield below, entry
            else:
                (linked if entry.is_symlink() else waiting).append(f"{below}{entry.name}/")
        linked.sort(reverse=True)


def _identity(path):
    status = os.stat(path)
    return status.st_dev, status.st_ino


def _parents(path):
    while os.path.dirname(path) != path:
        path = os.path.dirname(path)
        yield path


def contents(locations):
    """Yields the bytes of each file, or the OSError met; never waits for a pipe or a device."""
    for location in locations:
        try:
            yield _read(location)
        except OSError as error:
            yield error


def _read(path):
    with _open(path) as file:
        if os.fstat(file.fileno()).st_size > LARGEST:
            raise OSError(errno.EFBIG, f"larger than {LARGEST >> 20} MiB", path)
        return file.read()


def _open(path):
    if not stat.S_ISREG(os.stat(path).st_mode):
        raise OSError(errno.EINVAL, "not a regular file", path)
    return open(path, "rb")
