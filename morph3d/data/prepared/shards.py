"""One shard of prepared photographs: photos -> aligned crops and encodings on the disk. Many processes may make shards at once."""
import contextlib
import errno
import hashlib
import json
import pathlib

import cv2
import numpy as np
import tensorflow as tf

from morph3d import atomic_files, images
from morph3d.data import sources
from morph3d.data.prepared import dataset
from morph3d.data.prepared.ledger import cannot_write
from morph3d.encoders.base import Encoding
from morph3d.photos import crops

AT_A_TIME = 32  # photos in memory
PASSING = {errno.EIO, errno.ESTALE, errno.ENOTCONN, errno.ETIMEDOUT, errno.EMFILE, errno.ENFILE, errno.ENOMEM}
JPEG_QUALITY = 95


def contents(listed):
    """The photos' bytes as by sources.contents, but errors that may pass are raised: they say nothing about the photo."""
    for photo, data in zip(listed, sources.contents(listed)):
        if isinstance(data, OSError) and data.errno in PASSING:
            raise OSError(f"{photo.key}: cannot be read at the moment ({data.strerror}); start again when it can: what is "
                          f"finished is kept") from data
        yield data


def digests(listed):
    return [digest(photo, data) for photo, data in zip(listed, contents(listed))]


def digest(photo, data):
    """A digest of a photo's bytes and its box, whatever its name; "" for an empty file, None where nothing can be read."""
    if isinstance(data, OSError):
        return None
    return hashlib.sha1(data + json.dumps(photo.box).encode()).hexdigest() if data else ""


def encode(faces, encoder):
    """[N, 2, size, size, 3] uint8, crops of photos and of the mirrored photos -> Encoding [N, 2, .] float32 NumPy."""
    flat = encoder(images.to_float(faces.reshape(-1, *faces.shape[2:])))
    return Encoding(*(part.numpy().reshape(len(faces), 2, -1) for part in flat))


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
      {"name", "records", "bytes"} as in dataset.Index.shards, "turned": how many of the records are of turned photos, and
      "rejects": a list of [key, reason], the reason "duplicate: of ..." or those of crops.crop_all.

    Raises:
      OSError: the disk is full, or cannot be written to for another reason.
    """
    name = f"{number:05}.tfrecord"
    rejects = [[listed[position].key, f"duplicate: of {key}"] for position, key in duplicates.items()]
    wanted = [photo for position, photo in enumerate(listed) if position not in duplicates]
    count = turned = 0
    with contextlib.ExitStack() as opened:
        writers = {kind: opened.enter_context(_writer(pathlib.Path(folder, kind, name))) for kind in kinds}
        for start in range(0, len(wanted), AT_A_TIME):
            chunk = wanted[start:start + AT_A_TIME]
            outcomes = list(zip(chunk, crops.crop_all(contents(chunk), [photo.box for photo in chunk], encoder)))
            rejects += [[photo.key, str(outcome)] for photo, outcome in outcomes if isinstance(outcome, ValueError)]
            good = [(photo, outcome) for photo, outcome in outcomes if not isinstance(outcome, ValueError)]
            count += len(good)
            turned += sum(cropped.degrees > 0 for _, cropped in good)
            for kind, write in writers.items() if good else ():
                for record in _examples(*zip(*good), kind, encoder):
                    write(record)
    return {"name": name, "records": count, "bytes": {kind: pathlib.Path(folder, kind, name).stat().st_size for kind in kinds},
            "turned": turned, "rejects": rejects}


def _examples(chunk, faces, kind, encoder):
    """Yields the serialized records of a kind, of photos and the Cropped of each."""
    if kind == dataset.CROPS:
        for photo, ((crop, _), _) in zip(chunk, faces):
            jpeg = cv2.imencode(".jpg", crop[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])[1].tobytes()
            yield dataset.example(photo.key, photo.person, **{"image/encoded": jpeg})
    else:
        for photo, features, identity in zip(chunk, *encode(np.stack([face.pair for face in faces]), encoder)):
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
