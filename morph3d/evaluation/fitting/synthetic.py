"""Fits to pictures of random faces, of which all is known: how far off are rotation, landmarks, expression, shape and skin tone?"""
import math
from typing import NamedTuple

import numpy as np
import tensorflow as tf
import tqdm
from absl import logging

from morph3d import colors, images, scene
from morph3d.evaluation.fitting import faces
from morph3d.mesh import registration
from morph3d.morphable import coefficients
from morph3d.photos import face_detection
from morph3d.renderer import transforms
from morph3d.renderer.render import render

SIZE = 448  # pixels of a picture
REFERENCE = 224  # pixels of a picture that errors of landmarks are told for
YAW = math.radians(40.)  # the largest
SKIN = "cheeks", "forehead"  # whose mean color is the skin tone


class Errors(NamedTuple):
    """What is wrong with a fit; of the unfitted face, which is neutral, some too."""
    rotation: float  # degrees
    landmarks: float  # pixels of a picture of REFERENCE, the mean over the 68
    expression: float  # mm, the mean over the face, how far what the expression moves is off
    neutral_expression: float  # mm, of no expression
    shape: float  # mm, the mean over the face after a similarity
    network_shape: float
    mean_shape: float  # of the mean face
    tone: float  # CIELAB
    network_tone: float


def measure(fitter, model, count, seed=0):
    """The Errors of fits to pictures of random faces.

    Args:
      fitter: Fitter.
      model: the MorphableModel of its faces, with expressions.
      count: how many.
      seed: an integer; the same faces for the same seed.

    Returns:
      [Errors], and {number of a face: why it could not be fitted}.

    Raises:
      ValueError: the model is another, or none could be fitted.
    """
    if not np.array_equal(model.triangles, fitter.model.triangles):
        raise ValueError(f"{model.name}: found another morphable model than that of the network; give its own")
    # Drawn as the network's training draws them, so it reads them as what they are.
    reader = fitter.reconstructor.reading(renderings=True, expected=True)
    errors, left_out = [], {}
    for number in tqdm.trange(count, unit=" faces", dynamic_ncols=True):
        drawn = _draw(model, [seed, number])
        try:
            photo, face = faces.read(f"face {number}", (drawn.picture, face_detection.detect(drawn.picture)), reader)
            errors.append(_errors(fitter.model, model.parts, drawn, face, fitter.solve(photo, face)))
        except ValueError as error:
            left_out[number] = str(error)
            logging.warning("face %d: left out: %s", number, error)
    if not errors:
        raise ValueError(f"none of {count} faces could be fitted; the first: {next(iter(left_out.values()))}")
    return errors, left_out


class _Drawn(NamedTuple):
    """A random face and its picture."""
    picture: np.ndarray  # [SIZE, SIZE, 3] uint8
    coefficients: coefficients.Coefficients  # [.]
    rotation: np.ndarray  # [3, 3]
    landmarks: np.ndarray  # [68, 2] pixels


def _draw(model, seed):
    face_seed, scene_seed = tf.unstack(tf.random.split(tf.constant(seed), 2))
    drawn, setting = coefficients.sample(model, 1, face_seed), scene.sample(1, scene_seed, yaw=YAW)
    vertices, painted = model.instance(drawn)
    picture = images.to_pixels(render(vertices, painted, model.triangles, setting, SIZE).image[0].numpy())
    places = transforms.project(tf.gather(vertices, model.landmarks, axis=1), setting.pose, setting.camera, SIZE)
    return _Drawn(picture, coefficients.Coefficients(*(part[0].numpy() for part in drawn)),
                  transforms.rotation_matrix(setting.pose.rotation)[0].numpy(), places[0].numpy())


def _errors(model, parts, drawn, face, fit):
    """The Errors of a Fit in a LinearModel with these parts {name: [V] bool}."""
    state, truth, where = fit.state, drawn.coefficients, parts["face"]
    points = model.points(model.landmarks, state.expression, state.shape)
    places = fit.in_photo(state.view.project(points, fit.center))
    turned = (np.trace(state.view.matrix @ drawn.rotation.T) - 1.) / 2.
    moved, moved_truly = (_moves(model, each)[where] for each in (state.expression, truth.expression))
    neutral, none = model.vertices(np.zeros(model.expression_size), truth.shape)[where], np.zeros_like(truth.shape)
    shapes = [_apart(model.vertices(np.zeros(model.expression_size), shape)[where], neutral)
              for shape in (state.shape, face.shape, none)]
    tones = [_tone(model, parts, texture) - _tone(model, parts, truth.texture) for texture in (state.texture, face.texture)]
    return Errors(math.degrees(math.acos(np.clip(turned, -1., 1.))),
                  REFERENCE / SIZE * np.linalg.norm(places - drawn.landmarks, axis=1).mean(),
                  np.linalg.norm(moved - moved_truly, axis=1).mean(), np.linalg.norm(moved_truly, axis=1).mean(),
                  *shapes, *(float(np.linalg.norm(tone)) for tone in tones))


def _moves(model, expression):
    return model.vertices(expression, np.zeros(model.sizes[1])) - model.mean


def _apart(vertices, truth):
    """The mean distance of vertices from those that they should be, mm, after the similarity that brings them nearest."""
    return float(np.linalg.norm(registration.from_points(vertices, truth).apply(vertices) - truth, axis=1).mean())


def _tone(model, parts, texture):
    """[3] CIELAB, the mean over the skin."""
    where = np.any([parts[name] for name in SKIN], axis=0)
    return colors.lab_from_srgb(model.colors(texture)[where]).mean(0)
