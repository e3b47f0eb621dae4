"""Photographs in TFRecord files of tf.train.Example, plain or gzipped, with the customary names of features."""
import errno
import gzip
import itertools
import os
import pathlib
import re
import struct
import zlib

import tensorflow as tf
from google.protobuf import message

from morph3d.data.sources.listing import Listing, Photo, file_version, printable, proper_box

PREFIX = "tfrecord:"
IMAGE = "image/encoded"
KEYS = ("key", "image/filename")
PEOPLE = ("person", "image/class/text")
BOX = tuple(f"image/object/bbox/{side}" for side in ("xmin", "ymin", "xmax", "ymax"))
_NAME = re.compile(r".*\.tfrecords?(-\d+-of-\d+)?(\.gz)?", re.DOTALL)
_LOCATION = re.compile(rf"{PREFIX}(.*)#(\d+)", re.DOTALL)  # where the record begins in the file, once it is unzipped
_HEADER, _FOOTER = 12, 4  # bytes around a record: its length (uint64) and that one's checksum; its own checksum
_GZIP = b"\x1f\x8b"


def recognizes(name, beginning):
    """Whether a file that begins with these bytes, some hundreds, holds TFRecords, or is named as if it did."""
    if beginning.startswith(_GZIP):
        try:
            beginning = zlib.decompressobj(zlib.MAX_WBITS + 16).decompress(beginning)
        except zlib.error:
            beginning = b""
    return _length(beginning[:_HEADER]) is not None or _NAME.fullmatch(name) is not None


def _length(header):
    """-> the length of the record after a header; None where it is no header."""
    if len(header) < _HEADER:
        return None
    length, checksum = struct.unpack("<QI", header)
    return length if checksum == _masked_crc(header[:8]) else None


def _masked_crc(data):
    """TFRecord's checksum: CRC-32C, turned right by 15 bits, plus a constant."""
    crc = 0xffffffff
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82f63b78 if crc & 1 else 0)
    crc ^= 0xffffffff
    return ((crc >> 15 | crc << 17) + 0xa282ead8) & 0xffffffff


def find(files, keys=()):
    """The photos in TFRecord files -> Listing, in the order of files and records, which is fastest to read.

    A file that is cut short or damaged gives the photos before that, and a reject.

    Args:
      files: (name in the source, absolute path) of each.
      keys: those that other photos have.
    """
    found, rejects, keys = [], [], set(keys)
    for name, path in sorted(files):
        version = file_version(pathlib.Path(path))
        for place, offset, record in _records(path, name, rejects):
            try:
                photo = _photo(record, place, keys, f"{PREFIX}{path}#{offset}", version)
            except ValueError as error:
                rejects.append((place, str(error)))
            else:
                keys.add(photo.key)
                found.append(photo)
    return Listing(found, rejects)


def _records(path, name, rejects):
    """Yields (name, offset, bytes) of the records of a file; adds what stands against the file to `rejects`."""
    offset, number, problem = 0, 0, "cut short"
    try:
        for record in tf.data.TFRecordDataset(os.fsencode(path), "GZIP" if _is_gzipped(path) else "").as_numpy_iterator():
            yield f"{name}#{number:08}", offset, record
            offset, number = offset + _HEADER + len(record) + _FOOTER, number + 1
        with _open(path) as file:
            if offset == file.seek(0, os.SEEK_END):  # TensorFlow takes a header that is cut short for the end
                if number:
                    return
                problem = "empty"
    except EOFError:  # in the last bytes of what is gzipped
        pass
    except tf.errors.DataLossError as error:
        problem = "cut short" if "truncated" in error.message else "damaged"
    except (tf.errors.OpError, OSError) as error:
        problem = printable(str(error))
    rejects.append((name, f"{problem}: after {number} records"))


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


def contents(locations):
    """Yields the encoded picture of each record, or the OSError met; opens a file once for neighboring records."""
    places = (_LOCATION.fullmatch(location).groups() for location in locations)
    for path, run in itertools.groupby(places, key=lambda place: place[0]):
        try:
            file = _open(path)
        except OSError as error:
            yield from (error for _ in run)
            continue
        with file:
            for _, offset in run:
                try:
                    yield _picture(file, int(offset))
                except OSError as error:
                    yield error


def _is_gzipped(path):
    with open(path, "rb") as file:
        return file.read(len(_GZIP)) == _GZIP


def _open(path):
    """A file that reads what is in `path`, unzipped."""
    return gzip.open(path) if _is_gzipped(path) else open(path, "rb")


def _picture(file, offset):
    """The checksums were looked at when the file was listed."""
    try:
        file.seek(offset)
        length = _length(file.read(_HEADER))
        record = file.read(length or 0)
        if length is None or len(record) < length:
            raise ValueError("no record")
        return _bytes(_features(record), IMAGE)
    except (ValueError, EOFError, zlib.error) as error:
        raise OSError(errno.EINVAL, f"{error} at byte {offset}", file.name) from error
