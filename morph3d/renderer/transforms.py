"""The way from model space to the picture: pose, perspective camera, framing, and the one vertical flip.

World space is the camera's frame (see scene.py); clip space is OpenGL's, +y up. A raster's row 0 is at y = -1, a
picture's at the top: `raster_from_clip` turns the one into the other and is the only flip there is.
"""
import tensorflow as tf

from morph3d.renderer import backends

NEAR, FAR = 10., 20000.  # mm from the camera: what is seen


def rotation_matrix(rotation):
    """R = Rz(roll) Rx(pitch) Ry(yaw), [B, 3] radians (pitch, yaw, roll) -> [B, 3, 3], to be multiplied with columns."""
    (cx, cy, cz), (sx, sy, sz) = tf.unstack(tf.cos(rotation), 3, -1), tf.unstack(tf.sin(rotation), 3, -1)
    return _matrix([[cz * cy - sz * sx * sy, -sz * cx, cz * sy + sz * sx * cy],
                    [sz * cy + cz * sx * sy, cz * cx, sz * sy - cz * sx * cy],
                    [-cx * sy, sx, cx * cy]])


def world_from_model(vertices, pose):
    """[B, V, 3] mm in model space -> [B, V, 3] mm in the camera's frame."""
    return _apply(rotation_matrix(pose.rotation), vertices) + pose.translation[:, None]


def clip_from_world(world, camera):
    """Perspective projection into OpenGL's clip space, framing folded in: clip (x, y) = A (x, y) + t w.

    Args:
      world: [B, V, 3] mm in the camera's frame, visible from -NEAR to -FAR along z.
      camera: Camera; the picture is square.

    Returns:
      [B, V, 4] x, y, z, w; w is the distance in mm from the camera's plane.
    """
    focal = 1. / tf.tan(camera.field_of_view / 2.)
    zero, one = tf.zeros_like(focal), tf.ones_like(focal)
    (a, b, x), (c, d, y) = (tf.unstack(row, 3, -1) for row in tf.unstack(camera.framing, 2, 1))
    # w = -z, hence the signs of the third column.
    linear = _matrix([[a * focal, b * focal, -x],
                      [c * focal, d * focal, -y],
                      [zero, zero, -one * (FAR + NEAR) / (FAR - NEAR)],
                      [zero, zero, -one]])
    return _apply(linear, world) + [0., 0., -2. * FAR * NEAR / (FAR - NEAR), 0.]


def raster_from_clip(clip):
    """[B, V, 4] clip space, +y up -> the same, +y down, so that row 0 of its raster is the top row of the picture."""
    return clip * [1., -1., 1., 1.]


def project(points, pose, camera, size):
    """The pixels at which points are seen in the picture.

    Args:
      points: [B, N, 3] mm in model space, in front of the camera.
      pose, camera: Pose, Camera; the framing is applied.
      size: side of the square picture, pixels.

    Returns:
      [B, N, 2] pixels, x to the right, y down; (0, 0) is the upper left corner, (.5, .5) the first pixel's center.
    """
    raster = raster_from_clip(clip_from_world(world_from_model(points, pose), camera))
    return (raster[..., :2] / raster[..., 3:] + 1.) * (size / 2.)


def _matrix(rows):
    """Rows of [B] scalars -> [B, rows, columns]."""
    return tf.stack([tf.stack(row, -1) for row in rows], -2)


def _apply(matrices, points):
    """[B, rows, 3] matrices on points [B, N, 3] -> [B, N, rows].

    On an accelerator by multiply-adds: of the factors of a matrix product TensorFlow keeps ten bits there (TF32), which moves
    vertices by up to 0.2 pixels of 150, and to switch that off (tf.config.experimental.enable_tensor_float_32_execution) would make
    the whole program slower, encoders above all. A CPU keeps all bits, and its matrix product is two to three times as fast.
    """
    if not backends.accelerators():
        return tf.matmul(points, matrices, transpose_b=True)
    coordinates = tf.unstack(points, 3, -1)
    rows = [tf.add_n([x * row[:, i, None] for i, x in enumerate(coordinates)]) for row in tf.unstack(matrices, axis=1)]
    return tf.stack(rows, -1)
