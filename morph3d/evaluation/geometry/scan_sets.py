"""People of whom there are a scan and photos: found in a folder, whose layout is known by what is there.

  MICC Florence   subject_01/Model/frontal1/obj/*.obj (or vrml/*.wrl), and anywhere else in subject_01, or in a subject_01 of
                  another folder (as images/subject_01), videos or photos in whose paths are the words cooperative, indoor and
                  outdoor (Indoor-Cooperative, PTZ-Indoor, PTZ-Outdoor)
  NoW             scans/NAME/*.obj, scans_lmks_onlypp/NAME/*.pp, final_release_version/iphone_pictures/NAME/CONDITION/*.jpg
  scan + photos   NAME/ with one scan and photos or videos, folders in it being conditions; or NAME.obj beside a folder NAME/
"""
import collections
import functools
import itertools
import os
import pathlib
import re
from typing import NamedTuple

from morph3d.data.sources import folders
from morph3d.evaluation.geometry import landmark_files
from morph3d.evaluation.geometry.scans import Scan
from morph3d.evaluation.geometry.subjects import Subject, read_scan
from morph3d.photos import decoding, videos

FRAMES = 20  # photos, and as many frames of videos, of one person in one condition
SCANS = ".obj", ".ply", ".vtk", ".wrl"  # the first that is there is taken
PHOTOS = "photos"  # the condition of what is in no folder of its own
MICC_RADII = {"subject_28": 60.}  # mm, as public code for the data set has it
MICC_CONDITIONS = "cooperative", "outdoor", "indoor"  # the first that a path names

NOW_PICTURES = ("final_release_version/iphone_pictures", "iphone_pictures", "NoW_Dataset/final_release_version/iphone_pictures")


class Files(NamedTuple):
    """Where the data of one person are."""
    name: str
    scan: pathlib.Path
    landmarks: pathlib.Path | None
    conditions: dict[str, list[pathlib.Path]]  # of photos and videos; empty where there are none
    radius: float = Scan.radius


class Layout(NamedTuple):
    """What was found in a folder."""
    name: str  # "MICC Florence", "NoW" or "scan + photos"
    people: list[Files]  # by name
    left_out: list[tuple[str, str]]  # (name, why): folders without one scan, or without photos


def find(folder):
    """The people in a folder -> Layout.

    Raises:
      ValueError: there is no such folder, or nobody in it of whom there are a scan and photos.
    """
    folder = pathlib.Path(folder)
    if not folder.is_dir():
        raise ValueError(f"{folder}: no such folder of scans")
    tried = ((name, of(folder)) for name, of in (("MICC Florence", _micc), ("NoW", _now), ("scan + photos", _pairs)))
    name, people = next((found for found in tried if found[1]), ("", []))
    whole = [one for one in people if isinstance(one, Files) and one.conditions]
    left_out = [one if not isinstance(one, Files) else (one.name, "no photos or videos") for one in people if one not in whole]
    if not whole:
        raise ValueError(f"{folder}: nobody with a scan ({', '.join(SCANS)}) and photos; expected NAME/ with a scan and photos, or "
                         f"the layout of MICC Florence or NoW" + "".join(f"; {who}: {why}" for who, why in left_out[:3]))
    return Layout(name, whole, left_out)


def subjects(layout, unit, frames=FRAMES):
    """The Subjects of a Layout, whose files are read when they are asked for.

    Args:
      layout: Layout.
      unit: of the scans, a key of subjects.UNITS.
      frames: how many frames of a video, or photos, of one condition are taken, spread evenly.
    """
    return [Subject(person.name, functools.partial(read_scan, person.name, person.scan, person.landmarks, unit,
                                           person.radius),
                    {condition: functools.partial(_pictures, paths, frames) for condition, paths in person.conditions.items()})
            for person in layout.people]


