"""Layouts in which downloaders of VGG-Face store its pictures, found by looking for the first people's."""
import collections
import functools
import os
import pathlib
import re
from typing import NamedTuple

from morph3d.data.sources.listing import entries_of, is_folder
from morph3d.photos import decoding

LAYOUTS = "<Name>/<id>.jpg, <Name>/<last part of the address> or <Name>_<id>.jpg, with or without the id's zeros"
DEPTH = 3  # folders in which <Name> is looked for: the source, those in it, those in these
SAMPLE = 20  # people whose pictures show the layout
_IMAGE = re.compile(rf"\.({'|'.join(suffix[1:] for suffix in sorted(decoding.SUFFIXES))})(?![a-z0-9])", re.IGNORECASE)


class Layout(NamedTuple):
    """How pictures are stored."""
    people: dict  # {Name: function -> {a picture's name: os.DirEntry}}
    picture: object  # function of a Line -> its picture's name
    boxes: bool  # whether the lists' boxes are those of these pictures
    score: int  # pictures found in a sample


def layout(folder, paths, lines):
    """-> the Layout in which the most pictures of a sample are found.

    Args:
      folder: of the source.
      paths: {Name: path of the list}.
      lines: function of such a path -> its Lines.

    Raises:
      ValueError: no listed picture is found.
    """
    best = max((found for place in _places(folder, paths) for found in _layouts(*place, paths, lines)),
               key=lambda found: found.score, default=None)
    if best is None or best.score == 0:
        raise ValueError(f"{folder}: VGG-Face lists, but none of their pictures; looked for {LAYOUTS}, in this folder, those in it "
                         "and those in these (as in images/<Name>/<id>.jpg)")
    return best


def _places(folder, paths):
    """Yields (folder, its os.DirEntry) of all folders in which people's folders may be."""
    level = [folder]
    for _ in range(DEPTH):
        below = []
        for place in level:
            try:
                entries = entries_of(place)
            except OSError:
                continue
            yield place, entries
            below += [entry.path for entry in entries if entry.name not in paths and is_folder(entry)]
        level = below


def _layouts(place, entries, paths, lines):
    """Yields what layouts a folder may have."""
    # Downloaders that store pictures among the lists cut them to their boxes.
    boxes = not any(path.parent == pathlib.Path(place) for path in paths.values())
    folders = {entry.name: entry.path for entry in entries if entry.name in paths and is_folder(entry)}
    named = _by_prefix(entries, paths)
    for people, by_id in ((folders, True), (folders, False), (named, True)):
        pictures = {name: functools.partial(_pictures, where, by_id) for name, where in people.items()}
        sample = [(get(), lines(paths[name])) for name, get in list(pictures.items())[:SAMPLE]]
        for picture in (_id, _short_id, _long_id) if by_id else (_last_part,):
            score = sum(picture(line) in found for found, listed in sample for line in listed)
            yield Layout(pictures, picture, boxes, score)


def _pictures(where, by_id):
    """The pictures in a folder, or in a list of (name, os.DirEntry) -> {name: os.DirEntry}; by_id: names up to the first dot."""
    try:
        named = [(entry.name, entry) for entry in entries_of(where)] if isinstance(where, str) else where
    except OSError:
        return {}
    named = [(name, entry) for name, entry in named if not is_folder(entry)]
    return {name.partition(".")[0]: entry for name, entry in named if _IMAGE.search(name)} if by_id else dict(named)


def _by_prefix(entries, paths):
    """Pictures of all people in one folder -> {Name: [(what follows Name_, os.DirEntry)]}."""
    names = {_plain(name): name for name in paths}
    people = collections.defaultdict(list)
    for entry in entries:
        prefix, _, rest = entry.name.rpartition("_")
        if _plain(prefix) in names:
            people[names[_plain(prefix)]].append((rest, entry))
    return people


def _plain(name):
    """One downloader writes aamir_khan_00000001.jpg, with all but letters replaced."""
    return re.sub("[^a-z]", "_", name.lower())


def _id(line):
    return line.id


def _short_id(line):
    return line.id.lstrip("0")


def _long_id(line):
    return line.id.zfill(8)


def _last_part(line):
    return os.path.basename(line.url)
