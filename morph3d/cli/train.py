"""Trains a face reconstructor: stage 1 on synthetic faces, stage 2 on photos and synthetic faces together.

    morph3d-train --photos=FOLDER --output=runs/first

Stopped, it goes on where it was when started again with the same flags.
"""
import pathlib
import sys

import keras
from absl import flags, logging

from morph3d import decoder, losses, morphable, run_settings
from morph3d.cli import program
from morph3d.data import hybrid, sources, synthetic
from morph3d.data.prepared import dataset, pipeline
from morph3d.encoders import registry
from morph3d.morphable import embedded
from morph3d.training import callbacks, checkpoints, loop, schedule
from morph3d.training.face_training import FaceTraining

FLAGS = flags.FLAGS
flags.DEFINE_string("photos", None, "A folder that morph3d-prepare has made, or photographs as it takes them: a folder tree, lists "
                    "of VGG-Face, tfds:NAME. These are prepared first, into 'prepared' in the output folder.")
flags.DEFINE_string("output", None, "Folder for the run: settings, checkpoints and the TensorBoard log.")
flags.DEFINE_string("morphable_model", "embedded", "'embedded' (or the coarser 'embedded-7k', the finer 'embedded-53k'), "
                    "a Basel Face Model file, FLAME, or an ICT-FaceKit folder.")
flags.DEFINE_string("encoder", "dlib", f"The frozen face recognizer: {registry.SPECS}.")
flags.DEFINE_string("encoder_weights", None, "File with the encoder's weights, in place of those that come with it.")
flags.DEFINE_integer("synthetic_steps", 2500, "Steps of stage 1.", lower_bound=0)
flags.DEFINE_integer("hybrid_steps", 2500, "Steps of stage 2.", lower_bound=0)
flags.DEFINE_integer("synthetic_batch", 32, "Faces in a batch of stage 1.", lower_bound=1)
flags.DEFINE_integer("photo_batch", 128, "Photos in a batch of stage 2, for the batch distribution loss.", lower_bound=2)
flags.DEFINE_integer("drawn_photos", 12, "Those of them that are drawn, for the other losses.", lower_bound=1)
flags.DEFINE_integer("hybrid_synthetic_batch", 12, "Synthetic faces in a batch of stage 2.", lower_bound=1)
flags.DEFINE_integer("views", 3, "Renderings of each photo's face.", lower_bound=1)
flags.DEFINE_float("synthetic_learning_rate", 1e-3, "Where stage 1 starts.", lower_bound=1e-9, upper_bound=1.)
flags.DEFINE_float("hybrid_learning_rate", 5e-4, "Where stage 2 starts.", lower_bound=1e-9, upper_bound=1.)
for _name, _value in losses.LossWeights()._asdict().items():
    flags.DEFINE_float(f"{_name}_weight", _value, f"Weight: {_name}. See morph3d/losses.py.", lower_bound=0.)
flags.DEFINE_bool("mirror", True, "Also train on the photos' mirror images.")
flags.DEFINE_integer("save_every", 250, "Steps between checkpoints and between pictures.", lower_bound=1)
flags.DEFINE_integer("seed", 0, "Of every random number.", lower_bound=0)

SAMPLE = 2048  # photos whose coefficients are looked at

# What a run may not change between two starts: the same step would not be the same step any more.
FIXED = ("fingerprint", "encoder_fingerprint", "photos_digest", "mirror", "seed", "synthetic_steps", "hybrid_steps",
         "synthetic_batch", "photo_batch", "drawn_photos", "hybrid_synthetic_batch", "views")
flags.register_multi_flags_validator(
    ["photo_batch", "drawn_photos"], lambda values: values["drawn_photos"] <= values["photo_batch"],
    "--drawn_photos are taken from the --photo_batch and cannot be more")


