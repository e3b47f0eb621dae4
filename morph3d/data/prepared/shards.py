"""One shard of prepared photographs: photos -> aligned crops and encodings on the disk. Many processes may make shards at once."""
import concurrent.futures
import contextlib
import errno
import hashlib
import itertools
import json
import os
import pathlib

import cv2
import numpy as np
import tensorflow as tf

from morph3d import alignment, atomic_files
from morph3d.data import sources
from morph3d.data.prepared import dataset
from morph3d.data.prepared.ledger import cannot_write
from morph3d.encoders.base import Encoding
from morph3d.photos import decoding, face_detection

AT_A_TIME = 32  # photos in memory
LONGEST_SIDE = 3000  # pixels; larger ones are shrunk to this, or so many would fill the memory
PASSING = {errno.EIO, errno.ESTALE, errno.ENOTCONN, errno.ETIMEDOUT, errno.EMFILE, errno.ENFILE, errno.ENOMEM}
LARGEST_ENLARGEMENT = 4.  # a face with fewer pixels is no portrait: for dlib's crops, eyes less than 13 pixels apart
JPEG_QUALITY = 95
NO_FACE, TOO_SMALL, DUPLICATE = "no face found", "face too small", "duplicate"  # beside the reasons that decoding gives


def contents(listed):
    """sources.contents, but what may be read another time is raised: it says nothing about the photo."""
    for photo, data in zip(listed, sources.contents(listed)):
        if isinstance(data, OSError) and data.errno in PASSING:
            raise OSError(f"{photo.key}: cannot be read at the moment ({data.strerror}); start again when it can: what is "
                          f"finished is kept") from data
        yield data


def digest(photo, data):
    """The same for the same bytes with the same box, whatever their names; None where there are no bytes."""
    return None if isinstance(data, OSError) or not data else hashlib.sha1(data + json.dumps(photo.box).encode()).hexdigest()


def align(listed, template, size):
    """Finds each photo's face and crops it.

    Args:
      listed: Photos.
      template: [5, 2] pixels: where the crops have their five points (Encoder.template).
      size: S, the side of the crops (Encoder.image_size).

    Yields:
      For each photo, in order, its crop [S, S, 3] uint8 RGB, or the reason, a string, for which there is none.
    """
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for chunk in _chunks(listed):
            images, boxes = zip(*pool.map(_decode, chunk, contents(chunk)))
            good = [pair for pair in zip(images, boxes) if not isinstance(pair[0], str)]
            points = iter(face_detection.detect_all(*map(list, zip(*good))) if good else ())
            yield from (image if isinstance(image, str) else crop(image, next(points), template, size) for image in images)


def crop(image, points, template, size):
    """The crop of a photo in which its five points (or None) lie on the template, or the reason for which there is none."""
    if points is None:
        return NO_FACE
    across, needed = (np.linalg.norm(eyes[1] - eyes[0]) for eyes in (points, template))
    if needed > LARGEST_ENLARGEMENT * across:
        return f"{TOO_SMALL}: eyes {across:.0f} pixels apart"
    return alignment.crop(image, points, template, size)


def encode(crops, encoder):
    """[N, S, S, 3] uint8 -> Encoding [N, 2, .] float32 NumPy: of the crops and of their mirror images."""
    both = np.concatenate([crops, crops[:, :, ::-1]])
    return Encoding(*(np.stack(np.split(part.numpy(), 2), 1) for part in encoder(tf.constant(both / np.float32(255.)))))


def make(folder, number, listed, duplicates, kinds, encoder):
    """Writes one shard, whole or not at all.

    Args:
      folder: the prepared folder.
      number: the shard's.
      listed: its Photos.
      duplicates: {position in `listed`: key of the photo it is the same as}.
      kinds: those of dataset.KINDS that are wanted.
      encoder: what `encoders.load` gives; for crops alone, `encoders.framing`.

    Returns:
      {"name", "records", "bytes"} as in dataset.Index.shards, and "rejects": a list of [key, reason].

    Raises:
      OSError: the disk is full, or cannot be written to for another reason.
    """
    name = f"{number:05}.tfrecord"
    rejects = [[listed[position].key, f"{DUPLICATE}: of {key}"] for position, key in duplicates.items()]
    wanted = [photo for position, photo in enumerate(listed) if position not in duplicates]
    count = 0
    with contextlib.ExitStack() as opened:
        writers = {kind: opened.enter_context(_writer(pathlib.Path(folder, kind, name))) for kind in kinds}
        outcomes = zip(wanted, align(wanted, encoder.template, encoder.image_size))
        for chunk in _chunks(outcomes):
            rejects += [[photo.key, outcome] for photo, outcome in chunk if isinstance(outcome, str)]
            good = [(photo, outcome) for photo, outcome in chunk if not isinstance(outcome, str)]
            count += len(good)
            for kind, write in writers.items() if good else ():
                for record in _examples(*zip(*good), kind, encoder):
                    write(record)
    return {"name": name, "records": count, "bytes": {kind: pathlib.Path(folder, kind, name).stat().st_size for kind in kinds},
            "rejects": rejects}


def _examples(chunk, crops, kind, encoder):
    """Yields the serialized records of a kind, of photos and their crops."""
    if kind == dataset.CROPS:
        for photo, crop in zip(chunk, crops):
            jpeg = cv2.imencode(".jpg", crop[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])[1].tobytes()
            yield dataset.example(photo.key, photo.person, **{"image/encoded": jpeg})
    else:
        for photo, features, identity in zip(chunk, *encode(np.stack(crops), encoder)):
            yield dataset.example(photo.key, photo.person, features=features, identity=identity)


@contextlib.contextmanager
def _writer(path):
    """A function that writes a record to a file that is there only when it is whole."""
    @contextlib.contextmanager
    def telling():
        try:
            yield
        except tf.errors.OpError as error:
            raise cannot_write(path, error.message) from error

    def write(record):
        with telling():
            writer.write(record)

    with atomic_files.replacing(path) as beside:
        with telling():
            writer = tf.io.TFRecordWriter(str(beside))
        yield write
        with telling():
            writer.close()


def _decode(photo, data):
    """-> ([H, W, 3] uint8, the photo's box in it), or (the reason for which there is none, None)."""
    if isinstance(data, OSError):
        return f"cannot be opened: {data.strerror or data}", None
    try:
        image = decoding.decode(data)
    except ValueError as error:
        return str(error), None
    scale = min(1., LONGEST_SIDE / max(image.shape))
    if scale < 1.:
        image = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    return image, photo.box and tuple(scale * side for side in photo.box)


def _chunks(items):
    """`itertools.batched` of Python 3.12."""
    items = iter(items)
    while chunk := list(itertools.islice(items, AT_A_TIME)):
        yield chunk
