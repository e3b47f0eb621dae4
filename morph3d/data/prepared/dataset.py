"""Prepared photographs: shards of TFRecords on the disk, and the datasets that training reads from them.

A prepared folder (pipeline.py makes it) holds
  index.json   the settings, the counts, the reasons for which photos were left out, and the shards;
  rejects.tsv  every photo left out: its key and the reason;
  crops/       00000.tfrecord ...: tf.train.Examples of "key", "person" and the aligned crop as a JPEG, "image/encoded";
  encodings/   the same photos: "key", "person" and what the frozen encoder sees in the crops of the photo and of the mirrored
               photo, "features" [2, D] and "identity" [2, I] float32.
"""
import json
import pathlib
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from morph3d.data.prepared import CROPS, ENCODINGS, KINDS
from morph3d.encoders.base import Encoding

FORMAT = 2  # of all this; in the first, the mirror image was that of the crop
INDEX, REJECTS = "index.json", "rejects.tsv"
SHARDS_AT_A_TIME = 64  # records come from that many shards by turns, so that people whose photos lie together are mixed,
SHUFFLED = 8192  # and that many are shuffled together
EVERYONE = 0, 2**63 - 1  # the numbers that people have, see person_numbers: from, to


class Index(NamedTuple):
    """The index of a prepared folder, as index.json has it."""
    folder: pathlib.Path
    settings: dict  # of the preparation: format, encoder, fingerprint, image_size, feature_size, identity_size, kinds ...
    photos: int  # looked at
    digest: str  # another one for other photos, crops or encodings
    rejected: dict  # reason -> how many photos were left out for it
    shards: list  # of {"name": its file's name in crops/ and encodings/, "records": how many, "bytes": {kind: size of its file}}
    turned: int = 0  # records of photos that are turned by quarters, which are taken upright
    people: tuple = EVERYONE  # the range of those whose records count; those of others, in the same shards, are passed over

    @property
    def records(self):
        return sum(shard["records"] for shard in self.shards)


def is_prepared(folder):
    """Whether it is a prepared folder, as against a source of photos; ValueError where it is one that is not finished."""
    folder = pathlib.Path(folder)
    if not any((folder / kind).is_dir() for kind in KINDS):
        return False
    if not (folder / INDEX).is_file() and (folder / "plan" / "settings.jsonl").is_file():
        raise ValueError(f"{folder}: not finished; start morph3d-prepare again")
    return (folder / INDEX).is_file()


def read_index(folder):
    """The Index of a prepared folder, all of whose shards are there and whole.

    Raises:
      ValueError: no index, one of another FORMAT, or a shard that is missing or of another size than when it was finished.
    """
    path = pathlib.Path(folder, INDEX)
    try:
        index = Index(pathlib.Path(folder), **json.loads(path.read_text(encoding="utf-8")))
        wrong = [file for shard in index.shards for file in wrong_sizes(folder, shard)]
    except FileNotFoundError:
        raise ValueError(f"{path}: not found; expected a folder that morph3d-prepare has finished") from None
    except (ValueError, TypeError, KeyError) as error:
        raise ValueError(f"{path}: not the index of prepared photos ({error!r}); run morph3d-prepare again") from None
    if index.settings.get("format") != FORMAT:
        raise ValueError(f"{path}: photos prepared by another version of this program (format {index.settings.get('format', 1)}, "
                         f"expected {FORMAT}); run morph3d-prepare again, into another folder")
    for file, found, expected in wrong:
        raise ValueError(f"{file}: found {found} bytes, expected {expected}; run morph3d-prepare again: it makes this shard anew")
    return index


def wrong_sizes(folder, shard):
    """Yields (path, bytes found, bytes expected) for every file of a shard that is missing or not whole."""
    for kind, expected in shard["bytes"].items():
        path = pathlib.Path(folder, kind, shard["name"])
        found = path.stat().st_size if path.is_file() else "no"
        if found != expected:
            yield path, found, expected


def example(key, person, **features):
    """A serialized tf.train.Example; a feature is bytes, or an array of float32 that is stored flat."""
    def feature(value):
        if isinstance(value, bytes):
            return tf.train.Feature(bytes_list=tf.train.BytesList(value=[value]))
        return tf.train.Feature(float_list=tf.train.FloatList(value=value.ravel()))

    features |= {"key": key.encode(), "person": person.encode()}
    return tf.train.Example(features=tf.train.Features(feature={
        name: feature(value) for name, value in features.items()})).SerializeToString(deterministic=True)


def person_numbers(records):
    """[B] serialized records -> [B] int64, a number for each name, always the same; a nameless photo is a person of its own."""
    parsed = tf.io.parse_example(records, {name: tf.io.FixedLenFeature([], tf.string) for name in ("key", "person")})
    return tf.strings.to_hash_bucket_fast(tf.where(parsed["person"] == "", parsed["key"], parsed["person"]), EVERYONE[1])


def people_in_shards(index):
    """The numbers of the people in each shard, a list of [records] int64, in the order of the records: 8 bytes a photo."""
    records = tf.data.TFRecordDataset(_paths(index, ENCODINGS)).batch(SHUFFLED)
    blocks = records.map(person_numbers, num_parallel_calls=2, deterministic=True)
    numbers = np.concatenate([np.int64([]), *blocks.as_numpy_iterator()])
    return np.split(numbers, np.cumsum([shard["records"] for shard in index.shards])[:-1])


