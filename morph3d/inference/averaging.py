"""The choice of pictures that are worth averaging to one face: sharp ones, of one person."""
from typing import NamedTuple

import cv2
import numpy as np

# Of 100 people's photos (Labeled Faces in the Wild, 4 to 6 each) none is less sharp than half the median of the person's; blurred
# by 2 pixels of a crop of 150, three in four of them are, by 3 pixels 98 %.
SHARP = .5
# Cosine of expected coefficients to those of the others together. Of the same photos 2.5 % are below it; with photos of two other
# people among them, 98.5 % of these.
ALIKE = .4


class Choice(NamedTuple):
    """Which of N pictures are taken, and of how many others what is wrong."""
    kept: np.ndarray  # [N] bool, true of one at least
    blurred: int
    of_others: int


def choose(crops, coefficients):
    """The Choice among pictures most of which show one person; of two persons the one who is seen more, or first.

    Args:
      crops: [N, size, size, 3] uint8, N > 0.
      coefficients: [N, K], those of the expected faces of the crops.
    """
    sharpness = np.array([_sharpness(crop) for crop in crops])
    sharp = sharpness >= SHARP * np.median(sharpness)
    directions = coefficients / np.maximum(np.linalg.norm(coefficients, axis=1, keepdims=True), 1e-9)
    alike = directions @ directions.T
    middle = np.argmax(np.where(sharp, (alike * sharp).sum(1), -np.inf))
    same = sharp & (alike[middle] >= ALIKE)
    together = directions[same].sum(0)
    same = directions @ together / max(np.linalg.norm(together), 1e-9) >= ALIKE
    kept = sharp & same
    kept[middle] = True
    return Choice(kept, int(np.sum(~sharp)), int(np.sum(sharp & ~kept)))


def _sharpness(crop):
    """The deviation of the Laplacian of the gray face, which is the middle of its crop."""
    border = len(crop) // 5
    gray = cv2.cvtColor(crop, cv2.COLOR_RGB2GRAY)[border:-border, border:-border]
    return cv2.Laplacian(gray, cv2.CV_32F).std()
