"""Photographs in TFRecord files of tf.train.Example, with the customary names of features."""
import errno
import glob
import itertools
import os
import pathlib
import re
import struct

import tensorflow as tf
from google.protobuf import message

from morph3d.data.sources.listing import Listing, Photo, file_version, printable, proper_box

IMAGE = "image/encoded"
KEYS = ("key", "image/filename")
PEOPLE = ("person", "image/class/text")
BOX = tuple(f"image/object/bbox/{side}" for side in ("xmin", "ymin", "xmax", "ymax"))
_SHARD = re.compile(r".*\.tfrecords?(-\d+-of-\d+)?", re.DOTALL)
_LOCATION = re.compile(rf"({_SHARD.pattern})#(\d+)", re.DOTALL)
_HEADER, _FOOTER = 12, 4  # bytes around a record: its length (uint64) and that one's checksum; its own checksum


def shards(source):
    """-> the sorted TFRecord files that a file name, a pattern or a folder stands for; empty where there are none."""
    if os.path.isdir(source):
        paths = glob.glob(os.path.join(glob.escape(source), "*"))
    else:
        paths = [source] if os.path.isfile(source) else glob.glob(source)
    return sorted(os.path.abspath(path) for path in paths if _SHARD.fullmatch(path))


def find(paths):
    """The photos in TFRecord files -> Listing, in the order of files and records, which is fastest to read.

    A file that is cut short or damaged gives the photos before that, and a reject.

    Raises:
      ValueError: no photo in any file.
    """
    found, rejects, keys = [], [], set()
    for path in map(os.path.abspath, paths):
        version, shard = file_version(pathlib.Path(path)), printable(os.path.basename(path))
        for place, offset, record in _records(path, shard, rejects):
            try:
                photo = _photo(record, place, keys, f"{path}#{offset}", version)
            except ValueError as error:
                rejects.append((place, str(error)))
            else:
                keys.add(photo.key)
                found.append(photo)
    if not found:
        raise ValueError(f"{os.path.dirname(os.path.abspath(paths[0]))}: no photos in its {len(paths)} TFRecord files; expected "
                         f"tf.train.Examples with {IMAGE}" + "".join(f"; {key}: {reason}" for key, reason in rejects[:3]))
    return Listing(found, rejects)


def _records(path, shard, rejects):
    """Yields (name, offset in the file, bytes) of the records of a file; adds what stands against the file to `rejects`."""
    offset, number, problem = 0, 0, "cut short"
    try:
        for record in tf.data.TFRecordDataset(path).as_numpy_iterator():
            yield f"{shard}#{number:08}", offset, record
            offset, number = offset + _HEADER + len(record) + _FOOTER, number + 1
        if offset == os.path.getsize(path):  # TensorFlow takes a header that is cut short for the end
            return
    except tf.errors.OpError as error:
        problem = "cut short" if "truncated" in error.message else "damaged" if "corrupted" in error.message else error.message
    rejects.append((shard, f"{printable(problem)}: after {number} records"))


def _photo(record, place, keys, location, version):
    features = _features(record)
    if not _bytes(features, IMAGE):
        raise ValueError(f"no {IMAGE}")
    key = printable(_text(features, KEYS)) or place
    while key in keys:
        key = f"{place} {key}"
    return Photo(key, printable(_text(features, PEOPLE)), location, version, _box(features))


def _features(record):
    try:
        return tf.train.Example.FromString(record).features.feature
    except message.DecodeError as error:
        raise ValueError("no tf.train.Example") from error


def _bytes(features, name):
    """A feature's first value; b"" where there is none."""
    return next(iter(features[name].bytes_list.value), b"") if name in features else b""


def _text(features, names):
    """The first of some features that says something."""
    return os.fsdecode(next(filter(None, (_bytes(features, name) for name in names)), b""))


def _box(features):
    """The first box, pixels; None where there is none."""
    size = [next(iter(features[name].int64_list.value), 0) if name in features else 0 for name in ("image/width", "image/height")]
    sides = [next(iter(features[name].float_list.value), None) if name in features else None for name in BOX]
    if None in sides:
        return None
    try:
        return proper_box(*(side * length for side, length in zip(sides, size * 2)))
    except ValueError:
        return None


def is_location(location):
    return _LOCATION.fullmatch(location) is not None


def contents(locations):
    """Yields the encoded picture of each record, or the OSError met; opens a file once for neighboring records."""
    places = (_LOCATION.fullmatch(location).group(1, 3) for location in locations)
    for path, run in itertools.groupby(places, key=lambda place: place[0]):
        try:
            file = open(path, "rb")
        except OSError as error:
            yield from (error for _ in run)
            continue
        with file:
            for _, offset in run:
                try:
                    yield _picture(file, int(offset))
                except OSError as error:
                    yield error


def _picture(file, offset):
    """The checksums were looked at when the file was listed."""
    file.seek(offset)
    header = file.read(_HEADER)
    length = struct.unpack("<Q", header[:8])[0] if len(header) == _HEADER else -1
    if not 0 <= length <= os.fstat(file.fileno()).st_size - file.tell():
        raise OSError(errno.EINVAL, f"no record at byte {offset}", file.name)
    try:
        return _bytes(_features(file.read(length)), IMAGE)
    except ValueError as error:
        raise OSError(errno.EINVAL, f"{error} at byte {offset}", file.name) from error