def main():
    output = pathlib.Path(FLAGS.output)
    prepared = dataset.is_prepared(FLAGS.photos)
    listing = None if prepared else sources.find(FLAGS.photos)  # before what takes long
    encoder = registry.load(FLAGS.encoder, FLAGS.encoder_weights)
    model = morphable.load(FLAGS.morphable_model)
    index = dataset.read_index(FLAGS.photos) if prepared else pipeline.prepare(
        FLAGS.photos, output / "prepared", FLAGS.encoder, FLAGS.encoder_weights, listing=listing)
    require_usable(index, encoder)
    record_settings(output, model, encoder, index)
    training, saved = begin(output, model, encoder)
    features = dataset.sample(index, SAMPLE, FLAGS.seed).features
    watchers = [callbacks.SaveCheckpoints(saved, FLAGS.save_every), callbacks.Scalars(output / "tensorboard", saved),
                callbacks.Pictures(output / "tensorboard", saved, model, encoder, features, *dataset.shown(index, 8),
                                   FLAGS.save_every)]
    for stage in two_stages(model, index):
        loop.run(training, stage, saved, watchers)
    logging.info("standard deviation of the photos' coefficients: shape %.3f, texture %.3f",
                 *training.coefficient_deviations(features))
    logging.info("trained: %s; now morph3d-export --run=%s", saved.latest, output)


def require_usable(index, encoder):
    photo_batches(index, 0)  # raises where they are too few
    if index.settings["fingerprint"] != encoder.fingerprint:
        raise ValueError(f"{index.folder}: prepared with another encoder or other weights ({index.settings['encoder']}) than "
                         f"--encoder={FLAGS.encoder}; prepare the photos again, into another folder")


def photo_batches(index, start):
    return dataset.encodings(index, FLAGS.photo_batch, FLAGS.seed, start, FLAGS.mirror)


def record_settings(output, model, encoder, index):
    settings = {flag.name: flag.value for flag in FLAGS.get_key_flags_for_module(sys.modules[__name__])}
    settings |= {"fingerprint": model.fingerprint, "encoder_fingerprint": encoder.fingerprint, "photos_digest": index.digest}
    settings["encoder"], settings["encoder_weights"] = registry.located(FLAGS.encoder, FLAGS.encoder_weights)
    if FLAGS.morphable_model not in embedded.RECIPES:
        settings["morphable_model"] = str(pathlib.Path(FLAGS.morphable_model).resolve())
    run_settings.keep(output / "settings.jsonl", settings, FIXED)


def begin(output, model, encoder):
    """The network to train, compiled and where it was when last stopped, and its Checkpoints."""
    keras.utils.set_random_seed(FLAGS.seed)  # here, so that the network does not depend on what was built and drawn before
    network = decoder.build(encoder.feature_size, model.shape_size, model.texture_size)
    weights = losses.LossWeights(*(FLAGS[f"{name}_weight"].value for name in losses.LossWeights._fields))
    training = FaceTraining(network, model, encoder, weights, FLAGS.views)
    steps = FLAGS.synthetic_steps, FLAGS.hybrid_steps
    rates = FLAGS.synthetic_learning_rate, FLAGS.hybrid_learning_rate
    # The rasterizer cannot be part of an XLA cluster.
    training.compile(keras.optimizers.Adam(schedule.TwoStageSchedule(steps, rates)), jit_compile=False)
    saved = checkpoints.Checkpoints(output / "checkpoints", network, training.optimizer)
    if saved.restore() == 0:
        decoder.standardize(network, training.synthetic_features(synthetic.sample(model, 256, [FLAGS.seed, 0])))
    else:
        logging.info("going on from %s", saved.latest)
    return training, saved


def two_stages(model, index):
    first, last = FLAGS.synthetic_steps, FLAGS.synthetic_steps + FLAGS.hybrid_steps
    return (
        loop.Stage("synthetic", 0, first,
                     lambda start: synthetic.batches(model, FLAGS.synthetic_batch, FLAGS.seed, start),
                     FLAGS.synthetic_batch, "faces"),
        loop.Stage("hybrid", first, last,
                     lambda start: hybrid.batches(photo_batches(index, start - first), model, FLAGS.drawn_photos, FLAGS.views,
                                                  FLAGS.hybrid_synthetic_batch, FLAGS.seed, start),
                     FLAGS.drawn_photos, "photos"))


def run():
    program.run(main, sys.modules[__name__], ["photos", "output"])


if __name__ == "__main__":
    run()
