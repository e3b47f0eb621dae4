"""The barycentrics by TensorFlow Graphics: the definition, as it is read there, and the oracle of our own."""
import tensorflow as tf
from tensorflow_graphics.rendering import barycentrics as tfg_barycentrics
from tensorflow_graphics.rendering import framebuffer


def barycentrics(clip, triangles, raster):
    """Barycentrics of what a raster sees, differentiable with respect to x, y and w of `clip`.

    Args:
      clip: [B, V, 4] float32 clip space; triangles: [F, 3] int32.
      raster: Raster made from them; of it the triangle ids and the mask are used.

    Returns:
      [B, H, W, 3] float32, 0 where there is only background.
    """
    frame = frame_of(raster._replace(barycentrics=tf.stop_gradient(raster.barycentrics)), triangles)
    return frame.foreground_mask * tfg_barycentrics.differentiable_barycentrics(frame, clip, triangles).barycentrics.value


def frame_of(raster, triangles):
    """A Raster as what TensorFlow Graphics calls a framebuffer."""
    ids = tf.maximum(raster.triangle_ids, 0)  # theirs has no id for the background
    return framebuffer.Framebuffer(
        foreground_mask=tf.cast(raster.mask[..., None], tf.float32), triangle_id=ids[..., None],
        vertex_ids=tf.gather(triangles, ids), barycentrics=framebuffer.RasterizedAttribute(raster.barycentrics, None, None))
