"""Measures reconstructions; what is measured comes first:

    morph3d-evaluate recognition --model=FOLDER --photos=FOLDER --recognizer=saved_model:FOLDER

What all measurements share: the models measured, and where the figures and pictures go.
"""
import pathlib
import sys

from absl import flags

from morph3d.cli import program

FLAGS = flags.FLAGS


def run():
    program.choose(sys.modules[__name__], "morph3d-evaluate", "morph3d-evaluate {}")


def define():
    """The flags of every measurement."""
    flags.DEFINE_multi_string("model", None, "Folder of a SavedModel that morph3d-export has written. Given again, for another "
                              "one, the two are compared, pair by pair on the same people.")
    flags.DEFINE_bool("expected", False, "Measure the expected faces: nearer in millimeters, less like the person.")
    flags.DEFINE_string("json", None, "File for the figures.")
    flags.DEFINE_string("output", None, "Folder for pictures.")


def reconstructors(renderings=False):
    """{name: Reconstructor} of all --model, each called by the end of its path in which it differs from the others.

    Args:
      renderings: whether they will see renderings, and not photos.
    """
    from morph3d.inference import reconstructor
    parts = [pathlib.Path(folder).resolve().parts for folder in FLAGS.model]
    shared = next((n for n in range(1, max(map(len, parts)) + 1) if len({path[-n:] for path in parts}) == len(parts)), None)
    if shared is None:
        twice = next(folder for folder, path in zip(FLAGS.model, parts, strict=True) if parts.count(path) > 1)
        raise ValueError(f"--model: given twice for {twice}; give each model once")
    return {"/".join(path[-shared:]): reconstructor.load(folder).reading(renderings=renderings, expected=FLAGS.expected)
            for path, folder in zip(parts, FLAGS.model, strict=True)}


def finish(report, pictures=None):
    """Prints a report, and writes what --json asks for, and its pictures into a folder, if one is given."""
    print(report)
    for path in report.write(FLAGS.json, pictures):
        print(path)
