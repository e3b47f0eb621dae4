"""Whether a fit is to be trusted: of a drawing that is taken for a face, it is not.

Skin shades everywhere, and softly; drawings have flat areas, hard edges and lines. So it is told by how steep the picture is
compared with the rendering, which cannot be but skin, however near it has come. That colors are off tells less: those of flat areas
are not, and people have hair and shadows in their faces.
"""
import cv2
import numpy as np

from morph3d.encoders.skin_color import LUMINANCE
from morph3d.fitting import drawing

BLUR = 1.  # pixels of the fitted picture, so that noise is not steep
SHADING, EDGES = .5, .8  # quantiles of the gradients inside the face; beyond the second lie the thick frames of glasses
FLATTEST, HARDEST = .5, 2.8  # times those of the rendering: the least shading and the hardest edges of a photo
AROUND = np.ones([5, 5], np.uint8)  # pixels that are in the face too, so that its outline is no edge


def require_photo(model, fit):
    """ValueError if what a photo_fit.Fit was fitted to, by its pixels, looks like no photo of a face."""
    shading, edges = steepness(model, fit)
    if shading < FLATTEST or edges > HARDEST:
        raise ValueError("does not look like a photo of a face, but like a drawing: found shading and edges "
                         f"{shading:.1f} and {edges:.1f} times as steep as those of the face fitted to it, expected {FLATTEST} at "
                         f"least and {HARDEST} at most; fit its landmarks alone")


def steepness(model, fit):
    """[2] how many times as steep as its rendering a Fit's picture is inside the face: its shading, its edges."""
    drawn = drawing.draw_fit(model, fit, len(fit.picture))
    inside = cv2.erode(np.uint8(drawing.skin(model, drawn)), AROUND) > 0
    over = np.where(drawn.mask[..., None], drawn.image, fit.picture)
    picture, rendering = (np.quantile(_gradients(each)[inside], [SHADING, EDGES]) for each in (fit.picture, over))
    return picture / np.maximum(rendering, 1e-6)


def _gradients(picture):
    """[size, size], of the luminance of sRGB [size, size, 3], per pixel."""
    return np.hypot(*np.gradient(cv2.GaussianBlur(np.float32(picture @ LUMINANCE), (0, 0), BLUR)))
