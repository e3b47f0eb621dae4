"""Barycentrics by TensorFlow Graphics: the definition of our own, their oracle, and what `gradient="tfg"` puts in their place."""
import tensorflow as tf

try:
    from tensorflow_graphics.rendering import barycentrics as tfg_barycentrics
    from tensorflow_graphics.rendering import framebuffer
except ImportError as error:
    # Not a requirement of ours: it asks for tensorflow-addons, which it does without here and new Pythons lack.
    raise ImportError(f'gradient="tfg" needs TensorFlow Graphics, which cannot be imported ({error}): get it by '
                      "`pip install --no-deps tensorflow-graphics`") from error


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
    """A Raster as a framebuffer of TensorFlow Graphics."""
    ids = tf.maximum(raster.triangle_ids, 0)  # theirs has no id for the background
    return framebuffer.Framebuffer(
        foreground_mask=tf.cast(raster.mask[..., None], tf.float32), triangle_id=ids[..., None],
        vertex_ids=tf.gather(triangles, ids), barycentrics=framebuffer.RasterizedAttribute(raster.barycentrics, None, None))
