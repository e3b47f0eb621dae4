"""The scene that a face is drawn in: its pose, the camera, the lights and the background.

World space is the camera's frame, in millimeters: the camera sits at the origin and looks along -z, +x is the picture's
right, +y is up. A face looks along +z, at the camera. Every field starts with the batch axis [B].
"""
import math
from typing import NamedTuple

import tensorflow as tf


class Pose(NamedTuple):
    """A rigid motion from model space to world space: `vertices @ R^T + translation`, R = Rz(roll) Rx(pitch) Ry(yaw)."""
    rotation: tf.Tensor  # [B, 3] pitch, yaw, roll about +x, +y, +z, radians; positive pitch lowers the nose
    translation: tf.Tensor  # [B, 3] mm; (0, 0, -1000) puts the model's origin one meter in front of the camera


class Camera(NamedTuple):
    """A perspective camera, and a similarity of its picture (how a face is framed for an encoder)."""
    field_of_view: tf.Tensor  # [B] the vertical angle, radians
    framing: tf.Tensor  # [B, 2, 3] normalized device coordinates: (x, y) -> framing @ (x, y, 1)


class PointLights(NamedTuple):
    """Point lights without fall-off (they are meters away and a face is small), and one ambient light."""
    positions: tf.Tensor  # [B, L, 3] mm
    intensities: tf.Tensor  # [B, L, 3] linear RGB: what a white surface facing the light sends back
    ambient: tf.Tensor  # [B, 3] linear RGB


class Scene(NamedTuple):
    """A batch of scenes: all that decides a picture beside the shape and the colors of the face."""
    pose: Pose
    camera: Camera
    lights: PointLights
    background: tf.Tensor  # [B, h, w, 3] sRGB in 0..1, of any size, stretched over the picture; one pixel is a plain background


# Correlated color temperatures of common sources, kelvin (CIE standard illuminants and lamp makers' nominal values).
INDOOR_KELVIN = (2700., 3000., 3500., 4000., 5000.)  # warm lamp, halogen, neutral and cool white tubes, studio
OUTDOOR_KELVIN = (4300., 5500., 6500., 7500.)  # low sun, noon sun, overcast sky, open shade


def identity_framing(batch):
    """The framing [batch, 2, 3] that leaves the camera's picture as it is."""
    return tf.tile(tf.eye(2, 3)[None], [batch, 1, 1])


def studio(batch=1, yaw=0., distance=1200., field_of_view=math.radians(16.), background=.5):
    """The fixed scene of every picture that is shown or measured: neutral light, plain background.

    Args:
      batch: the number of pictures.
      yaw: radians, a number or [batch].
      distance: mm from the camera to the model's origin.
      field_of_view: radians.
      background: the gray level, sRGB.
    """
    zeros = tf.zeros([batch])
    return Scene(
        Pose(tf.stack([zeros, zeros + tf.cast(yaw, tf.float32), zeros], -1), tf.stack([zeros, zeros, zeros - distance], -1)),
        Camera(zeros + field_of_view, identity_framing(batch)),
        PointLights(tf.tile([[[-1500., 1500., 2000.], [2000., 500., 1500.]]], [batch, 1, 1]) - [0., 0., distance],
                    tf.tile([[[.65] * 3, [.3] * 3]], [batch, 1, 1]), tf.fill([batch, 3], .3)),
        tf.fill([batch, 1, 1, 3], background))


def sample(batch, seed, yaw=.7, pitch=.3, roll=.15):
    """Random scenes: pose, camera, two lights several meters away, background.

    The paper draws pose and illumination (section 3.3), the latter as in `sample_lights`, and does not print its ranges; that
    camera and background are drawn too is ours.

    Args:
      batch: the number of scenes.
      seed: [2] integers; the same seed gives the same scenes.
      yaw, pitch, roll: radians, the largest turn either way; turns are uniform.
    """
    pose_seed, camera_seed, light_seed, background_seed = tf.unstack(tf.random.split(seed, 4))
    camera = Camera(_uniform([batch], camera_seed, math.radians(8.), math.radians(30.)), identity_framing(batch))
    rotation = tf.random.stateless_uniform([batch, 3], pose_seed, -1., 1.) * [pitch, yaw, roll]
    # A head of 260 mm fills the picture whatever the field of view: a wide angle means a close camera.
    distance = 130. / tf.tan(camera.field_of_view / 2.)
    pose = Pose(rotation, tf.stack([tf.zeros([batch]), tf.zeros([batch]), -distance], -1))
    lights = sample_lights(batch, light_seed)
    lights = lights._replace(positions=lights.positions + pose.translation[:, None])
    return Scene(pose, camera, lights, sample_background(batch, background_seed))


