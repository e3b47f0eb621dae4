"""Prepares photographs for training, once: finds, aligns and encodes the faces, into sharded TFRecords.

    morph3d-prepare --photos=FOLDER --output=runs/photos
    morph3d-train --photos=runs/photos --output=runs/mine

Stopped, it goes on where it was when started again with the same flags: finished shards are kept.
"""
import sys

from absl import flags, logging

from morph3d.cli import program
from morph3d.data import prepared
from morph3d.encoders import registry

FLAGS = flags.FLAGS


def define():
    flags.DEFINE_string("photos", None, "Where the photos are: a folder tree (VGGFace2's too), a folder with VGG-Face's "
                        "files/*.txt, tfds:NAME (tfds:lfw), or a folder of TFRecords with image/encoded.")
    flags.DEFINE_string("output", None, "Folder for the shards, their index and the list of rejects.")
    flags.DEFINE_string("encoder", "dlib", f"The frozen face recognizer: {registry.SPECS}.")
    flags.DEFINE_string("encoder_weights", None, "File with the encoder's weights, in place of those that come with it.")
    flags.DEFINE_bool("color_features", True, "Encode the faces' colors too, as morph3d-train wants unless told otherwise.")
    flags.DEFINE_multi_enum("store", list(prepared.KINDS), prepared.KINDS, "What to store: the aligned crops, what the encoder "
                            "sees in them, or both, as by default. Training reads the encodings.")
    flags.DEFINE_string("runner", None, "Apache Beam's runner, by its name or as package.module.Class; by default one that works "
                        "in this process.")
    flags.DEFINE_multi_string("beam", [], "Another option of the Beam pipeline, e.g. --beam=--project=mine; may be given many "
                              "times.")


def main():
    from morph3d.data.prepared import pipeline
    options = [f"--runner={FLAGS.runner}"] * bool(FLAGS.runner) + FLAGS.beam
    index = pipeline.prepare(FLAGS.photos, FLAGS.output, FLAGS.encoder, FLAGS.encoder_weights, FLAGS.color_features,
                             set(FLAGS.store), options)
    logging.info("prepared: %s; now morph3d-train --photos=%s", index.folder, index.folder)


def run():
    program.run(sys.modules[__name__], ["photos", "output"])


if __name__ == "__main__":
    run()
