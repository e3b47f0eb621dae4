"""The rendering of what is fitted."""
import numpy as np
import tensorflow as tf

from morph3d.fitting import lighting, view
from morph3d.renderer.render import Rendering, render
from morph3d.scene import Scene

BLACK = tf.zeros([1, 1, 1, 3])


def draw(model, state, center, size):
    """The Rendering of a State before black, without the batch's axis, in NumPy, with normals of length 1.

    Args:
      model: LinearModel.
      state: State.
      center: [2] pixels, of perspective.
      size: side of the square picture, pixels.
    """
    pose, camera = view.scene_parts(state.view, center, size)
    setting = Scene(pose, camera, lighting.point_lights(state.light, state.places, pose.translation[0].numpy()), BLACK)
    drawn = render(model.vertices(state.expression, state.shape)[None], model.colors(state.texture)[None], model.triangles, setting,
                   size)
    drawn = drawn._replace(normals=tf.math.l2_normalize(drawn.normals, -1))
    return Rendering(*(part[0].numpy() for part in drawn))


def draw_fit(model, fit, size):
    """`draw` of a photo_fit.Fit, the part of the photo that it is of in a picture of size x size pixels."""
    scale = size / len(fit.picture)
    return draw(model, fit.state._replace(view=fit.state.view.moved(scale * np.eye(2, 3))), scale * fit.center, size)


def skin(model, drawn):
    """[size, size] bool, where a Rendering shows the `skin` of its LinearModel."""
    return drawn.mask & model.skin_triangles[np.maximum(drawn.triangle_ids, 0)]