def sample_lights(batch, seed):
    """Two lights in the half space before a face at the origin, and an ambient one, sharing a perturbed temperature.

    The paper (section 3.2.2) has the two, of varying intensity and a common source's color, perturbed; the ambient light is ours.
    """
    where, how_far, power, kelvin, tint = tf.unstack(tf.random.split(seed, 5))
    azimuth, height = tf.unstack(tf.random.stateless_uniform([2, batch, 2], where, -1., 1.))
    azimuth *= math.radians(75.)
    elevation = math.radians(20.) + math.radians(40.) * height
    direction = tf.stack([tf.cos(elevation) * tf.sin(azimuth), tf.sin(elevation), tf.cos(elevation) * tf.cos(azimuth)], -1)
    positions = direction * _uniform([batch, 2, 1], how_far, 2000., 5000.)
    key, fill, ambient = tf.unstack(tf.random.stateless_uniform([3, batch, 1], power))
    key = .6 + .55 * key
    strengths = tf.stack([key, key * (.05 + .85 * fill)], 1)
    color = _light_color(batch, kelvin)
    perturbation = tf.exp(.06 * tf.random.stateless_normal([3, batch, 3], tint))
    return PointLights(positions, strengths * color[:, None] * tf.stack(tf.unstack(perturbation[:2]), 1),
                       (.15 + .4 * ambient) * color * perturbation[2])


def sample_background(batch, seed, detail=5):
    """Smooth random backgrounds [batch, detail, detail, 3], sRGB: a color, and blotches around it."""
    color_seed, blotch_seed, contrast_seed = tf.unstack(tf.random.split(seed, 3))
    color = tf.random.stateless_uniform([batch, 1, 1, 3], color_seed)
    gray = tf.reduce_mean(color, -1, keepdims=True)
    blotches = tf.random.stateless_normal([batch, detail, detail, 3], blotch_seed)
    contrast = tf.random.stateless_uniform([batch, 1, 1, 1], contrast_seed, 0., .3)
    return tf.clip_by_value(.5 * (color + gray) + contrast * blotches, 0., 1.)


def blackbody_color(kelvin):
    """Linear sRGB of a black body, [...] kelvin -> [..., 3], scaled to luminance 1.

    The Planckian locus by the cubic fit of Kim et al. (US patent 7024034), valid from 1667 to 25000 K; xy to linear sRGB by the
    matrix of IEC 61966-2-1.
    """
    kelvin = tf.convert_to_tensor(kelvin, tf.float32)
    t = 1000. / kelvin
    x = tf.where(kelvin < 4000., -.2661239 * t**3 - .2343589 * t**2 + .8776956 * t + .179910,
                 -3.0258469 * t**3 + 2.1070379 * t**2 + .2226347 * t + .240390)
    y = tf.where(kelvin < 2222., -1.1063814 * x**3 - 1.34811020 * x**2 + 2.18555832 * x - .20219683,
                 tf.where(kelvin < 4000., -.9549476 * x**3 - 1.37418593 * x**2 + 2.09137015 * x - .16748867,
                          3.0817580 * x**3 - 5.87338670 * x**2 + 3.75112997 * x - .37001483))
    xyz = tf.stack([x / y, tf.ones_like(x), (1. - x - y) / y], -1)
    to_rgb = tf.constant([[3.2406, -1.5372, -.4986], [-.9689, 1.8758, .0415], [.0557, -.2040, 1.0570]])
    return tf.maximum(tf.linalg.matvec(to_rgb, xyz), 0.)


def _light_color(batch, seed):
    """[batch, 3] linear RGB: a random source's color as a camera that corrects half to all of it would record it."""
    which_seed, correction_seed = tf.unstack(tf.random.split(seed, 2))
    sources = tf.constant(INDOOR_KELVIN + OUTDOOR_KELVIN)
    which = tf.random.stateless_uniform([batch], which_seed, 0, len(sources), tf.int32)
    remaining = tf.random.stateless_uniform([batch, 1], correction_seed, 0., .5)
    return blackbody_color(tf.gather(sources, which))**remaining


def _uniform(shape, seed, low, high):
    return low + (high - low) * tf.random.stateless_uniform(shape, seed)
