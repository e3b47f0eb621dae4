import numpy as np
import pytest
import skimage.data

from morph3d.fitting import drawing, landmarks, photo_fit
from morph3d.fitting.fitter import Fitter
from morph3d.inference import reconstructor
from morph3d.photos import dense_landmarks, face_detection


@pytest.mark.slow
def test_a_face_lies_over_its_photo():
    """scikit-image's astronaut: the landmarks of the fitted face are near those seen, and its colors are the photo's."""
    photo, loaded = skimage.data.astronaut(), reconstructor.load()
    fitter = Fitter(loaded)
    model, face = fitter.model, fitter.reconstructor.reconstruct(photo)
    seen = dense_landmarks.detect(photo, face_detection.detect(photo))
    known = model, photo, landmarks.dense(seen, fitter.calibration), fitter.prior(face.shape, face.texture)
    fits = [photo_fit.fit(*known, pixels=pixels) for pixels in (False, True)]
    differences = []
    for fit in fits:
        vertices = model.vertices(fit.state.expression, fit.state.shape)[fitter.calibration.vertices]
        places = (fit.state.view.project(vertices, fit.center) - fit.window[:, 2]) / fit.window[0, 0]
        assert np.median(np.linalg.norm(places - seen[:, :2], axis=1)) < .08 * between_eyes(seen)
        drawn = drawing.draw(model, fit.state, fit.center, photo_fit.SIZE)
        skin = (drawn.triangle_ids >= 0) & model.skin_triangles[np.maximum(drawn.triangle_ids, 0)]
        differences.append(np.median(np.abs(drawn.image - fit.picture)[skin]))  # for her hair lies over forehead and ears
    assert differences[1] < .06 and differences[0] > .1


def between_eyes(seen):
    """Pixels between the outer corners of the eyes."""
    return np.linalg.norm(seen[33, :2] - seen[263, :2])
