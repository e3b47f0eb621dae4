"""Exports a trained run as one SavedModel: aligned photos in, coefficients, vertices and colors out.

    morph3d-export --run=runs/mine
"""
import pathlib
import sys

from absl import flags, logging

from morph3d.cli import program

FLAGS = flags.FLAGS


def define():
    flags.DEFINE_string("run", None, "Folder of a run of morph3d-train.")
    flags.DEFINE_string("output", None, "Folder for the SavedModel; by default 'saved_model' in the run's folder.")
    flags.DEFINE_string("checkpoint", None, "A checkpoint of the run, e.g. runs/mine/checkpoints/synthetic; by default the newest.")


def main():
    from morph3d.training.run import Run
    output = pathlib.Path(FLAGS.output or pathlib.Path(FLAGS.run, "saved_model"))
    Run(FLAGS.run).reconstructor(FLAGS.checkpoint).save(output)
    logging.info("exported: %s; now morph3d-reconstruct --model=%s --photo=FILE", output, output)


def run():
    program.run(sys.modules[__name__], ["run"])


if __name__ == "__main__":
    run()
