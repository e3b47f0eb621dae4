"""Exports a trained run as one SavedModel: aligned photos in, coefficients, vertices and colors out.

    morph3d-export --run=runs/first
"""
import pathlib
import sys

from absl import flags, logging

from morph3d import decoder, morphable, run_settings
from morph3d.cli import program
from morph3d.encoders import registry
from morph3d.inference import export
from morph3d.training import checkpoints

FLAGS = flags.FLAGS
flags.DEFINE_string("run", None, "Folder of a run of morph3d-train.")
flags.DEFINE_string("output", None, "Folder for the SavedModel; by default 'saved_model' in the run's folder.")
flags.DEFINE_string("checkpoint", None, "A checkpoint of the run, e.g. runs/first/checkpoints/ckpt-3000; by default the newest.")


def main():
    folder = pathlib.Path(FLAGS.run)
    settings = run_settings.read(folder / "settings.jsonl")
    encoder = registry.load(settings["encoder"], settings.get("encoder_weights"))
    model = morphable.load(settings["morphable_model"])
    for name, loaded in ("fingerprint", model.fingerprint), ("encoder_fingerprint", encoder.fingerprint):
        if settings[name] != loaded:
            raise ValueError(f"{folder / 'settings.jsonl'}: begun with {name} = {settings[name]!r}, but {loaded!r} was loaded")
    network = decoder.build(encoder.feature_size, model.shape_size, model.texture_size)
    checkpoints.restore_decoder(folder / "checkpoints", network, FLAGS.checkpoint)
    output = pathlib.Path(FLAGS.output or folder / "saved_model")
    export.save(export.Reconstructor(encoder, network, model), output)
    logging.info("exported: %s; now morph3d-reconstruct --model=%s --photo=FILE", output, output)


def run():
    program.run(main, sys.modules[__name__], ["run"])


if __name__ == "__main__":
    run()