def _pictures(paths, count):
    """Yields what crops.read_all takes: of each photo its bytes, of a video its frames, or what went wrong."""
    films = [path for path in paths if path.suffix.lower() in videos.SUFFIXES]
    photos = [path for path in paths if path not in films]
    some = min(count, len(photos))
    yield from folders.contents([photos[int((number + .5) * len(photos) / some)] for number in range(some)])
    for film in films:
        try:
            yield from videos.frames(film, max(1, count // len(films)))
        except ValueError as error:
            yield error


def _micc(folder):
    places = collections.defaultdict(list)
    for path in sorted(folder.rglob("subject_*")):
        if path.is_dir():
            places[path.name].append(path)
    if not any((path / "Model").is_dir() for paths in places.values() for path in paths):
        return []
    return [_micc_person(name, paths, folder) for name, paths in sorted(places.items())]


def _micc_person(name, places, folder):
    below = [path.relative_to(folder) for place in places for path in _below(place)]
    scans = [path for path in below if "Model" in path.parts and re.fullmatch(r"frontal\d*", _part_after(path, "Model") or "")]
    scans = [path for path in scans if path.suffix.lower() in SCANS]
    if not scans:
        return name, "no scan in Model/frontal1"
    scan = folder / min(scans, key=lambda path: (_part_after(path, "Model"), SCANS.index(path.suffix.lower()), path))
    conditions = collections.defaultdict(list)
    for path in below:
        if "Model" not in path.parts and _is_picture(path):
            text = str(path).lower()
            conditions[next((word for word in MICC_CONDITIONS if word in text), path.parent.name)].append(folder / path)
    return Files(name, scan, landmark_files.beside(scan), dict(conditions), MICC_RADII.get(name, Scan.radius))


def _part_after(path, name):
    parts = path.parts
    return parts[parts.index(name) + 1] if name in parts[:-1] else None


def _now(folder):
    pictures = next((path for path in map(folder.joinpath, NOW_PICTURES) if path.is_dir()), None)
    if pictures is None or not (folder / "scans").is_dir():
        return []
    return [_now_person(person, pictures, folder / "scans_lmks_onlypp") for person in _folders(folder / "scans")]


def _now_person(person, pictures, points):
    scans = _scans(person)
    if not scans:
        return person.name, f"no scan ({', '.join(SCANS)}) in {person}"
    picked = [path for path in _below(points / person.name) if path.suffix in landmark_files.ENDINGS]
    points = picked[0] if picked else landmark_files.beside(scans[0])
    return Files(person.name, scans[0], points, _conditions(pictures / person.name, []))


def _pairs(folder):
    flat = [(scan.stem, [scan], folder / scan.stem) for scan in _scans(folder) if (folder / scan.stem).is_dir()]
    taken = {name for name, *_ in flat}
    nested = [(person.name, _scans(person), person) for person in _folders(folder) if person.name not in taken]
    alone = [(scan.stem, "no photos or videos") for scan in _scans(folder) if scan.stem not in taken]
    return alone + [_pair(*person) for person in sorted(flat + nested)]


def _pair(name, scans, place):
    if len(scans) != 1:
        return name, f"found {len(scans)} scans in {place}, expected one ({', '.join(SCANS)})"
    return Files(name, scans[0], landmark_files.beside(scans[0]), _conditions(place, _textures(scans[0])))


def _textures(scan):
    """The pictures that belong to a scan: those of its name, and those that its materials name."""
    beside = [path for path in scan.parent.iterdir() if path.is_file()]
    words = " ".join(path.read_text(errors="replace") for path in beside if path.suffix.lower() == ".mtl")
    return [path for path in _below(scan.parent) if path.name in words or path.parent == scan.parent and path.stem == scan.stem]


def _conditions(place, textures):
    """{the folder in `place` where they are: photos and videos}."""
    found = collections.defaultdict(list)
    for path in _below(place):
        if _is_picture(path) and path not in textures:
            inside = path.relative_to(place).parts[:-1]
            found["/".join(inside) or PHOTOS].append(path)
    return dict(found)


def _scans(folder):
    """The scans in a folder, by name; of several files of one name the first kind of SCANS."""
    found = sorted((path for path in folder.iterdir() if path.is_file() and path.suffix.lower() in SCANS),
                   key=lambda path: (path.stem, SCANS.index(path.suffix.lower())))
    return [next(same) for _, same in itertools.groupby(found, lambda path: path.stem)]


def _folders(folder):
    return sorted(path for path in folder.iterdir() if path.is_dir() and not path.name.startswith("."))


def _below(folder):
    return sorted(pathlib.Path(root, name) for root, _, names in os.walk(folder) for name in names if not name.startswith("."))


def _is_picture(path):
    return path.suffix.lower() in decoding.SUFFIXES | videos.SUFFIXES
