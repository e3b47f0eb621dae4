"""The rendering of what is fitted."""
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
    setting = Scene(pose, camera, lighting.point_lights(state.light, pose.translation[0].numpy()), BLACK)
    drawn = render(model.vertices(state.expression, state.shape)[None], model.colors(state.texture)[None], model.triangles, setting,
                   size)
    drawn = drawn._replace(normals=tf.math.l2_normalize(drawn.normals, -1))
    return Rendering(*(part[0].numpy() for part in drawn))
