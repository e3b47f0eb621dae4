"""Training of the encoder NN2: photos of people in, a folder with its weights out."""
import collections
import pathlib
from typing import NamedTuple

import keras
import tensorflow as tf
from absl import logging

from morph3d import atomic_files, run_settings
from morph3d.data.prepared import CROPS, dataset, pipeline
from morph3d.encoders import nn2
from morph3d.training import callbacks, checkpoints, loop, schedule, tensorboard, triplets

WEIGHTS = "nn2.weights.h5"  # in the run's folder
FIXED = ("photos_digest", "steps", "people", "photos_per_person", "margin", "seed")  # may not change between two starts of a run


class Settings(NamedTuple):
    """What a run is trained with; the flags of morph3d-train-encoder say what each is."""
    photos: str
    output: str
    steps: int
    people: int
    photos_per_person: int
    learning_rate: float
    margin: float
    save_every: int
    seed: int


def train(settings):
    """Trains NN2, or goes on where an earlier call with the same settings was stopped, and about where it was in the photos.

    Returns:
      The path of the trained weights.

    Raises:
      ValueError: photos or settings that cannot be trained with, or with which the run was not begun.
      NonFiniteLoss: training broke down; the checkpoints before are kept.
    """
    output = pathlib.Path(settings.output)
    index = prepared(settings)
    _require_people(settings, index)
    with atomic_files.only_one(output / ".lock", f"{output}: another program is training in this folder"):
        run_settings.keep(output / "settings.jsonl", settings._asdict() | {"photos_digest": index.digest}, FIXED)
        network = _trained(settings, index)
        with atomic_files.replacing(output / WEIGHTS) as beside:
            network.save_weights(beside)
    return output / WEIGHTS


def prepared(settings):
    """The Index of the photos' crops on NN2's template; made first, in the output folder, where `photos` is none itself."""
    if not dataset.is_prepared(settings.photos):
        return pipeline.prepare(settings.photos, pathlib.Path(settings.output, "prepared"), "nn2", kinds=[CROPS])
    index = dataset.read_index(settings.photos)
    if index.settings["encoder"] != "nn2":
        raise ValueError(f"{settings.photos}: prepared for {index.settings['encoder']}, expected crops for nn2; prepare the photos "
                         f"again, into another folder, with --encoder=nn2 --store=crops")
    return index


def _require_people(settings, index):
    """Looks at photos until there are enough people with more than one; ValueError if there are not."""
    seen, enough = collections.Counter(), 0
    for photo in dataset.crops(index, settings.seed, 0).take(index.records):
        person = photo["person"].numpy()
        seen[person] += 1
        enough += person != b"" and seen[person] == 2
        if enough == settings.people:
            return
    raise ValueError(f"{settings.photos}: {enough} people with more than one photo, fewer than the --people={settings.people} of a "
                     f"batch; give more photos, a folder for each person, or a smaller --people")


def _trained(settings, index):
    keras.utils.set_random_seed(settings.seed)
    network = nn2.build()
    training = triplets.TripletTraining(network, settings.margin)
    rates = schedule.TwoStageSchedule((settings.steps, 0), (settings.learning_rate, settings.learning_rate))
    training.compile(keras.optimizers.Adam(rates), jit_compile=False)
    output = pathlib.Path(settings.output)
    saved = checkpoints.Checkpoints(output / "checkpoints", network, training.optimizer)
    if saved.restore():
        logging.info("going on from %s", saved.latest)
    batch = settings.people * settings.photos_per_person

    def batches(start):
        return triplets.batches(dataset.crops(index, settings.seed, start * batch), settings.people, settings.photos_per_person,
                                nn2.IMAGE_SIZE, settings.seed)

    writer = tf.summary.create_file_writer(str(output / "tensorboard"))
    watchers = [tensorboard.Scalars(writer, saved), callbacks.SaveCheckpoints(saved, settings.save_every)]
    loop.run(training, loop.Stage("encoder", 0, settings.steps, batches, batch, "photos"), saved, watchers)
    return network
