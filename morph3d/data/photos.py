"""A folder of photographs -> aligned face crops."""
import concurrent.futures
import json
import os
import pathlib
from typing import NamedTuple

import cv2
import numpy as np
import tqdm
from absl import logging

from morph3d import alignment, files
from morph3d.data import face_crops

SUFFIXES = frozenset([".jpg", ".jpeg", ".jpe", ".png", ".webp", ".bmp", ".tif", ".tiff", ".ppm", ".pgm"])
CHUNK = 16  # photos in memory at a time


class AlignedPhotos(NamedTuple):
    """The photos of a folder in which a face was found."""
    paths: list  # N strings
    crops: np.ndarray  # [N, S, S, 3] uint8 RGB, the five points on the encoder's template


def find(folder):
    """-> the sorted paths of all images in a folder and the folders in it.

    Raises:
      ValueError: no such folder, or no image in it.
    """
    folder = pathlib.Path(folder)
    if not folder.is_dir():
        raise ValueError(f"{folder}: no such folder of photos")
    paths = sorted(path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES and path.is_file())
    if not paths:
        raise ValueError(f"{folder}: no photos in this folder or below; expected {', '.join(sorted(SUFFIXES))} files")
    return paths


def read(path):
    """-> [H, W, 3] uint8 RGB, turned upright by its EXIF orientation; ValueError where the file is no readable image."""
    data = np.fromfile(path, np.uint8)
    try:
        image = cv2.imdecode(data, cv2.IMREAD_COLOR) if data.size else None
    except cv2.error:  # larger than OpenCV takes
        image = None
    if image is None:
        raise ValueError(f"{path}: cannot be read as an image")
    return cv2.cvtColor(image, cv2.COLOR_BGR2RGB)


def _read_or_none(path):
    try:
        return read(path)
    except (OSError, ValueError):
        return None


def align(folder, template, size, cache=None):
    """Finds the main face of every photo in a folder and crops it.

    Photos that cannot be read or show no face are named in a warning and left out.

    Args:
      folder: see `find`.
      template: [5, 2] pixels: where the crops have their five points (Encoder.template).
      size: S, the side of the crops (Encoder.image_size).
      cache: a JSON file for the five points found, so that only new or changed photos are searched next time; None for none.

    Returns:
      AlignedPhotos, in the order of `find`.

    Raises:
      ValueError: no photo is left.
    """
    paths = find(folder)
    known = _read_cache(cache)
    crops, left_out = {}, {}
    try:
        with concurrent.futures.ThreadPoolExecutor() as pool, tqdm.tqdm(total=len(paths), desc="aligning", unit="photo") as bar:
            for start in range(0, len(paths), CHUNK):
                chunk = paths[start:start + CHUNK]
                photos = {path: photo for path, photo in zip(chunk, pool.map(_read_or_none, chunk)) if photo is not None}
                points = _locate(photos, folder, known)
                for path in chunk:
                    if path not in photos:
                        left_out[path] = "cannot be read as an image"
                    elif points[path] is None:
                        left_out[path] = "no face found"
                    else:
                        crops[path] = alignment.crop(photos[path], points[path], template, size)
                bar.update(len(chunk))
    finally:
        _write_cache(cache, known)
    for path, reason in left_out.items():
        logging.warning("left out: %s: %s", path, reason)
    if not crops:
        raise ValueError(f"{folder}: none of its {len(paths)} photos shows a face that can be found")
    logging.info("%s: aligned %d of %d photos", folder, len(crops), len(paths))
    return AlignedPhotos([str(path) for path in crops], np.stack(list(crops.values())))


def _locate(photos, folder, known):
    """{path: photo} -> {path: five points or None}, from what is known where it can; adds what it finds to the known."""
    keys = {path: _key(path, folder) for path in photos}
    new = [path for path in photos if keys[path] not in known]
    for path, points in zip(new, face_crops.detect_all([photos[path] for path in new])):
        known[keys[path]] = None if points is None else points.tolist()
    return {path: known[key] for path, key in keys.items()}


def _key(path, folder):
    """What a photo is known by: its name below the folder, its size and when it was changed."""
    status = path.stat()
    return f"{path.relative_to(folder).as_posix()}|{status.st_size}|{status.st_mtime_ns}"


def _read_cache(cache):
    if cache is None or not os.path.exists(cache):
        return {}
    try:
        known = json.loads(pathlib.Path(cache).read_text(encoding="utf-8"))
        if all(points is None or np.shape(points) == (5, 2) for points in known.values()):
            return known
    except (ValueError, AttributeError):
        pass
    raise ValueError(f"{cache}: expected five points of photos as JSON, as an earlier run writes them; delete the file to "
                     "search the photos again")


def _write_cache(cache, known):
    if cache is not None:
        with files.replacing(cache) as beside:
            beside.write_text(json.dumps(known), encoding="utf-8")
