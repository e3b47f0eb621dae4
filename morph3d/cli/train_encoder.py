"""Trains the encoder NN2, whose weights nobody publishes, on photos of people: several of each, a folder a person.

    morph3d-train-encoder --photos=FOLDER --output=runs/nn2

Stopped with Ctrl-C or SIGTERM, it saves the step it is at; started again with the same flags, it goes on from there and about
where it was in the photos.
"""
import collections
import pathlib
import sys

import keras
from absl import flags, logging

from morph3d import atomic_files, run_settings
from morph3d.cli import program
from morph3d.data.prepared import dataset, pipeline
from morph3d.encoders import nn2
from morph3d.training import callbacks, checkpoints, loop, schedule, triplets

FLAGS = flags.FLAGS
flags.DEFINE_string("photos", None, "Photos of people as morph3d-prepare takes them, or a folder that it has made for nn2.")
flags.DEFINE_string("output", None, "Folder for the run: settings, checkpoints, the TensorBoard log and the trained weights.")
flags.DEFINE_integer("steps", 100_000, "Steps of training.", lower_bound=1)
flags.DEFINE_integer("people", 32, "Sets of photos in a batch, each of one person.", lower_bound=2)
flags.DEFINE_integer("photos_per_person", 4, "Photos in a set.", lower_bound=2)
flags.DEFINE_float("learning_rate", 1e-3, "Where it starts; it falls to a twentieth.", lower_bound=1e-9, upper_bound=1.)
flags.DEFINE_float("margin", .2, "Between the squared distances to photos of others and of the same person.", lower_bound=0.)
flags.DEFINE_integer("save_every", 500, "Steps between checkpoints.", lower_bound=1)
flags.DEFINE_integer("seed", 0, "Of every random number.", lower_bound=0)

FIXED = ("photos_digest", "steps", "people", "photos_per_person", "margin", "seed")  # may not change between two starts of a run


def main():
    output = pathlib.Path(FLAGS.output)
    index = prepared(output)
    require_people(index)
    with atomic_files.only_one(output / ".lock", f"{output}: another program is training in this folder"):
        record_settings(output, index)
        train(output, index)
    logging.info("trained; now morph3d-train --encoder=nn2 --encoder_weights=%s", output / "nn2.weights.h5")


def train(output, index):
    keras.utils.set_random_seed(FLAGS.seed)
    network = nn2.build()
    training = triplets.TripletTraining(network, FLAGS.margin)
    rates = schedule.TwoStageSchedule((FLAGS.steps, 0), (FLAGS.learning_rate, FLAGS.learning_rate))
    training.compile(keras.optimizers.Adam(rates), jit_compile=False)
    saved = checkpoints.Checkpoints(output / "checkpoints", network, training.optimizer)
    if saved.restore():
        logging.info("going on from %s", saved.latest)
    batch = FLAGS.people * FLAGS.photos_per_person
    stage = loop.Stage("encoder", 0, FLAGS.steps, lambda start: triplets.batches(
        dataset.crops(index, FLAGS.seed, start * batch), FLAGS.people, FLAGS.photos_per_person, nn2.IMAGE_SIZE, FLAGS.seed),
        batch, "photos")
    watchers = [callbacks.SaveCheckpoints(saved, FLAGS.save_every), callbacks.Scalars(output / "tensorboard", saved)]
    loop.run(training, stage, saved, watchers)
    with atomic_files.replacing(output / "nn2.weights.h5") as beside:
        network.save_weights(beside)


def prepared(output):
    """The Index of the photos' crops on NN2's template; made first, in the output folder, where --photos is none itself."""
    if not dataset.is_prepared(FLAGS.photos):
        return pipeline.prepare(FLAGS.photos, output / "prepared", "nn2", kinds=[dataset.CROPS])
    index = dataset.read_index(FLAGS.photos)
    if index.settings["encoder"] != "nn2":
        raise ValueError(f"{FLAGS.photos}: prepared for {index.settings['encoder']}, expected crops for nn2; prepare the photos "
                         f"again, into another folder, with --encoder=nn2 --store=crops")
    return index


def require_people(index):
    """Looks at photos until there are enough people with more than one; ValueError if there are not."""
    seen, enough = collections.Counter(), 0
    for photo in dataset.crops(index, FLAGS.seed, 0).take(index.records):
        person = photo["person"].numpy()
        seen[person] += 1
        enough += person != b"" and seen[person] == 2
        if enough == FLAGS.people:
            return
    raise ValueError(f"{FLAGS.photos}: {enough} people with more than one photo, fewer than the --people={FLAGS.people} of a "
                     f"batch; give more photos, a folder for each person, or a smaller --people")


def record_settings(output, index):
    settings = {flag.name: flag.value for flag in FLAGS.get_key_flags_for_module(sys.modules[__name__])}
    settings |= {"photos_digest": index.digest}
    run_settings.keep(output / "settings.jsonl", settings, FIXED)


def run():
    program.run(main, sys.modules[__name__], ["photos", "output"])


if __name__ == "__main__":
    run()
