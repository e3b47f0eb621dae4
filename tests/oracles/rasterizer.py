"""A rasterizer straight from the equations, in float64, every triangle at every pixel."""
import numpy as np


def rasterize(clip, triangles, height, width):
    """The nearest triangle at every pixel center, by solving V a = p, b = a / sum(a), for every triangle and pixel.

    Args:
      clip: [V, 4]; triangles: [F, 3], none with a vertex behind the camera.

    Returns:
      ids [H, W] (-1: none), barycentrics [H, W, 3], depth [H, W] (background 1), and margin [H, W]: how far, in
      barycentrics or depth, the pixel is from another answer; where it is tiny, rounding may decide.
    """
    clip = np.asarray(clip, np.float64)
    x = (np.arange(width) + .5) * 2. / width - 1.
    y = (np.arange(height) + .5) * 2. / height - 1.
    pixels = np.stack([np.tile(x, height), np.repeat(y, width), np.ones(height * width)])
    depths, weights, margins = [], [], []
    for corners in clip[triangles]:
        a = np.linalg.solve(corners[:, [0, 1, 3]].T, pixels)
        with np.errstate(divide="ignore", invalid="ignore"):
            b = a / a.sum(0)
            linear = a * corners[:, 3:]  # a_i w_i are the weights that are linear in the picture
            depth = (linear * (corners[:, 2:3] / corners[:, 3:])).sum(0) / linear.sum(0)
        margin = np.minimum(b.min(0), 1. - np.abs(depth))
        depths.append(np.where(margin >= 0., depth, np.inf))
        weights.append(b)
        margins.append(np.abs(margin))
    depths, weights = np.array(depths), np.array(weights)
    nearest = depths.argmin(0)
    first, second = np.sort(np.concatenate([depths, np.full([2, depths.shape[1]], 1e9)]), 0)[:2]
    covered = np.isfinite(depths).any(0)
    margin = np.minimum(np.min(margins, 0), np.where(covered, second - first, np.inf))
    ids = np.where(covered, nearest, -1)
    barycentrics = np.where(covered[:, None], weights[nearest, :, np.arange(height * width)], 0.)
    return (ids.reshape(height, width), barycentrics.reshape(height, width, 3),
            np.where(covered, first, 1.).reshape(height, width), margin.reshape(height, width))
