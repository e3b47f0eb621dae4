"""Trains a face reconstructor: stage 1 on synthetic faces, stage 2 on photos and synthetic faces together.

    morph3d-train --photos=FOLDER --output=runs/mine

Stopped, it goes on where it was when started again with the same flags.
"""
import sys

from absl import flags

from morph3d.cli import program
from morph3d.training.config import TrainingConfig

FLAGS = flags.FLAGS
PRESETS = {"default": TrainingConfig.default, "demo": TrainingConfig.demo, "paper": TrainingConfig.paper}


def define():
    """Makes a flag of every field of TrainingConfig; those that are not given have the preset's values."""
    flags.DEFINE_enum("preset", "default", list(PRESETS), "Values of the flags that are not given: half an hour on two cores, a "
                      "few minutes, or the paper's.")
    defaults = TrainingConfig.default("", "").flat()
    for name, _, field in TrainingConfig.fields():
        text, low, high, choices = (field.metadata[key] for key in ("help", "low", "high", "choices"))
        default = None if name in ("photos", "output") else defaults[name]
        if choices:
            flags.DEFINE_enum(name, default, choices, text)
        elif isinstance(default, bool):
            flags.DEFINE_bool(name, default, text)
        elif isinstance(default, int):
            flags.DEFINE_integer(name, default, text, lower_bound=low, upper_bound=high)
        elif isinstance(default, float):
            flags.DEFINE_float(name, default, text, lower_bound=low, upper_bound=high)
        else:
            flags.DEFINE_string(name, default, text)


def main():
    from morph3d.training import train
    train.train(config())


def config():
    """The TrainingConfig that the flags ask for."""
    given = {name: FLAGS[name].value for name, *_ in TrainingConfig.fields() if FLAGS[name].present}
    preset = PRESETS[FLAGS.preset](FLAGS.photos, FLAGS.output)
    return TrainingConfig.from_flat(preset.flat() | given)


def run():
    program.run(sys.modules[__name__], ["photos", "output"])


if __name__ == "__main__":
    run()
