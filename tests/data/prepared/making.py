"""Preparation of a few photographs, for tests, and a look at what came of it."""
import hashlib

import numpy as np
import PIL.Image
import skimage.data
import tensorflow as tf

from morph3d.data.prepared import dataset, pipeline, shards

NAMES = ("Ann/0.png", "Ann/1.png", "Ann/2.png", "Bob/0.png", "Bob/1.png", "Bob/2.png", "Eve/0.png", "Eve/1.png", "Eve/2.png")


def save(path, brightness=1.):
    path.parent.mkdir(parents=True, exist_ok=True)
    PIL.Image.fromarray(np.uint8(skimage.data.astronaut()[:256, 96:352] * brightness)).save(path)


def prepare(photos, encoder, folder=None, **settings):
    return pipeline.prepare(photos, folder or photos.parent / "prepared", encoder, **settings)


def shard_files(index):
    """{path below the folder: digest of the content} of all shards."""
    return {str(path.relative_to(index.folder)): hashlib.sha1(path.read_bytes()).hexdigest()
            for kind in index.settings["kinds"] for path in sorted((index.folder / kind).iterdir())}


def stored(index, kind):
    return [tf.train.Example.FromString(record).features.feature for shard in index.shards
            for record in tf.data.TFRecordDataset(str(index.folder / kind / shard["name"])).as_numpy_iterator()]


def count_work(monkeypatch):
    """A list that gets the number of every shard that is made from now on."""
    made, make = [], shards.make
    monkeypatch.setattr(shards, "make", lambda folder, number, *rest: made.append(number) or make(folder, number, *rest))
    return made


def rejects(index):
    return dict(line.split("\t") for line in (index.folder / dataset.REJECTS).read_text().splitlines())
