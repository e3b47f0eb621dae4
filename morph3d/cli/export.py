"""Exports a trained network: aligned photos in, coefficients, vertices and colors out.

    morph3d-export --run=runs/mine
    morph3d-export --model=shipped --format=onnx --output=face.onnx
"""
import pathlib
import sys

from absl import flags, logging

from morph3d.cli import program

FLAGS = flags.FLAGS
NAMES = {"savedmodel": "saved_model", "onnx": "network.onnx", "litert": "network.tflite"}  # of the output, by format


def define():
    flags.DEFINE_string("run", None, "Folder of a run of morph3d-train.")
    flags.DEFINE_string("model", None, "In place of a run: 'shipped', the network that comes with the project, or the folder of a "
                        "SavedModel that this program has written.")
    flags.mark_flags_as_mutual_exclusive(["run", "model"], required=True)
    flags.DEFINE_enum("format", "savedmodel", [*NAMES], "savedmodel: a folder for TensorFlow and this project's programs; onnx, "
                      "litert: a file for other runtimes.")
    flags.DEFINE_string("output", None, f"What to write; by default {', '.join(map(repr, NAMES.values()))} in the run's folder, "
                        "with --model in the working folder.")
    flags.DEFINE_string("checkpoint", None, "A checkpoint of the run, e.g. runs/mine/checkpoints/synthetic; by default the newest.")


def main():
    if FLAGS.checkpoint and not FLAGS.run:
        raise ValueError(f"--checkpoint={FLAGS.checkpoint}: it is one of a run; give --run in place of --model")
    output = pathlib.Path(FLAGS.output or pathlib.Path(FLAGS.run or ".", NAMES[FLAGS.format]))
    from morph3d.inference import conversion, export
    save = {"savedmodel": export.save, "onnx": conversion.save_onnx, "litert": conversion.save_litert}[FLAGS.format]
    network = _network()
    with program.writing_to(output):
        save(network, output)
    then = f"; now morph3d-reconstruct --model={output} FILE" if FLAGS.format == "savedmodel" else ""
    logging.info("exported: %s%s", output, then)


def _network():
    if FLAGS.run:
        from morph3d.training.run import Run
        return Run(FLAGS.run).reconstructor(FLAGS.checkpoint).network
    from morph3d.inference import reconstructor
    return reconstructor.load(FLAGS.model).network


def run():
    program.run(sys.modules[__name__])


if __name__ == "__main__":
    run()
