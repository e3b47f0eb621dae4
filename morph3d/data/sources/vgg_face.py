"""VGG-Face (Parkhi et al. 2015): lists of 2,622 people's photos with their boxes, and the pictures as downloaders leave them.

A list files/Aamir_Khan.txt has a line for every picture, published as
`00000001 http://site/folder/name.jpg 119.19 99.49 295.47 275.78 3.00 2.31 1`:
id, address, left, top, right, bottom, pose, detection score, curation. Some copies have one more field before the address.
"""
import collections
import os
import pathlib
from typing import NamedTuple

from morph3d.data.sources import folders, vgg_face_pictures
from morph3d.data.sources.listing import Listing, Photo, file_version, printable, proper_box

LIST_FOLDERS = ("files", "vgg_face_dataset/files", "raw-txt", ".")


class Line(NamedTuple):
    number: int  # in its list, from 1
    id: str
    url: str
    box: tuple  # left, top, right, bottom, pixels


def parse(number, line):
    """A line's bytes -> Line; ValueError with the reason where it is none."""
    fields = line.split()
    address = next((i for i, field in enumerate(fields) if field.lower().startswith(b"http")), 0)
    if address == 0:
        raise ValueError("broken line: no id and address")
    if len(fields) < address + 5:
        raise ValueError("broken line: too few fields")
    try:
        box = proper_box(*fields[address + 1:address + 5])
    except ValueError as error:
        raise ValueError(f"broken line: {error}") from error
    return Line(number, os.fsdecode(fields[0]), os.fsdecode(fields[address]), box)


def _parse_all(text):
    """-> Lines, [(line number, reason)] of the broken ones."""
    good, broken = [], []
    for number, line in enumerate(text.splitlines(), 1):
        if line.strip():
            try:
                good.append(parse(number, line))
            except ValueError as error:
                broken.append((number, str(error)))
    return good, broken


def lists_in(folder):
    """-> the folder of lists in a source; None where this is no VGG-Face source."""
    for below in LIST_FOLDERS:
        lists = pathlib.Path(os.path.abspath(folder), below)
        if any(_lines(path, 2**16) for path in sorted(lists.glob("*.txt"))[:10]):
            return lists
    return None


def _lines(path, size=-1):
    try:
        with open(path, "rb") as file:
            return _parse_all(file.read(size))[0]
    except OSError:
        return []


def find(folder, lists):
    """The listed pictures that are on the disk -> Listing; every line without a picture, and every other file, is a reject.

    Args:
      folder: in which the pictures are.
      lists: see `lists_in`.

    Raises:
      ValueError: no listed picture is on the disk.
    """
    folder = os.path.abspath(folder)
    paths = {path.stem: path for path in sorted(lists.glob("*.txt"))}
    layout = vgg_face_pictures.layout(folder, paths, _lines)
    found, rejects = [], []
    for name, path in paths.items():
        listed = printable(path.relative_to(folder).as_posix())
        try:
            lines, broken = _parse_all(path.read_bytes())
        except OSError as error:
            rejects.append((listed, f"cannot be read: {error.strerror}"))
            continue
        good, missing = _photos(name, lines, layout)
        found += good
        rejects += [(f"{listed}:{number}", reason) for number, reason in sorted(broken + missing)]
    used = {photo.location for photo in found} | set(map(str, paths.values()))
    rejects += [(printable(below + entry.name), "in no list") for below, entry in folders.files(folder, rejects)
                if entry.path not in used]
    return Listing(sorted(found), rejects)


def _photos(name, lines, layout):
    """-> Photos of a person, [(line number, reason)] of the lines without one."""
    pictures = layout.people.get(name, dict)()
    times = collections.Counter(map(layout.picture, lines))
    found, missing, taken = [], [], {}
    for line in lines:
        picture = layout.picture(line)
        earlier = [taken[which] for which in (("picture", picture), ("id", line.id)) if which in taken]
        if picture not in pictures:
            missing.append((line.number, "not on disk"))
        elif earlier:
            missing.append((line.number, f"listed twice: as in line {earlier[0]}"))
        else:
            taken["picture", picture] = taken["id", line.id] = line.number
            certain = layout.boxes and times[picture] == 1  # of lines that share a name, nobody knows whose picture was stored
            found.append(Photo(printable(f"{name}/{line.id}"), printable(name), pictures[picture].path,
                               file_version(pictures[picture]), line.box if certain else None))
    return found, missing
