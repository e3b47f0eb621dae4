"""How much the faces of a morphable model are faces: to a face detector, to a recognizer, and on a contact sheet to the eye;
with photographs given, also how near their skin is to people's (skin_color.py), and with scans or another model how closely its
modes follow other faces (model_fits.py).

Random faces under random light are shown to MTCNN, turned up to 30 degrees; and 200 random people, each in two pictures with
another pose, light and expression, to the dlib recognizer.
"""
import math

import numpy as np
import tensorflow as tf
from absl import app, flags

from benchmarks import measuring, model_fits, model_sheets, skin_color
from morph3d import aligned_rendering, images, morphable
from morph3d import scene as scenes
from morph3d.data import sources, synthetic
from morph3d.encoders import registry
from morph3d.evaluation.geometry import subjects
from morph3d.morphable import coefficients
from morph3d.renderer.render import render

_MODEL = flags.DEFINE_string("model", "embedded", "as --morphable_model of morph3d-train")
_PEOPLE = flags.DEFINE_integer("people", 200, "random people")
_SEED = flags.DEFINE_integer("seed", 1, "of people and scenes")
_SHEET = flags.DEFINE_string("sheet", None, "a PNG file for a contact sheet of 32 random faces")
_HEAD = flags.DEFINE_string("head", None, "a PNG file for pictures of the mean head")
_PHOTOS = flags.DEFINE_multi_string("photos", [], "sources of photographs to compare skin with, as --photos of morph3d-train; some "
                                    "with several of a person; may be given several times")
_SCANS = flags.DEFINE_multi_string("scan", [], "a scan to fit, of any unit; may be given several times")
_OTHER = flags.DEFINE_string("other", None, "another model, as --model, to whose random faces this one is fitted")
_OTHERS = flags.DEFINE_integer("others", 100, "how many of them; each takes some ten seconds", lower_bound=1)

SIZE = 250  # pixels, as the photographs of Labeled Faces in the Wild
TURN = math.radians(30.)  # the largest turn to either side
MARGIN = 1.6  # how much more than the head is in the picture
SKIN_FACES = 300


def detected(model, people, seed):
    """-> the confidence of MTCNN's best box on each of `people` faces, 0 where it finds none."""
    from mtcnn import MTCNN
    detector = MTCNN()
    confidences = []
    for start in range(people):
        faces = synthetic.sample(model, 1, [seed, start])
        surroundings = scenes.sample(1, [seed, start], yaw=TURN)
        pose = surroundings.pose
        surroundings = surroundings._replace(pose=pose._replace(translation=MARGIN * pose.translation))
        image = render(*model.instance(faces.coefficients), model.triangles, surroundings, SIZE).image[0]
        found = detector.detect_faces(images.to_pixels(image))
        confidences.append(max((face["confidence"] for face in found), default=0.))
    return np.array(confidences)


def told_apart(model, encoder, people, seed):
    """-> (area under the curve, mean distance of the same person's two pictures, of different people's) by identity vectors."""
    who = coefficients.sample(model, people, [seed, 0])
    identities = []
    for occasion in (1, 2):
        expression = coefficients.sample(model, people, [seed, occasion]).expression
        scene = scenes.sample(people, [seed, occasion], yaw=TURN)
        pictures = [aligned_rendering.draw_model(model, *tf.nest.map_structure(lambda part: part[start:start + 20], (
            who._replace(expression=expression), scene)), encoder) for start in range(0, people, 20)]
        identities.append(np.concatenate([encoder(picture).identity for picture in pictures]))
    distance = np.linalg.norm(identities[0][:, None] - identities[1][None], axis=-1)
    same, different = np.diag(distance), distance[~np.eye(people, dtype=bool)]
    order = np.searchsorted(np.sort(different), same)
    return 1. - order.mean() / len(different), same.mean(), different.mean()


def _scans():
    """The scans that the flags name. Raises where one cannot be read, or there are no photographs, before any figure, for the first
    of them take minutes and would be lost."""
    for source in _PHOTOS.value:
        sources.find(source)
    return [subjects.read_scan(path, path, unit="unknown") for path in _SCANS.value]


def main(_):
    model, other = morphable.load(_MODEL.value), morphable.load(_OTHER.value) if _OTHER.value else None
    scans = _scans()
    confidence = detected(model, _PEOPLE.value, _SEED.value)
    area, same, different = told_apart(model, registry.load("dlib"), _PEOPLE.value, _SEED.value)
    figures = {"mtcnn_above_0.9": float(np.mean(confidence > .9)), "dlib_area_under_curve": float(area),
               "dlib_same_distance": float(same), "dlib_different_distance": float(different)}
    for name, value in figures.items():
        print(f"{name:<28}{value:.4f}", flush=True)
    if _PHOTOS.value:
        figures["skin"] = skin_color.compare(model, _PHOTOS.value, SKIN_FACES, _SEED.value)
        for name in ("photos_mean", "between_people", "mean", "spread", "difference", "ratio"):
            print(f"skin {name:<23}" + "".join(f"{value:8.2f}" for value in figures["skin"][name]), flush=True)
    if scans:
        figures["fits_to_scans"] = model_fits.fits(model, scans)
    if other:
        figures["fits_to_other"] = model_fits.to_model(model, other, _OTHERS.value, _SEED.value)
    for name in ("fits_to_scans", "fits_to_other"):
        if name in figures:
            print(f"{name:<28}" + "".join(f"{what} {value:.3f} " for what, value in figures[name].items()), flush=True)
    measuring.keep(figures)
    if _SHEET.value:
        images.write_png(_SHEET.value, model_sheets.people(model, _SEED.value))
    if _HEAD.value:
        images.write_png(_HEAD.value, model_sheets.head(model))


if __name__ == "__main__":
    app.run(main)
