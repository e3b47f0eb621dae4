"""The framing of faces by five points: eye centers, nose tip and mouth corners, of each pair the picture's left one first.

Photos and renderings are brought to an encoder's template by the same similarity (rotation, uniform scale, shift). Pixels are
continuous: x to the right and y down, the picture's left and upper edges at 0, so that pixel i's center is at i + 0.5.
"""
import tensorflow as tf


def similarity(source, target):
    """The least-squares similarity from source points to target points, without reflection.

    With both sets centered, (a, b) = (sum s.t, sum s x t) / sum |s|^2 minimizes sum |[[a, -b], [b, a]] s - t|^2.

    Args:
      source: [..., N, 2] points, not all equal.
      target: [N, 2] or [..., N, 2].

    Returns:
      [..., 2, 3] matrices M: M @ (x, y, 1) is near the target.
    """
    source, target = tf.convert_to_tensor(source), tf.convert_to_tensor(target)
    source_center = tf.reduce_mean(source, -2, keepdims=True)
    target_center = tf.reduce_mean(target, -2, keepdims=True)
    s, t = source - source_center, target - target_center
    power = tf.reduce_sum(s * s, [-2, -1])
    a = tf.reduce_sum(s * t, [-2, -1]) / power
    b = tf.reduce_sum(s[..., 0] * t[..., 1] - s[..., 1] * t[..., 0], -1) / power
    linear = tf.stack([tf.stack([a, -b], -1), tf.stack([b, a], -1)], -2)
    shift = target_center[..., 0, :] - tf.linalg.matvec(linear, source_center[..., 0, :])
    return tf.concat([linear, shift[..., None]], -1)


def frame(camera, points, template, size):
    """The camera turned, zoomed and shifted in its picture so that a rendered face sits on a template, as a photo's crop does.

    Args:
      camera: a scene.Camera of batch B.
      points: [B, 5, 2] pixels of the faces in pictures of size x size under that camera (transforms.project).
      template: [5, 2] pixels in a picture of size x size.
      size: pixels.

    Returns:
      Camera: the same with another framing. No gradient flows through the framing.
    """
    source, target = _device_coordinates(points, size), _device_coordinates(template, size)
    linear, shift = tf.split(similarity(source, target), [2, 1], -1)
    framing = linear @ camera.framing + tf.pad(shift, [[0, 0], [0, 0], [2, 0]])
    return camera._replace(framing=tf.stop_gradient(framing))


def _device_coordinates(pixels, size):
    """Pixels of a size x size picture -> normalized device coordinates: -1..1, y up."""
    return (2. * tf.cast(pixels, tf.float32) / size - 1.) * [1., -1.]
