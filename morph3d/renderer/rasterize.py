"""The differentiable rasterizer: which triangle each pixel sees, and where on it (paper, section 3.2.1)."""
from typing import NamedTuple

import tensorflow as tf

from morph3d.renderer import backends


class Raster(NamedTuple):
    """The buffers of a picture: what each pixel sees. Row 0 is at y = -1 in clip space."""
    triangle_ids: tf.Tensor  # [B, H, W] int32, -1 where there is only background
    barycentrics: tf.Tensor  # [B, H, W, 3] perspective-correct, none negative, sum 1; background 0
    mask: tf.Tensor  # [B, H, W] bool, true where a triangle is seen
    depth: tf.Tensor  # [B, H, W] z / w in -1..1, background 1; no gradient


def rasterize(clip, triangles, height, width, gradient="fused", backend="auto"):
    """Rasterizes one mesh in B shapes, whole batch in one call.

    A pixel sees the nearest triangle that holds its center; a center on an edge shared by two triangles belongs to
    exactly one; of triangles at the same depth the first is seen. Both sides of a triangle are seen: nothing is culled.
    Dropped whole: triangles with no area, with a vertex that is not finite, with a vertex on or behind the camera's plane
    (w <= 0), or with one further than a million pixels away. What lies before the near plane or beyond the far plane is
    cut off pixel by pixel.

    The barycentrics are differentiable with respect to x, y and w of `clip`; the triangle ids are not, so the visible
    triangle stands for its whole plane: b = V^-1 p / sum(V^-1 p), V's columns the (x, y, w) of its vertices,
    p = (x, y, 1) the pixel. The definition is that of
    `tensorflow_graphics.rendering.barycentrics.differentiable_barycentrics`.

    Args:
      clip: [B, V, 4] float32, OpenGL clip space (x, y, z, w).
      triangles: [F, 3] int32 vertex indices.
      height, width: pixels, Python integers, at most 16384.
      gradient: "fused", the renderer's own, or "tfg": values and gradient of the barycentrics by the function of
        TensorFlow Graphics named above, many times slower and less exact.
      backend: see backends.ops. With the compiled ops the results are the same bits in every run, whatever the number of
        threads.

    Returns:
      Raster.

    Raises:
      InvalidArgumentError or ValueError: a wrong shape, or a triangle index outside of [0, V).
      ValueError: another gradient.
    """
    if gradient not in ("fused", "tfg"):
        raise ValueError(f'gradient must be "fused" or "tfg", but is {gradient!r}')
    ids, barycentrics, depth = backends.ops(backend).morph3d_rasterize(clip=clip, triangles=triangles, height=height, width=width)
    raster = Raster(ids, barycentrics, ids >= 0, depth)
    if gradient == "tfg":
        from morph3d.renderer import tfg  # seconds to import, and hardly anyone's need
        raster = raster._replace(barycentrics=tfg.barycentrics(clip, triangles, raster))
    return raster
