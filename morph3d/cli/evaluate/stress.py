"""Measures how stable reconstructions are while a picture gets worse: light, pose, expression, occlusion, blur and others.

    morph3d-evaluate stress --model=runs/mine/saved_model --recognizer=saved_model:FOLDER --output=stress
    morph3d-evaluate stress --model=runs/mine/saved_model --photo=me.jpg --photo=you.jpg --output=stress

On synthetic people, whose truth is known and who can be turned and lit, or on photos.
"""
import sys

from absl import flags

from morph3d.cli import evaluate, program
from morph3d.encoders import registry
from morph3d.evaluation.stress.degradations import SERIES

FLAGS = flags.FLAGS


def define():
    evaluate.define()
    flags.adopt_module_key_flags(evaluate)
    flags.DEFINE_string("synthetic", None, "The morphable model that synthetic people are drawn from, by name or path; by default "
                        "'embedded', if there are no photos.")
    flags.DEFINE_integer("people", 20, "How many synthetic people.", lower_bound=1)
    flags.DEFINE_integer("seed", 0, "Other numbers give other synthetic people; photos have none.")
    flags.DEFINE_multi_string("photo", None, "A photo in place of synthetic people; given again, of somebody else, how different "
                              "people are is measured too, which tells what a drift means.")
    flags.DEFINE_multi_enum("series", None, list(SERIES), "What gets worse; by default all. Photos go without "
                            f"{', '.join(name for name, series in SERIES.items() if series.of_scenes)}.")
    flags.DEFINE_string("recognizer", None, f"The judge of likeness, a face recognizer that training never saw: {registry.SPECS}.")
    flags.DEFINE_bool("training_recognizer_as_judge", False, "Take the recognizer even if a model was trained with it.")
    flags.mark_flags_as_mutual_exclusive(["synthetic", "photo"])


def main():
    from morph3d.evaluation import judges
    from morph3d.evaluation.stress import measurement, tables
    reconstructors = evaluate.reconstructors(not FLAGS.photo)
    recognizer = None
    if FLAGS.recognizer:
        recognizer = judges.load(FLAGS.recognizer, reconstructors, FLAGS.training_recognizer_as_judge)
    evaluate.finish(tables.report(measurement.measure(reconstructors, _people(), FLAGS.series, recognizer)), FLAGS.output)


def _people():
    from morph3d import morphable
    from morph3d.evaluation.stress import picture_series, scene_series
    if FLAGS.photo:
        return picture_series.photographed(FLAGS.photo)
    return scene_series.SyntheticPeople(morphable.load(FLAGS.synthetic or "embedded"), FLAGS.people, FLAGS.seed)


def run():
    program.run(sys.modules[__name__], ["model"])


if __name__ == "__main__":
    run()
