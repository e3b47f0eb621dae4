"""Renderings framed for a face recognizer: five points of the face lie on the recognizer's template."""
import tensorflow as tf

from morph3d import alignment
from morph3d.morphable.landmarks import five_points
from morph3d.renderer import transforms
from morph3d.renderer.render import render


def draw(vertices, colors, triangles, landmarks, scene, frame):
    """Pictures of faces, framed like aligned photos.

    The framing is a similarity folded into the projection, found from the projected landmarks; no gradient flows through it.

    Args:
      vertices: [B, V, 3] mm.
      colors: [B, V, 3] sRGB.
      triangles: [F, 3].
      landmarks: [68] vertex indices.
      scene: Scene [B]; its camera's framing is replaced.
      frame: whatever has an `image_size` and a `template` [5, 2] in pixels of it: every encoder does.

    Returns:
      [B, image_size, image_size, 3] sRGB in 0..1.
    """
    return render(vertices, colors, triangles, framed(vertices, landmarks, scene, frame), frame.image_size).image


def framed(vertices, landmarks, scene, frame):
    """The Scene [B] with the framing that `draw` gives it."""
    size = frame.image_size
    positions = tf.gather(vertices, landmarks, axis=1)
    points = five_points(transforms.project(positions, scene.pose, scene.camera, size))
    return scene._replace(camera=alignment.frame(scene.camera, points, frame.template, size))


def draw_model(model, coefficients, scene, frame):
    """`draw` for the faces of a MorphableModel with these Coefficients [B, .]."""
    vertices, colors = model.instance(coefficients)
    return draw(vertices, colors, model.triangles, model.landmarks, scene, frame)
