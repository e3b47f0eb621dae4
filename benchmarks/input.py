"""The speed of the input: photos a second from each source, beside what a step of stage 2 consumes.

All in one run on one machine, with generated data: photographs of random embedded faces for the detector, their crops and encodings
for the shards. Leave the machine alone meanwhile.
"""
import itertools
import pathlib
import resource
import shutil
import statistics
import tempfile
import time

import numpy as np
import tensorflow as tf
from absl import app, flags

from benchmarks import measuring
from morph3d import morphable
from morph3d.data import fake_photographs
from morph3d.data.prepared import dataset, shards
from morph3d.data.synthetic_store import SyntheticStore
from morph3d.encoders import registry
from morph3d.photos import crops, face_detection
from morph3d.training import train
from morph3d.training.config import TrainingConfig

_RECORDS = flags.DEFINE_integer("records", 1_000_000, "stored encodings", lower_bound=10_000)
_PHOTOS = flags.DEFINE_integer("photos", 96, "photographs for the detector", lower_bound=16)
_ROUNDS = flags.DEFINE_integer("rounds", 5, "of which the median counts", lower_bound=1)
_FOLDER = flags.DEFINE_string("folder", None, "for some 4 GB of shards, removed at the end; by default in the system's")

CONFIG = TrainingConfig("photos", "runs")
BATCH = CONFIG.hybrid.photo_batch
IN_SHARD = 1000


def photographs(model, count):
    """[count] uint8 pictures of random faces, of sizes that differ as those of photos from the web do."""
    photos = []
    for start in range(0, count, 16):
        size = int(np.random.default_rng(start).integers(200, 400))
        photos += list(fake_photographs.take(model, min(16, count - start), [3, start], size)[1])
    return photos


def write_shards(folder, faces, encoder, count):
    """Shards of `count` encodings and of a tenth as many crops (copies of one shard each) -> their two Indexes."""
    seen = shards.encode(faces, encoder)
    contents = {
        dataset.ENCODINGS: [{"features": features, "identity": identity} for features, identity in zip(*seen)],
        dataset.CROPS: [{"image/encoded": tf.io.encode_jpeg(crop, quality=shards.JPEG_QUALITY).numpy()} for crop, _ in faces]}
    indexes = []
    for kind, shard_count in ((dataset.ENCODINGS, count // IN_SHARD), (dataset.CROPS, count // IN_SHARD // 10)):
        first = folder / kind / "00000.tfrecord"
        first.parent.mkdir()
        with tf.io.TFRecordWriter(str(first)) as writer:
            for number, content in zip(range(IN_SHARD), itertools.cycle(contents[kind])):
                writer.write(dataset.example(str(number), "", **content))
        names = [f"{number:05}.tfrecord" for number in range(shard_count)]
        for name in names[1:]:
            shutil.copyfile(first, first.with_name(name))
        settings = {"kinds": [kind], "image_size": encoder.image_size, "feature_size": encoder.feature_size,
                    "identity_size": encoder.identity_size}
        indexes.append(dataset.Index(folder, settings, count, "", {}, [
            {"name": name, "records": IN_SHARD, "bytes": {kind: first.stat().st_size}} for name in names]))
    return indexes


def rate(dataset, elements, in_element=1):
    """Photos a second over so many elements, after the first, whose shuffle buffer has to be filled."""
    iterator = iter(dataset)
    next(iterator)
    start = time.perf_counter()
    for _ in itertools.islice(iterator, elements):
        pass
    return elements * in_element / (time.perf_counter() - start)


def memory_growth(index):
    """By how many MB the memory held after any later tenth of an epoch is more than after the first."""
    batches = iter(dataset.encodings(index, BATCH, 0, mirror=False))
    tenth = index.records // BATCH // 10
    held = []
    for _ in range(10):
        for _ in itertools.islice(batches, tenth):
            pass
        held.append(int(pathlib.Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize() / 2.**20)
    return max(held[1:]) - held[0]


def consumed(folder, model, encoder, index, steps=12):
    """Photos a second that the training step of stage 2 takes."""
    training = train.assemble(CONFIG, model, encoder)
    store = SyntheticStore(folder / "synthetic_faces", model, encoder, CONFIG.hybrid.synthetic_batch, CONFIG.seed)
    _, hybrid = train.stages(CONFIG, store, lambda start: dataset.encodings(index, BATCH, CONFIG.seed, start))
    step = tf.function(training.train_step)
    batches = iter(hybrid.batches(hybrid.first))
    seconds = []
    for _ in range(2 + steps):
        batch = next(batches)
        start = time.perf_counter()
        step(batch)["loss"].numpy()
        seconds.append(time.perf_counter() - start)
    return BATCH / statistics.median(seconds[2:])


def detector(photos, rounds):
    """Photos a second one by one and together, medians of alternating rounds; and whether the points are the same."""
    alone, together = [], []
    single = [face_detection.detect(photo) for photo in photos]
    found = face_detection.detect_all(photos)
    for _ in range(rounds):
        for seconds, work in ((alone, lambda: [face_detection.detect(photo) for photo in photos]),
                              (together, lambda: face_detection.detect_all(photos))):
            start = time.perf_counter()
            work()
            seconds.append(time.perf_counter() - start)
    same = [a is None and b is None or a is not None and b is not None and np.abs(a - b).max() < .05 for a, b in zip(single, found)]
    return len(photos) / statistics.median(alone), len(photos) / statistics.median(together), float(np.mean(same))


def measure(folder):
    model, encoder = morphable.load("embedded"), registry.load("dlib")
    photos = photographs(model, _PHOTOS.value)
    single, batched, same = detector(photos, _ROUNDS.value)
    found = [(photo, points) for photo, points in zip(photos, face_detection.detect_all(photos)) if points is not None]
    faces = np.stack([[crops.crop(photo, points, encoder), crops.crop(*crops.mirrored(photo, points), encoder)]
                      for photo, points in found])
    stored, cropped = write_shards(folder, faces, encoder, _RECORDS.value)
    growth = memory_growth(stored)
    from_encodings = rate(dataset.encodings(stored, BATCH, 0), min(800, stored.records // BATCH), BATCH)
    decoded = dataset.crops(cropped, 0).map(lambda photo: dataset.decode(photo["image"], encoder.image_size), tf.data.AUTOTUNE)
    from_crops = rate(decoded, min(10_000, cropped.records - 1))
    step = consumed(folder, model, encoder, stored)
    return {"step_photos_per_second": step, "crops_per_second": from_crops, "encodings_per_second": from_encodings,
            "mtcnn_single_per_second": single, "mtcnn_batched_per_second": batched, "mtcnn_same_points": same,
            "crops_over_step": from_crops / step, "encodings_over_step": from_encodings / step,
            "mtcnn_batched_over_single": batched / single, "memory_growth_mb": growth}


def main(_):
    folder = pathlib.Path(tempfile.mkdtemp(dir=_FOLDER.value))
    try:
        found = measure(folder)
    finally:
        shutil.rmtree(folder)
    measuring.show(found)
    measuring.keep(found)


if __name__ == "__main__":
    app.run(main)
