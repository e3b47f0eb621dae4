"""Photographs in a folder and the folders in it; VGGFace2's boxes where its tables are at hand."""
import errno
import os
import stat

from morph3d.data.sources import vggface2
from morph3d.data.sources.listing import Listing, Photo, entries_of, file_version, is_folder, printable
from morph3d.photos import decoding

LARGEST = 2**28  # bytes; no photo is larger


def find(folder):
    """The image files in a folder and below, each of the person after whom its folder is named -> Listing.

    Links are followed, but no folder is entered twice. Whatever is named like an image and is no folder is listed, even if
    nothing can be read from it.

    Raises:
      ValueError: no such folder, or no image in it.
    """
    if not os.path.isdir(folder):
        raise ValueError(f"{folder}: no such folder of photos")
    folder = os.path.abspath(folder)
    boxes, rejects = vggface2.boxes(folder)
    found = [Photo(printable(below + entry.name), printable(os.path.basename(below[:-1])), entry.path, file_version(entry),
                   vggface2.box(boxes, entry.path) if boxes else None)
             for below, entry in _files(folder, rejects)
             if os.path.splitext(entry.name)[1].lower() in decoding.SUFFIXES]
    if not found:
        raise ValueError(f"{folder}: no photos in this folder or below; expected {', '.join(sorted(decoding.SUFFIXES))} files"
                         + "".join(f"; {key}: {reason}" for key, reason in rejects[:3]))
    return Listing(sorted(found), rejects)


def _files(folder, rejects):
    """Yields ("" or "folder/below/", os.DirEntry) of all that is no folder; adds the folders that cannot be listed to `rejects`.

    Folders that are only linked are entered last, so that a photo's key does not depend on links to it, and those that contain
    `folder` never.
    """
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
    status = os.stat(path)
    if not stat.S_ISREG(status.st_mode):
        raise OSError(errno.EINVAL, "not a regular file", path)
    if status.st_size > LARGEST:
        raise OSError(errno.EFBIG, f"larger than {LARGEST >> 20} MiB", path)
    with open(path, "rb") as file:
        return file.read()
