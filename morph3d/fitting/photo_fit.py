"""The fit of a face to its photo: landmarks first, then pixels."""
from typing import NamedTuple

import numpy as np

from morph3d import images
from morph3d.fitting import landmarks, photometric
from morph3d.fitting.state import State

SIZE = 256  # pixels of the square picture that is fitted to
AROUND = 1.6  # its side over the longer side of the landmarks' box: the head is in it
NEAR = .7  # times the network's own error, by which the shape may leave it where no other identity is asked for


class Fit(NamedTuple):
    """A face fitted to its photo."""
    state: State  # in pixels of the picture
    window: np.ndarray  # [2, 3] from pixels of the photo to pixels of the picture, no turn in it
    center: np.ndarray  # [2] pixels of the picture, where the photo's center is: of perspective
    picture: np.ndarray  # [SIZE, SIZE, 3] float32 sRGB, the part of the photo
    observed: landmarks.Observed  # in pixels of the picture

    @property
    def scale(self):
        """Pixels of the picture per pixel of the photo."""
        return self.window[0, 0]

    def in_photo(self, pixels):
        """Pixels [..., 2] of the picture -> of the photo."""
        return (pixels - self.window[:, 2]) / self.scale


def fit(model, photo, observed, prior, identity=False, pixels=True, gradient_descent=False):
    """The Fit of a face.

    Args:
      model: LinearModel.
      photo: [H, W, 3] uint8.
      observed: landmarks.Observed, in pixels of the photo.
      prior: Prior, around what the network has read.
      identity: whether the shape is solved for, held around the network's as far as that is uncertain; else it stays nearer to it.
      pixels: whether the colors of the photo are fitted too, not its landmarks alone.
      gradient_descent: see landmarks.fit.
    """
    window = _window(observed.pixels)
    observed = observed._replace(pixels=observed.pixels @ window[:, :2].T + window[:, 2])
    center = window[:, :2] @ (np.array(photo.shape[1::-1]) / 2.) + window[:, 2]
    picture = images.to_float(images.warp(photo, window, SIZE)).numpy()
    if not identity:
        prior = prior._replace(shape_deviation=NEAR * prior.shape_deviation)
    state = landmarks.start(model, observed, center, prior)
    state = landmarks.fit(model, observed, center, state, prior, identity, gradient_descent)
    if pixels:
        state = photometric.fit(model, picture, state, center, prior,
                                lambda state: landmarks.equations(model, observed, center, state))
    return Fit(state, window, center, picture, observed)


def _window(points):
    """[2, 3], which brings the surroundings of points [N, 2] of a photo into the picture."""
    low, high = points.min(0), points.max(0)
    scale = SIZE / (AROUND * (high - low).max())
    return np.column_stack([scale * np.eye(2), SIZE / 2. - scale * (low + high) / 2.])
