"""Measures likeness: how well does a face recognizer that training never saw know the people by their reconstructed faces?

    morph3d-evaluate recognition --model=runs/mine/saved_model --photos=FOLDER --recognizer=saved_model:FOLDER

The figures of sections 4.3 and 4.4 of the paper (recall of the identity, similarity of photo and rendering, Earth mover's
distances) and LFW's verification, beside what photos of the same people reach.
"""
import sys

from absl import flags

from morph3d.cli import evaluate, program
from morph3d.encoders import registry

FLAGS = flags.FLAGS


def define():
    evaluate.define()
    flags.adopt_module_key_flags(evaluate)
    flags.DEFINE_string("photos", None, "Photos of people: a folder with one folder a person, or tfds:lfw.")
    flags.DEFINE_string("recognizer", None, f"The judge, a face recognizer that training never saw: {registry.SPECS}.")
    flags.DEFINE_bool("training_recognizer_as_judge", False, "Take the recognizer of training as the judge all the same; the "
                      "figures then say so.")
    flags.DEFINE_integer("people", 84, "How many people, in sorted order, take part in the likeness protocol, with one photo each.",
                         lower_bound=5)
    flags.DEFINE_string("pairs", None, "File of the pairs to be verified, like LFW's pairs.txt; by default some are drawn.")
    flags.DEFINE_integer("pictured", 12, "How many of the faces to show in --output.", lower_bound=0)
    flags.DEFINE_bool("with_photos", True, "Show the photos; without, the picture may be passed on where the photos may not.")


def main():
    from morph3d.evaluation import judges
    from morph3d.evaluation.recognition import measurement, tables
    reconstructors = evaluate.reconstructors()
    judge = judges.load(FLAGS.recognizer, reconstructors, FLAGS.training_recognizer_as_judge)
    result = measurement.measure(reconstructors, FLAGS.photos, judge, FLAGS.people, FLAGS.pairs,
                                 FLAGS.pictured if FLAGS.output else 0)
    evaluate.finish(tables.report(result, FLAGS.with_photos), FLAGS.output)


def run():
    program.run(sys.modules[__name__], ["model", "photos", "recognizer"])


if __name__ == "__main__":
    run()
