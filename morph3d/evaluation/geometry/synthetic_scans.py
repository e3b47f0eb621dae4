"""Scans that are drawn: faces of a morphable model, whose neutral mesh is the truth, and pictures of them as photos.

Of another model than the network's, or it is measured on what it was trained on.
"""
import functools

import numpy as np
import tensorflow as tf

from morph3d import images
from morph3d.data import fake_photographs
from morph3d.data.synthetic import SyntheticFaces, sample
from morph3d.evaluation.geometry.scans import Scan
from morph3d.evaluation.geometry.subjects import Subject
from morph3d.mesh.mesh import Mesh
from morph3d.morphable import landmarks

CONDITION = "random scenes"


def subjects(model, count, seed=0, photos=1, neutral=False):
    """The Subjects of random people, each with a random expression, in a random scene and as a bad photographer takes it.

    Args:
      model: MorphableModel.
      count: how many.
      seed: an integer; the same people for the same seed and model.
      photos: how many of each person, who makes another expression in another scene in each.
      neutral: whether people make no expression; they and the scenes are the same.
    """
    people = [tf.random.fold_in(tf.constant([seed, 0]), number) for number in range(count)]
    return [Subject(f"{number:04}", functools.partial(_scan, model, number, person),
                    {CONDITION: functools.partial(_photos, model, person, photos, neutral)})
            for number, person in enumerate(people)]


def _scan(model, number, person):
    vertices = model.instance(_coefficients(model, person).neutral())[0][0].numpy()
    positions = vertices[model.landmarks.numpy()]
    return Scan(f"{number:04}", Mesh(vertices, model.triangles.numpy()), dict(zip(landmarks.NAMES, positions, strict=True)))


def _photos(model, person, count, neutral):
    """Yields pictures, [size, size, 3] uint8."""
    identity = _coefficients(model, person)
    for number in range(count):
        drawn, photographed = tf.unstack(tf.random.split(tf.random.fold_in(person, number), 2))
        face = sample(model, 1, drawn)
        face = SyntheticFaces(identity._replace(expression=None if neutral else face.coefficients.expression), face.scene)
        yield np.ascontiguousarray(images.to_pixels(fake_photographs.photograph(model, face, photographed))[0])


def _coefficients(model, person):
    return sample(model, 1, person).coefficients
