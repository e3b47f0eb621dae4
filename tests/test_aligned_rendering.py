"""Faces framed for a recognizer, seen from outside: a flag stands at each of the five points, and pictures show where it is."""
import numpy as np
import pytest
import skimage.transform
import tensorflow as tf

from morph3d import aligned_rendering, scene
from morph3d.encoders.base import Framing
from morph3d.morphable import coefficients

SIZE, SCENES = 192, 8
GROUPS = (range(36, 42), range(42, 48), [30], [48], [54])  # of the 68 landmarks: eyes, nose tip, corners of the mouth


@pytest.fixture(scope="module")
def frame(tiny_encoder):
    return Framing(SIZE, tiny_encoder.template * np.float32(SIZE / tiny_encoder.image_size))


def random_scenes():
    """Random poses, distances and angles of view; white is white, and all around is black."""
    drawn = scene.sample(SCENES, [0, 1])
    lights = drawn.lights._replace(intensities=0. * drawn.lights.intensities, ambient=tf.ones([SCENES, 3]))
    return drawn._replace(lights=lights, background=tf.zeros([SCENES, 1, 1, 3]))


def where_flags_are_seen(points, scenes, frame):
    """-> [B, 5, 2] pixels: of points [B, 68, 3], each with a flag in a picture of its own, the means of each group."""
    flagged = [landmark for group in GROUPS for landmark in group]
    angles = np.arange(6) * np.pi / 3.
    flags = np.zeros([len(flagged), 68, 7, 3])
    flags[range(len(flagged)), flagged, 1:] = 3. * np.stack([np.cos(angles), np.sin(angles), 0. * angles], -1)  # mm
    vertices = (points[:, None, :, None] + flags).reshape(-1, 68 * 7, 3).astype(np.float32)
    fan = np.array([[0, 1 + i, 1 + (i + 1) % 6] for i in range(6)])
    triangles = np.concatenate([7 * landmark + fan for landmark in range(68)]).astype(np.int32)
    scenes = tf.nest.map_structure(lambda part: tf.repeat(part, len(flagged), 0), scenes)
    pictures = aligned_rendering.draw(vertices, np.ones_like(vertices), triangles, np.arange(68) * 7, scenes, frame).numpy()[..., 0]
    y, x = np.mgrid[:SIZE, :SIZE] + .5
    seen = np.stack([(pictures * x).sum((1, 2)), (pictures * y).sum((1, 2))], -1) / pictures.sum((1, 2))[:, None]
    seen = dict(zip(flagged, seen.reshape(len(points), -1, 2).swapaxes(0, 1)))
    return np.stack([np.mean([seen[landmark] for landmark in group], 0) for group in GROUPS], 1)


def test_no_similarity_brings_the_five_points_nearer_to_the_template(tiny_model, frame):
    faces, _ = tiny_model.instance(coefficients.sample(tiny_model, SCENES, 3))
    found = where_flags_are_seen(tf.gather(faces, tiny_model.landmarks, axis=1).numpy(), random_scenes(), frame)
    for points in found:
        best = skimage.transform.SimilarityTransform.from_estimate(points, frame.template)
        assert best.scale == pytest.approx(1., abs=.005) and best.rotation == pytest.approx(0., abs=.005)
        np.testing.assert_allclose(best(points.mean(0))[0], points.mean(0), atol=.2)


def test_a_face_of_the_templates_shape_lands_on_it_however_far_and_tilted(frame):
    scenes = random_scenes()
    upright = scenes.pose._replace(rotation=scenes.pose.rotation * [0., 0., 5.])  # it is flat: perspective leaves its shape alone
    points = np.zeros([SCENES, 68, 3])
    for group, (x, y) in zip(GROUPS, (frame.template - SIZE / 2.) * [1., -1.]):
        points[:, list(group), :2] = x, y
    found = where_flags_are_seen(points, scenes._replace(pose=upright), frame)
    np.testing.assert_allclose(found, np.tile(frame.template, [SCENES, 1, 1]), atol=.3)
