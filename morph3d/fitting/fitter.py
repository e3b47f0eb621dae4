"""A fitter: takes the neutral face of a photo, and gives it as it is in the photo."""
import dataclasses
import functools
import math

import numpy as np

from morph3d import images, stopwatch
from morph3d.encoders import skin_color
from morph3d.fitting import calibration, expressions, landmarks, linear_model, overlays, photo_fit, photo_texture, tone, trust
from morph3d.fitting.blendshape_weights import BlendshapeWeights
from morph3d.fitting.state import Prior
from morph3d.inference.faces import Fitted
from morph3d.mesh import uv_atlas
from morph3d.photos import dense_landmarks

LARGEST_YAW = math.radians(75.)  # beyond it half of the landmarks are guesses


class Fitter:
    """Fits faces of one network to their photos.

    Attributes:
      reconstructor: the Reconstructor whose faces are fitted; it gives expected ones, which fit better than those that differ as
        much as people do.
      model: the LinearModel of its faces.
      calibration: the Calibration of the network and the model.
    """

    def __init__(self, reconstructor, identity=False, pixels=True, texture=uv_atlas.SIZE, gradient_descent=False, people=True):
        """
        Args:
          reconstructor: Reconstructor, however it is read.
          identity: whether the shape of the face is fitted too, and not its pose and expression alone.
          pixels: whether the photo's colors are fitted, which tells light, skin tone and more of the pose, not landmarks alone.
          texture: side of the texture of the photo's own pixels that the face gets, 2048 texels at most; it takes `pixels` and a
            model with uvs. 0: none.
          gradient_descent: see landmarks.fit.
          people: whether photos of people are fitted, of whom expressions.py and tone.py know what is likely, and not pictures of
            random faces of the morphable model.
        """
        self.reconstructor = reconstructor.reading(expected=True)
        self._choices = {"identity": identity, "pixels": pixels, "gradient_descent": gradient_descent}
        self._texture = texture if pixels and reconstructor.uvs else 0
        self.model = linear_model.of(self.reconstructor)
        self.calibration = calibration.of(self.reconstructor, self.model)
        self._expressions = expressions.precision(self.model, self.reconstructor.mean_face.blendshapes if people else {})
        self._textures = tone.precision(self.model, self.calibration.texture, tone.HELD if people else 1.)

    @functools.cached_property
    def _weights(self):
        blendshapes = self.reconstructor.mean_face.blendshapes
        return BlendshapeWeights(blendshapes, self.model.skin) if blendshapes else None

    def weights(self, expression):
        """[K] in 0..1, those of the faces' blendshapes, in their order, whose sum is nearest to an expression [E]."""
        if not self._weights:
            return np.empty(0)
        return self._weights.of(np.tensordot(np.float32(expression), self.model.moves[:self.model.expression_size], 1))

    def fit(self, photo, face, points=None):
        """The Face as it is in its photo: with `fitted`, refined colors, and, where identity is asked for, another shape.

        Args:
          photo: [H, W, 3] uint8, of which the face was made.
          face: Face of the fitter's reconstructor, with a framing.
          points: [68, 2] pixels of the photo, landmarks in the order of iBUG that are known; None: they are detected.

        Raises:
          ValueError: the face cannot be fitted; says why.
        """
        observed = None if points is None else landmarks.sparse(points, self.model)
        with stopwatch.timed("fitting"):
            return self.made(face, self.solve(photo, face, observed), photo)

    def solve(self, photo, face, observed=None):
        """The photo_fit.Fit of a face; see `fit`.

        Args:
          observed: landmarks.Observed of the photo; None: they are detected.
        """
        if self._choices["pixels"]:
            self.require_colors(face)
        fit = photo_fit.fit(self.model, photo, observed or self.detected(photo, face), self.prior(face.shape, face.texture),
                            **self._choices)
        if abs(fit.state.view.rotation[1]) > LARGEST_YAW:
            raise ValueError(f"seen from the side, by {abs(math.degrees(fit.state.view.rotation[1])):.0f} degrees")
        if self._choices["pixels"]:
            trust.require_photo(self.model, fit)
        return fit

    def prior(self, shape, texture):
        """The Prior around what the network has read, [S] and [T]."""
        return Prior(np.float64(shape), np.float64(texture), self._expressions, self.calibration.shape, self._textures)

    def require_colors(self, face):
        """ValueError if a Face is of a gray photo."""
        if skin_color.is_gray(images.to_float(face.crop[None]))[0]:
            raise ValueError("a gray photo, whose pixels tell nothing of skin and light; fit its landmarks alone")

    def detected(self, photo, face):
        """The landmarks.Observed that are seen."""
        matrix = np.vstack([face.framing.matrix, [0., 0., 1.]])
        five = np.column_stack([self.reconstructor.template, np.ones(5)]) @ np.linalg.inv(matrix)[:2].T
        found = dense_landmarks.detect(photo, five)
        if found is None:
            raise ValueError("no landmarks are found")
        return landmarks.dense(found, self.calibration)

    def neutral(self, face, fit):
        """The Face with the shape and the colors that its photo_fit.Fit has found."""
        model, state = self.model, fit.state
        vertices = np.float32(model.vertices(np.zeros(model.expression_size), state.shape))
        return dataclasses.replace(face, vertices=vertices, colors=np.float32(model.colors(state.texture)),
                                   landmarks=vertices[model.landmarks], shape=np.float32(state.shape),
                                   texture=np.float32(state.texture))

    def made(self, face, fit, photo):
        """The `neutral` Face of a Fit, with `fitted`."""
        model, state, texture = self.model, fit.state, None
        if self._texture:
            found = photo_texture.make(model, self.reconstructor.uvs, fit, photo).pixels
            texture, _ = images.shrink(found, self._texture / len(found))
        weights = dict(zip(face.blendshapes, self.weights(state.expression), strict=True))
        fitted = Fitted(np.float32(model.vertices(state.expression, state.shape)), state.view.matrix, _camera(fit), weights,
                        state.expression, overlays.draw(model, fit, photo), texture)
        return dataclasses.replace(self.neutral(face, fit), fitted=fitted)


def _camera(fit):
    """[3, 4], from points of the head to pixels of the photo; see view.py, of whose depth w is a multiple."""
    seen, place = fit.state.view, fit.in_photo(fit.center)
    scale = math.exp(seen.log_scale) / fit.scale
    depth = np.append(-seen.nearness * seen.matrix[2], 1.)
    right, up = (scale * np.append(row, shift) for row, shift in zip(seen.matrix[:2], seen.shift, strict=True))
    return np.stack([right + place[0] * depth, -up + place[1] * depth, depth])
