"""Synthetic people, whose truth is known, in scenes that get worse."""
import math
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from morph3d import alignment, images, scene
from morph3d.data.synthetic import SyntheticFaces
from morph3d.evaluation.stress import degradations, picture_series
from morph3d.mesh import registration
from morph3d.morphable import coefficients, landmarks
from morph3d.renderer import transforms
from morph3d.renderer.render import render

KEY, AMBIENT = .8, .2  # linear: the light that moves, and what comes from everywhere; nothing else lights a person from behind
ELEVATION = math.radians(20.)  # of the light that moves
FAR = 3000.  # mm from it to the face
AT_A_TIME = 12  # faces that are drawn together


class Truth(NamedTuple):
    """True faces, which reconstructions in the same topology are compared with vertex by vertex."""
    vertices: np.ndarray  # [N, V, 3] mm
    face: np.ndarray  # [V] bool, which vertices count: not those of ears, scalp and neck

    def errors(self, vertices, numbers):
        """The mean distances [M] in mm of faces from the people of these numbers [M], brought as near as a similarity can.

        Args:
          vertices: [M, V, 3] mm.
          numbers: [M] integers, 0 to N - 1.
        """
        return np.array([_apart(face, true) for face, true in zip(
            vertices[:, self.face], self.vertices[numbers][:, self.face], strict=True)])


def _apart(face, true):
    """The mean distance of corresponding points, [N, 3] mm each, after a similarity."""
    return np.linalg.norm(registration.from_points(face, true).apply(face) - true, axis=1).mean()


class SyntheticPeople(picture_series.People):
    """Random people of a morphable model, neutral, from the front, lit from the front; `offered` are all series it has modes for.

    The camera is theirs: it frames each untouched portrait and stays, as on a tripod.

    Args:
      model: MorphableModel.
      count: how many.
      seed: an integer; the same gives the same people.
    """

    def __init__(self, model, count, seed):
        self._model = model
        drawn = coefficients.sample(model, count, seed)
        self._people = SyntheticFaces(drawn, _frontal_scene(model, drawn.neutral()))
        self.offered = [name for name in degradations.SERIES if model.expression_size or name != "expression"]
        portraits = self._draw(_at_rest(self._people))
        super().__init__([f"{model.name} {number}" for number in range(count)], portraits, {})

    def pictures(self, name, level):
        if not degradations.SERIES[name].of_scenes:
            return super().pictures(name, level)
        return self._draw(globals()[name](self._people, level))

    def truth(self, network):
        """The Truth, if the same coefficients give the network the same faces; otherwise None."""
        of_network = network.decode.get_concrete_function().structured_outputs
        shape, texture, _ = self._people.coefficients
        vertices = self._model.instance(self._people.coefficients.neutral())[0].numpy()
        if [of_network[name].shape[1:] for name in ("shape", "texture", "vertices")] != [
                array.shape[1:] for array in (shape, texture, vertices)]:
            return None
        same = np.allclose(network.instance(shape, texture)["vertices"], vertices, atol=.01)
        return Truth(vertices, self._model.parts["face"]) if same else None

    def _draw(self, faces):
        """SyntheticFaces [B] -> [B, SIZE, SIZE, 3] uint8."""
        pictures = []
        for first in range(0, len(faces.coefficients.shape), AT_A_TIME):
            part = tf.nest.map_structure(lambda array: array[first:first + AT_A_TIME], faces)
            vertices, colors = self._model.instance(part.coefficients)
            pictures.append(render(vertices, colors, self._model.triangles, part.scene, picture_series.SIZE).image)
        return images.to_pixels(np.concatenate(pictures))


def _frontal_scene(model, people):
    """The Scene [B] in which each of the people, Coefficients, fills a portrait."""
    vertices, _ = model.instance(people)
    studio = scene.studio(len(vertices))
    points = landmarks.five_points(transforms.project(tf.gather(vertices, model.landmarks, axis=1), studio.pose, studio.camera,
                                                      picture_series.SIZE))
    camera = alignment.frame(studio.camera, points, picture_series.PORTRAIT.template, picture_series.SIZE)
    return studio._replace(camera=camera, lights=_lights(studio, 0.))


def _lights(of, degrees):
    """One light on a circle around the faces of a Scene, 0 in front of them and 90 at the picture's right, and an ambient one."""
    azimuth = math.radians(degrees)
    direction = [math.cos(ELEVATION) * math.sin(azimuth), math.sin(ELEVATION), math.cos(ELEVATION) * math.cos(azimuth)]
    place = of.pose.translation[:, None]
    return scene.PointLights(place + FAR * tf.constant([[direction]]), tf.fill(tf.shape(place), KEY),
                             tf.fill(tf.shape(place[:, 0]), AMBIENT))


def _at_rest(people, **changes):
    """SyntheticFaces without their expressions, their scene changed."""
    return expression(people._replace(scene=people.scene._replace(**changes)), 0.)


def _turned(people, axis, degrees):
    """SyntheticFaces at rest and turned about an axis of `Pose.rotation`."""
    turn = math.radians(degrees) * tf.one_hot(axis, 3)
    return _at_rest(people, pose=people.scene.pose._replace(rotation=people.scene.pose.rotation + turn))


def light(people, degrees):
    """The light comes from that far to the picture's right (figure 8)."""
    return _at_rest(people, lights=_lights(people.scene, degrees))


def yaw(people, degrees):
    """The nose turns to the picture's right (figure 9)."""
    return _turned(people, 1, degrees)


def pitch(people, degrees):
    """The nose sinks."""
    return _turned(people, 0, degrees)


def expression(people, deviations):
    """Everybody's own random expression, that much of it (figure 10)."""
    return people._replace(coefficients=people.coefficients._replace(expression=deviations * people.coefficients.expression))
