"""Which triangle each pixel sees, and where on it: the differentiable rasteriser (paper, section 3.2.1)."""
from typing import NamedTuple

import tensorflow as tf

from morph3d.renderer import native


class Raster(NamedTuple):
    """What a picture's pixels see. Row 0 is at y = -1 in clip space."""
    triangle_ids: tf.Tensor  # [B, H, W] int32, -1 where there is only background
    barycentrics: tf.Tensor  # [B, H, W, 3] perspective-correct, none negative, sum 1; background 0
    mask: tf.Tensor  # [B, H, W] bool, true where a triangle is seen


def rasterize(clip, triangles, height, width):
    """Rasterises one mesh in B shapes, whole batch in one call, on TensorFlow's threads, the same in every run.

    A pixel sees the nearest triangle that holds its centre; a centre on an edge shared by two triangles belongs to
    exactly one. Both sides of a triangle are seen: nothing is culled. Dropped whole: triangles with no area, with a
    vertex that is not finite, or with a vertex behind the camera (w <= 0). What lies before the near plane or beyond
    the far plane is cut off pixel by pixel.

    The barycentrics are differentiable with respect to x, y and w of `clip`; the triangle ids are not, so the visible
    triangle stands for its whole plane: b = V^-1 p / sum(V^-1 p), V's columns the (x, y, w) of its vertices,
    p = (x, y, 1) the pixel. The definition is that of
    `tensorflow_graphics.rendering.barycentrics.differentiable_barycentrics`.

    Args:
      clip: [B, V, 4] float32, OpenGL clip space (x, y, z, w).
      triangles: [T, 3] int32 vertex indices.
      height, width: pixels, Python integers.

    Returns:
      Raster.

    Raises:
      InvalidArgumentError or ValueError: a wrong shape, or a triangle index outside of [0, V).
    """
    ids, barycentrics, _ = native.ops().morph3d_rasterize(clip=clip, triangles=triangles, height=height, width=width)
    return Raster(ids, barycentrics, ids >= 0)


@tf.RegisterGradient("Morph3dRasterize")
def _rasterize_gradient(op, _, barycentrics_gradient, __):
    clip, triangles = op.inputs
    return native.ops().morph3d_rasterize_grad(clip, triangles, op.outputs[0], barycentrics_gradient), None
