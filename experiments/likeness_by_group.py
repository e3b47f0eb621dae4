"""Likeness by groups of photos, for a model card: by how light the skin is in them, how far the head is turned, how sharp they are.

    python -m experiments.likeness_by_group --model=shipped --photos=FOLDER --recognizer=saved_model:FOLDER

Each photo's face is looked for among all photos, as morph3d-evaluate recognition does. Sex, age and origin are written nowhere in a
folder of photos, so that nothing is said of them.
"""
import sys

import cv2
import numpy as np
from absl import flags

from morph3d.cli import program
from morph3d.encoders import registry

FLAGS = flags.FLAGS
GROUPS = {"skin": ("dark", "medium", "light"), "turn": ("frontal", "a little", "the most"),
          "sharpness": ("soft", "medium", "sharp")}


def define():
    flags.DEFINE_string("model", "shipped", "The network, as morph3d-reconstruct takes it.")
    flags.DEFINE_string("photos", None, "Photos of people that training never saw: a folder with one folder a person, or tfds:lfw.")
    flags.DEFINE_string("recognizer", None, f"The judge, a face recognizer that training never saw: {registry.SPECS}.")
    flags.DEFINE_string("json", None, "File for the figures.")


def main():
    from morph3d.evaluation import judges
    from morph3d.evaluation.recognition import measurement
    from morph3d.inference import reconstructor
    network = {FLAGS.model: reconstructor.load(FLAGS.model)}
    result = measurement.measure(network, FLAGS.photos, judges.load(FLAGS.recognizer, network), people=2)
    found = report(result.models[FLAGS.model], result.gallery.people, properties(FLAGS.photos, result.gallery.keys))
    print(found)
    found.write(FLAGS.json, None)


def properties(source, keys):
    """{name in GROUPS: [N]} of the photos of these keys: L* of the cheeks, turn, sharpness, all of them in units of their own.

    The turn is how far the tip of the nose lies beside the middle between the eyes, in distances of the eyes; sharpness is the
    variance of the Laplacian of the framed face.
    """
    from morph3d import images
    from morph3d.data import sources
    from morph3d.encoders.base import Framing
    from morph3d.evaluation.color import face_patches
    from morph3d.photos import crops
    photos = {photo.key: photo for photo in sources.find(source).photos}
    whole = face_patches.frame()
    half = Framing(whole.image_size // 2, whole.template / 2.)  # about as many pixels as the photos have: sharpness is theirs
    found = {name: [] for name in GROUPS}
    for pixels, points in crops.read_all(sources.contents([photos[key] for key in keys])):
        view = images.resize(crops.crop(pixels, points, half), whole.image_size)
        right, left, nose = points[:3]
        found["skin"].append(face_patches.measure(view[None] / 255.)[0, list(face_patches.regions()).index("skin"), 0])
        found["turn"].append(abs(nose[0] - (right[0] + left[0]) / 2.) / np.linalg.norm(left - right))
        found["sharpness"].append(cv2.Laplacian(cv2.cvtColor(view, cv2.COLOR_RGB2GRAY), cv2.CV_64F).var())
    return {name: np.array(values) for name, values in found.items()}


def report(findings, people, measured):
    """The Report of thirds of the photos, by each property of `measured` {name in GROUPS: [N]}."""
    from morph3d.evaluation import statistics
    from morph3d.evaluation.report import Report, Table
    summary, rows = {}, []
    for name, words in GROUPS.items():
        thirds = np.searchsorted(np.quantile(measured[name], [1. / 3., 2. / 3.]), measured[name], side="right")
        for third, word in enumerate(words):
            of, values = thirds == third, measured[name][thirds == third]
            top1 = statistics.share(findings.everything.top1[of], people[of])
            cosine = statistics.mean(findings.cosines[of], people[of])
            rows.append((name, word, f"{values.min():.3g} to {values.max():.3g}", int(of.sum()), top1, cosine))
            summary.setdefault(name, {})[word] = {"photos": int(of.sum()), "top1": top1._asdict(), "cosine": cosine._asdict()}
    columns = "by", "group", "from .. to", "photos", "top-1", "cosine"
    return Report(summary, [Table("Likeness by group, thirds of the photos", columns, rows)], {})


def run():
    program.run(sys.modules[__name__], ["photos", "recognizer"])


if __name__ == "__main__":
    run()
