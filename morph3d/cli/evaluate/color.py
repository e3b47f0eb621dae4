"""Measures color: are the skin, eyes, lips and brows of a face made of one photo those that the person's other photos show?

    morph3d-evaluate color --model=runs/mine/saved_model --photos=FOLDER --output=FOLDER
"""
import sys

from absl import flags

from morph3d.cli import evaluate, program

FLAGS = flags.FLAGS


def define():
    evaluate.define()
    flags.adopt_module_key_flags(evaluate)
    flags.DEFINE_string("photos", None, "Photos of people, several of each: a folder with one folder a person, or what else "
                                        "morph3d-train takes that names the people, as tfds:lfw.")
    flags.DEFINE_integer("people", 0, "How many people with several photos, in the order of their names, 3 or more; 0: all.",
                         lower_bound=0)


def main():
    from morph3d.data import sources
    from morph3d.evaluation.color import measurement, tables
    photos = measurement.of_several_photos(sources.find(FLAGS.photos).photos, FLAGS.people)
    evaluate.finish(tables.report(measurement.measure(evaluate.reconstructors(), photos)), FLAGS.output)


def run():
    program.run(sys.modules[__name__], ["model", "photos"])


if __name__ == "__main__":
    run()
