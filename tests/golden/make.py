"""The golden pictures: what is in them, and the program that draws them anew, `python -m tests.golden.make`.

Whoever draws them anew looks at each one before committing it: the docstrings say what must be seen.
"""
import math
import pathlib

import numpy as np
import tensorflow as tf
import trimesh

from morph3d.renderer.render import render
from morph3d.scene import Camera, PointLights, Pose, Scene
from tests.renderer import meshes

FOLDER = pathlib.Path(__file__).parent
SIZE = 160


def scene(lights, ambient=.05, rotation=(0., 0., 0.), distance=0., field_of_view=20., framing=((1., 0., 0.), (0., 1., 0.)),
          background=((.5, .5, .5),)):
    """One scene. lights: a pair (position in mm from the model's origin, RGB) each; field_of_view: degrees; background:
    rows of pixels."""
    positions, intensities = zip(*lights, strict=True)
    return Scene(Pose(tf.constant([rotation]), tf.constant([[0., 0., -distance]])),
                 Camera(tf.constant([math.radians(field_of_view)]), tf.constant([framing])),
                 PointLights(tf.constant([positions]) - [0., 0., distance], tf.constant([intensities]), tf.fill([1, 3], ambient)),
                 tf.reshape(background, [1, len(background), -1, 3]))


def united(*parts):
    """(vertices, colors, triangles) each -> those of one mesh."""
    vertices, colors, triangles = zip(*parts, strict=True)
    starts = np.cumsum([0] + [len(part) for part in vertices[:-1]])
    colors = [np.broadcast_to(color, part.shape) for color, part in zip(colors, vertices, strict=True)]
    triangles = [part + start for part, start in zip(triangles, starts, strict=True)]
    return np.concatenate(vertices), np.concatenate(colors), np.concatenate(triangles)


def framed_head():
    """A head very near the camera, leaning to the picture's left and moved to the right by the framing; lit from the upper
    left, in the shade on the right; the subject's left side red."""
    vertices, triangles = meshes.bumpy_head(4)
    colors = np.where(vertices[:, :1] > 35., [.9, .2, .15], [.75, .65, .55])
    framing = ((1.1 * math.cos(.3), -1.1 * math.sin(.3), .15), (1.1 * math.sin(.3), 1.1 * math.cos(.3), -.1))
    lights = [([-900., 700., 600.], [.8, .8, .8])]
    return vertices, colors, triangles, scene(lights, .15, distance=260., field_of_view=60., framing=framing)


def interlocking_meshes():
    """An ochre ball in a blue ring that drops to the right, before the ball below and behind it above; a green bar enters
    the ball from the lower left, where it is before the ball and behind the ring, and leaves it on the upper right, behind
    the ball."""
    ball = trimesh.creation.icosphere(4, radius=75.)
    ring = trimesh.creation.torus(85., 18., major_sections=64, minor_sections=32)
    ring.apply_transform(trimesh.transformations.euler_matrix(-1.1, .35, 0.))
    bar = trimesh.creation.box([18., 18., 300.])
    bar.apply_transform(trimesh.transformations.euler_matrix(.6, -.7, 0.))
    parts = [(ball.vertices, [.8, .6, .25], ball.faces), (ring.vertices, [.3, .45, .8], ring.faces),
             (bar.vertices, [.3, .7, .35], bar.faces)]
    return *united(*parts), scene([([300., 600., 1200.], [.9, .9, .9])], .15, distance=520., field_of_view=30.)


def floor_under_the_camera():
    """Two large triangles of a floor that comes nearer than the near plane: cut off there along a horizontal line, with
    the background below it. Red on the left and blue on the right turn into yellow far away. A green triangle overhead
    that reaches behind the camera is not seen at all."""
    vertices = np.array([[-16., -5., -4.], [16., -5., -4.], [16., -5., -60.], [-16., -5., -60.],
                         [-9., 9., -30.], [9., 9., -30.], [0., 9., 30.]])
    colors = np.array([[.9, .1, .1], [.1, .2, .9], [.9, .9, .2], [.9, .9, .2], [0., 1., 0.], [0., 1., 0.], [0., 1., 0.]])
    triangles = np.array([[0, 1, 2], [0, 2, 3], [4, 5, 6]])
    return vertices, colors, triangles, scene([([0., 500., 200.], [.6, .6, .6])], .4, field_of_view=80.)


def slivers():
    """A fine head, half ochre and half blue, before a star of 90 yellow needles that grow wider outward: separate at their
    ends, in dots and blotches near the head, where needles and gaps are thinner than a pixel."""
    vertices, triangles = meshes.bumpy_head(5)
    colors = np.where(vertices[:, :1] > .1, [.4, .55, .75], [.75, .55, .4])
    turn = 2. * np.pi / 90. * (np.arange(90)[:, None] + [.1, .6])  # so that no edge runs through pixels' centers
    needles = np.zeros([90, 3, 3])
    needles[:, 1:] = 190. * np.stack([np.cos(turn), np.sin(turn), 0. * turn], -1)
    parts = [(vertices, colors, triangles), (needles.reshape(-1, 3), [.9, .85, .3], np.arange(270).reshape(-1, 3))]
    return *united(*parts), scene([([0., 300., 2000.], [.8, .8, .8])], .2, distance=800., field_of_view=28.,
                                  background=((.1, .1, .1),))


def colored_lights():
    """A dark ball on black, under a red light from the left, a green one from above and a blue one from the right, each
    with its highlight; where two meet, their sum."""
    ball = trimesh.creation.icosphere(5, radius=100.)
    lights = [([-1500., 0., 900.], [1.6, .1, .1]), ([0., 1500., 900.], [.1, 1.6, .1]), ([1500., 0., 900.], [.1, .1, 1.6])]
    return ball.vertices, np.full(ball.vertices.shape, .35), ball.faces, scene(
        lights, 0., distance=800., field_of_view=17., background=((0., 0., 0.),))


def head_over_a_background():
    """A gray head turned to the picture's right, looking down and tilted to the left, under a warm light from the right
    and a weak bluish one from the left; behind it red, green, blue and white, from the upper left in reading order."""
    vertices, triangles = meshes.bumpy_head(4)
    colors = .6 + .06 * np.sin(vertices / 15.)
    background = (((.8, .2, .2), (.2, .7, .2)), ((.2, .3, .8), (.95, .95, .95)))
    lights = [([1200., 300., 1500.], [.95, .75, .5]), ([-2000., 0., 800.], [.1, .15, .25])]
    return vertices, colors, triangles, scene(lights, .15, (.25, .7, .15), 900., 16., background=background)


PICTURES = (framed_head, interlocking_meshes, floor_under_the_camera, slivers, colored_lights, head_over_a_background)


def path_of(picture):
    return FOLDER / f"{picture.__name__}.png"


def draw(picture, backend="auto"):
    """-> [SIZE, SIZE, 3] uint8."""
    vertices, colors, triangles, its_scene = picture()
    image = render(tf.constant(vertices[None], tf.float32), tf.constant(colors[None], tf.float32),
                   tf.constant(triangles, tf.int32), its_scene, SIZE, backend=backend).image[0]
    return tf.image.convert_image_dtype(image, tf.uint8, saturate=True)


if __name__ == "__main__":
    for one in PICTURES:
        path_of(one).write_bytes(tf.io.encode_png(draw(one), compression=9).numpy())
