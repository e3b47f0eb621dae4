"""Pictures of a fitted face over its photo, as the paper's figure 18 has them: shaded geometry, and albedo."""
import numpy as np

from morph3d import colors, images
from morph3d.fitting import drawing

SIZE = 512  # pixels
TOWARD_LAMP = np.array([.3, .4, .87])
DARKEST, BRIGHTEST = .15, .9  # sRGB of the shaded geometry


def draw(model, fit, photo):
    """{"photo", "mesh", "albedo": [SIZE, SIZE, 3] uint8}, see inference/faces.Fitted.

    Args:
      model: LinearModel.
      fit: photo_fit.Fit.
      photo: [H, W, 3] uint8, of which it is.
    """
    seen, drawn = images.warp(photo, SIZE / len(fit.picture) * fit.window, SIZE), drawing.draw_fit(model, fit, SIZE)
    shade = DARKEST + (BRIGHTEST - DARKEST) * np.maximum(drawn.normals @ TOWARD_LAMP, 0.)
    over = {"mesh": np.repeat(shade[..., None], 3, -1), "albedo": colors.srgb_from_linear(drawn.albedo)}
    return {"photo": seen} | {name: np.where(drawn.mask[..., None], images.to_pixels(np.float32(picture)), seen)
                              for name, picture in over.items()}
