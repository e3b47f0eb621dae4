"""Pictures of a morphable model to look at: random people, and one head from all sides, with its mouth open and its eyes closed."""
import numpy as np
import tensorflow as tf

from morph3d import images
from morph3d import scene as scenes
from morph3d.morphable import coefficients, embedded
from morph3d.renderer.render import render

ROWS, COLUMNS, SIZE = 4, 8, 192  # of the sheet of people; pixels of each
HEAD_SIZE = 400  # pixels
# Degrees to the side, and the blendshapes with their weights.
HEADS = ((0., {}), (40., {}), (90., {}), (20., {"jawOpen": .6}), (0., {"eyeBlinkLeft": 1., "eyeBlinkRight": 1.}))


def people(model, seed):
    """-> [H, W, 3] uint8: random people, neutral, in the studio's light, some turned a little; of the embedded model those whose
    color goes with their shape."""
    count = ROWS * COLUMNS
    who = embedded.sample_people(count, seed) if model.name in embedded.NAMES else coefficients.sample(model, count, [seed, 3])
    scene = scenes.studio(count, tf.tile(tf.linspace(-.5, .5, COLUMNS), [ROWS]), distance=950.)
    pictures = render(*model.instance(who.neutral()), model.triangles, scene, SIZE).image.numpy()
    rows = pictures.reshape(ROWS, COLUMNS, SIZE, SIZE, 3)
    return images.to_pixels(np.concatenate(np.concatenate(list(rows), 1), 1))


def head(model):
    """-> [H, W, 3] uint8: the mean head from ahead, half from the side and in profile, its mouth open, its eyes closed; of a model
    that has no blendshapes of these names the first three."""
    views = [(turn, acts) for turn, acts in HEADS if acts.keys() <= model.blendshapes.keys()]
    mean = model.mean_vertices.numpy()
    vertices = np.stack([mean + sum(weight * model.blendshapes[name] for name, weight in acts.items()) for _, acts in views])
    scene = scenes.studio(len(views), np.radians([turn for turn, _ in views]).astype(np.float32), distance=1050.)
    colors = np.tile(model.mean_colors, [len(views), 1, 1])
    return images.to_pixels(np.concatenate(list(render(vertices, colors, model.triangles, scene, HEAD_SIZE).image.numpy()), 1))
