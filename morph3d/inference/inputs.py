"""What a user gives to be reconstructed: photos, videos, folders of them, patterns, a list on standard input."""
import glob
import os
import pathlib
from typing import NamedTuple

from morph3d.data.sources import folders
from morph3d.inference.names import unused
from morph3d.photos import decoding, videos

LISTED = "-"
LONGEST = 200  # bytes of a name: with what else is in the names of a face's files it stays below the 255 that file systems take


class Input(NamedTuple):
    """One photo or video."""
    path: str
    name: str  # of its files, without ending; below a given folder "folder/in/it/name". No two inputs of a call have the same
    is_video: bool


def find(arguments, lines=()):
    """All photos and videos that are meant, in the order given; those of a folder by name, with the folders in it.

    Args:
      arguments: paths of files and folders, patterns with * or ?, or "-" for `lines`.
      lines: what stands on standard input, a path a line.

    Returns:
      [Input], and [(path, reason)] of what is there and cannot be one.

    Raises:
      ValueError: an argument names nothing that is there.
    """
    found, rejects = [], []
    for argument in arguments:
        for path in [line.rstrip("\r\n") for line in lines if line.strip()] if argument == LISTED else [argument]:
            for below, file in _files(path, rejects):
                kind = _kind(file)
                if kind is None and os.path.isdir(path):
                    rejects.append((file, "neither a photo nor a video"))
                else:  # whoever names a file wants to know what is wrong with it
                    found.append((file, below + _shortened(pathlib.Path(file).stem), kind == "video"))
    names = _distinct([name for _, name, _ in found])
    return [Input(path, name, is_video) for (path, _, is_video), name in zip(found, names, strict=True)], rejects


def _shortened(name):
    content = os.fsencode(name)
    return name if len(content) <= LONGEST else content[:LONGEST].decode("utf-8", "ignore")


def _files(path, rejects):
    """Yields ("" or "folder/below/", path) of the files that one path or pattern stands for."""
    if os.path.isdir(path):
        unread = []
        for below, entry in sorted(folders.files(path, unread), key=lambda file: file[0] + file[1].name):
            yield below, entry.path
        rejects += [(os.path.join(path, below), reason) for below, reason in unread]
    elif os.path.lexists(path):
        yield "", path
    else:
        matching = sorted(glob.glob(path)) if glob.has_magic(path) else []
        if not matching:
            raise ValueError(f"{decoding.printable(path)}: no such photo, video or folder")
        for match in matching:
            yield from _files(match, rejects)


def _kind(path):
    """"photo", "video", or None: by the name, or else by what the file begins with."""
    ending = os.path.splitext(path)[1].lower()
    if ending in videos.SUFFIXES:
        return "video"
    if ending in decoding.SUFFIXES:
        return "photo"
    try:
        beginning = folders.beginning(path)
    except OSError:
        return None
    return "photo" if decoding.recognizes(beginning) else None


def _distinct(names):
    """The names, those that came before with a number: me, me_2, me_3. Case tells none apart, which not all file systems see."""
    taken, distinct = set(), []
    for name in names:
        distinct.append(unused(name, lambda each: each.lower() in taken))
        taken.add(distinct[-1].lower())
    return distinct
