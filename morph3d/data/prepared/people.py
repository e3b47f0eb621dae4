"""The people of prepared photographs: who is held out of training, and two photos of each of those."""
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from morph3d.data.prepared import CROPS, ENCODINGS, dataset
from morph3d.encoders.base import Encoding

SHARE = 10  # at most one in so many people is held out,
FEWEST = 20  # and nobody where these would be fewer: who finds the right one of a few has not found much
BLOCK = 1024  # photos that are looked through together


class Gallery(NamedTuple):
    """Two photos of each of N people, or twice the same of whom there is one."""
    photos: Encoding  # [N, .] NumPy, of the first
    others: np.ndarray  # [N, I] the identities of the second
    crops: np.ndarray  # [N, size, size, 3] uint8, of the first; [0, ...] where crops are not stored
    other_crops: np.ndarray  # ... of the second
    pairs: int  # how many of the people have two photos


def hold_out(index, wanted):
    """Parts a prepared folder by its people; all that reads an Index then reads those people alone.

    The names decide, through a hash: the same people are held out whatever the seed, and few others when photos are added.

    Args:
      index: Index with encodings.
      wanted: how many people to hold out, at most one of SHARE.

    Returns:
      The Index of the people to train on, and that of those held out, or None for it where they would be fewer than FEWEST.
    """
    numbers = dataset.people_in_shards(index) if wanted else []
    everyone = np.unique(np.concatenate([np.int64([]), *numbers]))
    count = min(wanted, len(everyone) // SHARE)
    if count < FEWEST:
        return index, None
    border = int(everyone[count])
    return _part(index, numbers, (border, dataset.EVERYONE[1])), _part(index, numbers, (0, border))


def _part(index, numbers, people):
    counts = [int(np.sum((there >= people[0]) & (there < people[1]))) for there in numbers]
    shards = [shard | {"records": count} for shard, count in zip(index.shards, counts, strict=True) if count]
    return index._replace(shards=shards, people=people)


def gallery(index):
    """The Gallery of an Index: of each person the first two photos, in the order of the people's numbers."""
    found = {}
    for number, record in _records(index):
        if len(found.setdefault(number, [])) < 2:
            found[number].append(record)
    first, second = zip(*((records[0], records[-1]) for _, records in sorted(found.items())))
    photos, others = (_of_photos(dataset.parse_encodings(tf.stack([record[ENCODINGS] for record in records]), index))
                      for records in (first, second))
    return Gallery(photos, others.identity, *(_crops(records, index.settings["image_size"]) for records in (first, second)),
                   sum(len(records) > 1 for records in found.values()))


def _crops(records, size):
    crops = [dataset.decode(dataset.parse_crop(record[CROPS])["image"], size) for record in records if CROPS in record]
    return np.array(crops, np.uint8).reshape(-1, size, size, 3)


def _records(index):
    """Yields (number, {kind: serialized record}) of all photos of an Index, in the order in which they are stored."""
    stored = tf.data.Dataset.zip({
        kind: tf.data.TFRecordDataset([str(index.folder / kind / shard["name"]) for shard in index.shards])
        for kind in index.settings["kinds"]})
    for block in stored.batch(BLOCK):
        numbers = dataset.person_numbers(block[ENCODINGS]).numpy()
        for row in np.flatnonzero((numbers >= index.people[0]) & (numbers < index.people[1])):
            yield numbers[row], {kind: records[row] for kind, records in block.items()}


def _of_photos(both):
    """Of an Encoding [N, 2, .] that of the photos, without their mirror images."""
    return Encoding(*(part[:, 0].numpy() for part in both))
