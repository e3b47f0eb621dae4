"""Vertex attributes at the pixels (the deferred buffers of the paper's section 3.2.1)."""
import tensorflow as tf

from morph3d.renderer import native


def interpolate(attributes, raster, triangles):
    """The attributes of what each pixel sees; differentiable with respect to them and to the barycentrics.

    Args:
      attributes: [B, V, C] float32.
      raster: Raster of B pictures.
      triangles: [T, 3] int32, those that were rasterised.

    Returns:
      [B, H, W, C] float32, 0 where there is only background.

    Raises:
      InvalidArgumentError or ValueError: a wrong shape, or an index out of range.
    """
    return native.ops().morph3d_interpolate(attributes, triangles, raster.triangle_ids, raster.barycentrics)


@tf.RegisterGradient("Morph3dInterpolate")
def _interpolate_gradient(op, output_gradient):
    attributes, barycentrics = native.ops().morph3d_interpolate_grad(*op.inputs, output_gradient)
    return attributes, None, None, barycentrics
