"""Vertex attributes at the pixels (the deferred buffers of the paper's section 3.2.1)."""
import tensorflow as tf

from morph3d.renderer import backends


def interpolate(attributes, raster, triangles, backend="auto"):
    """The attributes of what each pixel sees; differentiable with respect to them and to the barycentrics.

    Args:
      attributes: [B, V, C] of any floating type; the work is done in float32.
      raster: Raster of B pictures.
      triangles: [F, 3] int32, those that were rasterized.
      backend: see backends.ops.

    Returns:
      [B, H, W, C] float32, 0 where there is only background.

    Raises:
      InvalidArgumentError or ValueError: a wrong shape, or an index out of range.
    """
    attributes = tf.cast(attributes, tf.float32)
    return backends.ops(backend).morph3d_interpolate(attributes, triangles, raster.triangle_ids, raster.barycentrics)