def encodings(index, batch, seed, start=0, mirror=True):
    """Endless batches of stored encodings, in each epoch in a new order; every photo once an epoch, and its mirror image once.

    What comes is decided by the seed: a restart at step `start` goes on in mid-epoch with what would have come. The set is never
    held in memory: shards in random order are read by turns, and their records shuffled in blocks of SHUFFLED. The incomplete
    last batch of an epoch is left out.

    Args:
      index: Index with encodings.
      batch: encodings in a batch.
      seed: an integer.
      start: the first step.
      mirror: whether the mirror images count as photos too.

    Returns:
      A dataset of Encoding [batch, .].

    Raises:
      ValueError: no encodings in the folder, or too few for a batch.
    """
    variants = 2 if mirror else 1
    paths, per_epoch = _paths(index, ENCODINGS), variants * index.records // batch * batch
    if not per_epoch:
        raise ValueError(f"{index.folder}: {variants * index.records} faces to train on{' (mirrored ones counted)' * mirror}, "
                         f"fewer than the {batch} of a batch; give more photos or a smaller --hybrid_photo_batch")

    def parse(records, variant):
        both = parse_encodings(records, index)
        return Encoding(*(tf.gather(part, variant, axis=1, batch_dims=1) for part in both))

    records = _endless(paths, index.people, seed, start * batch, per_epoch, variants)
    return records.batch(batch, drop_remainder=True).map(parse, num_parallel_calls=2, deterministic=True)


def parse_encodings(records, index):
    """[B] serialized records -> Encoding [B, 2, .] of the photos and of their mirror images."""
    sizes = index.settings["feature_size"], index.settings["identity_size"]
    parsed = tf.io.parse_example(records, {
        name: tf.io.FixedLenFeature([2, size], tf.float32) for name, size in zip(Encoding._fields, sizes)})
    return Encoding(**parsed)


def crops(index, seed, start=0):
    """Endless single crops, in each epoch in a new order, as `encodings`.

    Args:
      index: Index with crops.
      seed: an integer.
      start: how many crops to pass over.

    Returns:
      A dataset of {"image": string, a JPEG for `decode`, "person": string}.
    """
    records = _endless(_paths(index, CROPS), index.people, seed, start, index.records, 1)
    return records.map(lambda record, _: parse_crop(record))


def parse_crop(record):
    """A serialized record -> {"image": string, a JPEG, "person": string}."""
    parsed = tf.io.parse_single_example(record, {name: tf.io.FixedLenFeature([], tf.string)
                                                 for name in ("image/encoded", "person")})
    return {"image": parsed["image/encoded"], "person": parsed["person"]}


def decode(image, size):
    """An encoded crop -> [size, size, 3] uint8."""
    return tf.ensure_shape(tf.io.decode_image(image, 3, expand_animations=False), [size, size, 3])


def sample(index, count, seed):
    """The Encoding [<= count, .] of random photos, of all of them where there are no more."""
    return next(iter(encodings(index, min(count, index.records), seed, mirror=False)))


def shown(index, count):
    """A few photos, from shards all over the set, to be looked at.

    Returns:
      [<= count, size, size, 3] uint8 crops and the Encoding of the same photos; none where crops are not stored.
    """
    def few(kind):
        paths = _paths(index, kind)
        spread = tf.data.Dataset.from_tensor_slices(paths[::max(1, len(paths) // count)])
        records = spread.interleave(tf.data.TFRecordDataset, count).batch(count).map(lambda block: _of(block, index.people))
        return list(records.unbatch().take(count).as_numpy_iterator())

    found = {kind: few(kind) if CROPS in index.settings["kinds"] else [] for kind in KINDS}
    size = index.settings["image_size"]
    pictures = np.array([decode(parse_crop(record)["image"], size) for record in found[CROPS]], np.uint8).reshape(-1, size, size, 3)
    return pictures, Encoding(*(part[:, 0] for part in parse_encodings(tf.constant(found[ENCODINGS], tf.string), index)))


def _paths(index, kind):
    """-> the paths of the shards."""
    if kind not in index.settings["kinds"]:
        raise ValueError(f"{index.folder}: holds {' and '.join(index.settings['kinds'])} but no {kind}; prepare the photos again, "
                         f"into another folder, with --store={kind}")
    return [str(index.folder / kind / shard["name"]) for shard in index.shards]


def _of(records, people):
    """Those of [B] serialized records that are of the people in this range."""
    if people == EVERYONE:
        return records
    numbers = person_numbers(records)
    return tf.boolean_mask(records, (numbers >= people[0]) & (numbers < people[1]))


def _endless(paths, people, seed, start, per_epoch, variants):
    """Elements (record, variant) of these people, from number `start` of the endless sequence of epochs on."""
    first_epoch, position = divmod(start, per_epoch)

    # Not by Dataset.shuffle, whose order would also depend on TensorFlow's global seed.
    def mixed(seed, number, block):
        seed, block = tf.random.fold_in(seed, number), _of(block, people)
        chosen = tf.random.experimental.stateless_shuffle(tf.range(variants * tf.size(block)), seed)
        return tf.gather(block, chosen // variants), chosen % variants

    def of_epoch(epoch):
        order_seed, block_seed = tf.unstack(tf.random.split(tf.stack([tf.cast(seed, tf.int64), epoch]), 2))
        stored = tf.data.Dataset.from_tensor_slices(tf.random.experimental.stateless_shuffle(paths, order_seed)).interleave(
            lambda path: tf.data.TFRecordDataset(path, buffer_size=1 << 18), SHARDS_AT_A_TIME)
        blocks = stored.batch(SHUFFLED).enumerate().map(lambda number, block: mixed(block_seed, number, block)).prefetch(1)
        return blocks.unbatch().take(per_epoch).skip(tf.where(epoch == first_epoch, tf.constant(position, tf.int64), 0))

    return tf.data.Dataset.counter(first_epoch).flat_map(of_epoch)
