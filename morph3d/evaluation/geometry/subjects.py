"""A person whose geometry is measured: a scan, which is the truth, and photos, from which it is to be known."""
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import numpy as np

from morph3d.evaluation.geometry import landmark_files, scan_detection, scan_landmarks
from morph3d.evaluation.geometry.scans import Scan
from morph3d.mesh import readers, registration
from morph3d.mesh.mesh import Mesh
from morph3d.mesh.surface import Surface
from morph3d.morphable import landmarks

UNITS = {"mm": 1., "cm": 10., "m": 1000., "unknown": None}  # how many millimeters one is
WORDS = {"mm": "millimeters", "cm": "centimeters", "m": "meters"}
NEAR = 15.  # mm, as far as landmarks may lie from the nearest vertices
EYES = 45., 85.  # mm between the centers of people's eyes: less or more is another unit, or no eye


class Subject(NamedTuple):
    """One person; what is large is read when it is asked for."""
    name: str
    scan: Callable[[], Scan]  # raises a ValueError where it is no good
    photos: dict[str, Callable[[], Iterable[Any]]]  # condition: photos, as crops.read_all takes them


def read_scan(name, path, landmarks_path=None, unit="mm", radius=Scan.radius):
    """A scan's file as a Scan in millimeters; landmarks that no file has are looked for in pictures of it.

    Args:
      name: the person's.
      path: of a mesh, see mesh/readers.py.
      landmarks_path: see landmark_files.py; None: they are detected.
      unit: a key of UNITS; "unknown" brings the landmarks to the size of an average face.
      radius: see Scan.

    Raises:
      ValueError: a file cannot be read, no face is found, or the eyes are not as far apart as people's are.
    """
    mesh = readers.read(path)
    try:
        found = scan_detection.detect(mesh) if landmarks_path is None else landmark_files.read(landmarks_path)
        scale = UNITS[unit] or _scale_to_average(found)
        if unit != "unknown":
            _check_size(found, unit)
    except ValueError as error:
        raise ValueError(str(error) if landmarks_path and str(landmarks_path) in str(error) else f"{path}: {error}") from None
    _check_place(mesh, found, scale, landmarks_path)
    scaled = Mesh(scale * mesh.vertices, mesh.triangles, mesh.colors)
    return Scan(name, scaled, {point: scale * np.asarray(place) for point, place in found.items()}, radius)


def _check_place(mesh, found, scale, path):
    """ValueError unless the points of a file lie on the mesh, or not far from it as the centers of eyes do."""
    apart = scale * np.median(Surface(mesh.vertices, mesh.triangles).closest(np.array(list(found.values()))).distances)
    if apart > NEAR:
        raise ValueError(f"{path}: its points lie {apart:.3g} mm from the scan; both must have the same unit and frame")


def _scale_to_average(found):
    return registration.from_points(list(found.values()), scan_landmarks.of_face(landmarks.AVERAGE_FACE, list(found))).scale


def _check_size(found, unit):
    """ValueError unless the eyes, or what else there is, are as large as a person's."""
    eyes = landmark_files.centers(found)
    average = scan_landmarks.of_face(landmarks.AVERAGE_FACE, scan_landmarks.EYE_CENTERS)
    right, left = average / _scale_to_average(found) if eyes is None else eyes
    apart = np.linalg.norm(right - left)
    fits = [name for name, scale in UNITS.items() if scale and EYES[0] <= scale * apart <= EYES[1]]
    if unit in fits:
        return
    remedy = (f"{WORDS[fits[0]]}? give --unit={fits[0]}" if fits else
              "see whether its landmarks are the points that they are taken for, or give --unit=unknown")
    raise ValueError(f"eyes {apart:.3g} {unit} apart, expected {EYES[0]:g} to {EYES[1]:g} mm: {remedy}")
