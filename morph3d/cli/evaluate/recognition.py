"""Measures likeness: does a recognizer that training never saw find the right photo for each reconstructed face?

    morph3d-evaluate recognition --model=runs/mine/saved_model --photos=FOLDER --recognizer=saved_model:FOLDER
"""
import json
import sys

from absl import flags

from morph3d.cli import program
from morph3d.encoders import registry

FLAGS = flags.FLAGS


def define():
    flags.DEFINE_string("model", None, "Folder of a SavedModel that morph3d-export has written.")
    flags.DEFINE_string("photos", None, "Folder with one folder a person; the first photo of each is used.")
    flags.DEFINE_string("recognizer", None, f"The judge, a face recognizer that training never saw: {registry.SPECS}.")
    flags.DEFINE_integer("people", 84, "How many people, in sorted order.", lower_bound=5)
    flags.DEFINE_string("picture", None, "PNG file for the photos beside their faces.")
    flags.DEFINE_integer("pictured", 12, "How many of them.", lower_bound=1)
    flags.DEFINE_bool("with_photos", True, "Show the photos; without, the picture may be passed on where the photos may not.")


def main():
    from morph3d import images
    from morph3d.evaluation import recognition
    from morph3d.inference import reconstructor
    result = recognition.likeness(reconstructor.load(FLAGS.model), recognition.first_photos(FLAGS.photos, FLAGS.people),
                                  registry.load(FLAGS.recognizer, differentiable=False))
    print(json.dumps({"people": FLAGS.people, "top1": round(result.top1, 3), "top5": round(result.top5, 3),
                      "right_cosine": round(result.right_cosine, 3), "wrong_cosine": round(result.wrong_cosine, 3)}))
    if FLAGS.picture:
        images.write_png(FLAGS.picture, recognition.contact_sheet(result, FLAGS.pictured, FLAGS.with_photos))


def run():
    program.run(sys.modules[__name__], ["model", "photos", "recognizer"])


if __name__ == "__main__":
    run()
