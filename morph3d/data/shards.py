"""One shard of prepared photographs: photos -> aligned crops and encodings on the disk. Many processes may make shards at once."""
import concurrent.futures
import contextlib
import hashlib
import itertools
import json
import pathlib

import cv2
import numpy as np
import tensorflow as tf

from morph3d import alignment, files
from morph3d.data import face_crops, photo_sources, photos, records
from morph3d.encoders import Encoding

AT_A_TIME = 32  # photos in memory
LARGEST_ENLARGEMENT = 4.  # a face with fewer pixels is no portrait: for dlib's crops, eyes less than 13 pixels apart
JPEG_QUALITY = 95
NO_FACE, TOO_SMALL, DUPLICATE = "no face found", "face too small", "duplicate"  # beside the reasons that decoding gives


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
    with concurrent.futures.ThreadPoolExecutor() as pool:
        for chunk in _chunks(listed):
            images = list(pool.map(_decode, chunk, photo_sources.contents(chunk)))
            good = [(image, photo.box) for image, photo in zip(images, chunk) if not isinstance(image, str)]
            points = iter(face_crops.detect_all(*map(list, zip(*good))) if good else ())
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
      kinds: those of records.KINDS that are wanted.
      encoder: what `encoders.load` gives; for crops alone, `encoders.framing`.

    Returns:
      {"name", "records", "bytes"} as in records.Index.shards, and "rejects": a list of [key, reason].

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
            if good:
                _write(writers, *zip(*good), encoder)
    return {"name": name, "records": count, "bytes": {kind: pathlib.Path(folder, kind, name).stat().st_size for kind in kinds},
            "rejects": rejects}


def _write(writers, chunk, crops, encoder):
    """Adds photos and their crops to the files {kind: writer}."""
    if records.CROPS in writers:
        for photo, crop in zip(chunk, crops):
            jpeg = cv2.imencode(".jpg", crop[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])[1].tobytes()
            writers[records.CROPS].write(records.example(photo.key, photo.person, **{"image/encoded": jpeg}))
    if records.ENCODINGS in writers:
        for photo, features, identity in zip(chunk, *encode(np.stack(crops), encoder)):
            writers[records.ENCODINGS].write(records.example(photo.key, photo.person, features=features, identity=identity))


@contextlib.contextmanager
def _writer(path):
    """A tf.io.TFRecordWriter of a file that is there only when it is whole."""
    try:
        with files.replacing(path) as beside, tf.io.TFRecordWriter(str(beside)) as writer:
            yield writer
    except tf.errors.OpError as error:
        raise OSError(f"{path}: cannot be written ({error.message}); make room and start again: "
                      f"what is finished is kept") from error


def _decode(photo, data):
    """-> [H, W, 3] uint8, or the reason for which it is none."""
    if isinstance(data, OSError):
        return f"cannot be opened: {data.strerror or data}"
    try:
        return photos.decode(data)
    except ValueError as error:
        return str(error)


def _chunks(items):
    """`itertools.batched` of Python 3.12."""
    items = iter(items)
    while chunk := list(itertools.islice(items, AT_A_TIME)):
        yield chunk
