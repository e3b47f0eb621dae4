"""A fitter on a picture of its network's own mean face, whose landmarks are known."""
import math

import numpy as np
import pytest

from morph3d import images
from morph3d.fitting import calibration, drawing, lighting, tone, view
from morph3d.fitting.calibration import Calibration
from morph3d.fitting.fitter import Fitter
from morph3d.fitting.state import State
from morph3d.inference import reconstructor
from morph3d.photos import dense_landmarks
from morph3d.photos.sightings import Framing

SIZE, CENTER = 400, np.array([200., 200.])
SEEN = view.View(np.array([.1, .4, -.05]), np.array([5., -10.]), math.log(1.2), .0012)


@pytest.fixture(scope="module")
def loaded():
    return reconstructor.load().reading(expected=True)


@pytest.fixture
def fitter_of(loaded, monkeypatch):
    """A function that makes a Fitter, without the twenty seconds of measuring its network."""
    def measured(_, model):
        expressions, shapes, textures = model.sizes
        vertices = np.resize(np.flatnonzero(model.skin), dense_landmarks.COUNT)
        return Calibration(vertices, np.ones(len(vertices)), np.full(shapes, .5), np.full(textures, .5))

    monkeypatch.setattr(calibration, "of", measured)
    return lambda **choices: Fitter(loaded, **choices)


@pytest.fixture
def pictured(fitter_of):
    """A Fitter that uses landmarks alone, the picture of a head that opens its mouth, its State, and its 68 landmarks in pixels."""
    fitter = fitter_of(pixels=False)
    model, none = fitter.model, lighting.prior().mean.reshape(-1, 3)
    expression = np.zeros(model.expression_size)
    expression[:3] = 1.5, -1., 1.
    state = State(SEEN, expression, np.zeros(model.sizes[1]), np.zeros(model.sizes[2]), none)
    points = SEEN.project(model.points(model.landmarks, expression, state.shape), CENTER)
    return fitter, images.to_pixels(drawing.draw(model, state, CENTER, SIZE).image), state, points


def test_the_camera_takes_the_fitted_face_to_where_the_landmarks_are(pictured, loaded):
    fitter, photo, state, points = pictured
    face = loaded.mean_face
    fitted = fitter.fit(photo, face, points).fitted
    vertices = fitted.vertices[fitter.model.landmarks]
    seen = np.column_stack([vertices, np.ones(len(vertices))]) @ fitted.camera.T
    assert np.median(np.linalg.norm(seen[:, :2] / seen[:, 2:] - points, axis=1)) < 1.
    turned = (np.trace(fitted.rotation @ SEEN.matrix.T) - 1.) / 2.
    assert math.degrees(math.acos(min(turned, 1.))) < 2.
    np.testing.assert_allclose(fitted.posed, fitted.vertices @ fitted.rotation.T, atol=1e-3)
    assert list(fitted.weights) == list(face.blendshapes) and all(0. <= weight <= 1. for weight in fitted.weights.values())
    assert max(fitted.weights.values()) > .1


def test_the_neutral_face_keeps_its_shape_unless_identity_is_asked_for(pictured, fitter_of, loaded):
    fitter, photo, _, points = pictured
    face = loaded.mean_face
    near, free = fitter.fit(photo, face, points), fitter_of(pixels=False, identity=True).fit(photo, face, points)
    np.testing.assert_allclose(near.vertices, face.vertices, atol=1e-3)
    assert np.abs(free.vertices - face.vertices).max() > .1


def test_pictures_show_the_photo_and_the_face_over_it(pictured, loaded):
    fitter, photo, _, points = pictured
    pictures = fitter.fit(photo, loaded.mean_face, points).fitted.pictures
    assert list(pictures) == ["photo", "mesh", "albedo"]
    assert {(picture.shape, picture.dtype) for picture in pictures.values()} == {((512, 512, 3), np.dtype(np.uint8))}
    assert .2 < (pictures["mesh"] == pictures["photo"]).all(2).mean() < .8, "nothing is drawn beside the head"
    middle = pictures["mesh"][200:300, 200:300]
    assert np.ptp(middle, axis=2).max() == 0 and np.ptp(pictures["photo"][200:300, 200:300], axis=2).max() > 10, "geometry is gray"


@pytest.mark.parametrize("spoil, words", [
    (lambda photo: np.repeat(photo[..., 1:2], 3, 2), "a gray photo, .*fit its landmarks alone"),
    (lambda photo: np.full_like(photo, [90, 120, 160]), "no landmarks are found")])
def test_what_cannot_be_fitted_is_said(pictured, fitter_of, loaded, spoil, words):
    photo, size = spoil(pictured[1]), loaded.image_size
    crop = photo[None, 150:150 + size, 150:150 + size]
    face, = loaded.faces(loaded.encode(crop), crop, [Framing(np.float32([[1., 0., -150.], [0., 1., -150.]]), (SIZE, SIZE))])
    with pytest.raises(ValueError, match=words):
        fitter_of().fit(photo, face)


def test_a_face_seen_from_the_side_is_said(pictured, fitter_of, loaded):
    fitter, photo, state, _ = pictured
    side = state.view._replace(rotation=np.array([0., 1.45, 0.]))
    points = side.project(fitter.model.points(fitter.model.landmarks, state.expression, state.shape), CENTER)
    with pytest.raises(ValueError, match="seen from the side, by 8. degrees"):
        fitter.fit(photo, loaded.mean_face, points)


def test_people_smile_and_have_the_tone_that_is_read_and_random_faces_what_their_model_has(fitter_of):
    people, random = (fitter_of(pixels=False, people=people) for people in (True, False))
    reading = np.zeros(people.model.sizes[1]), np.zeros(people.model.sizes[2])
    likely, alike = people.prior(*reading), random.prior(*reading)
    np.testing.assert_array_equal(alike.expression, np.eye(people.model.expression_size))
    np.testing.assert_allclose(alike.texture_precision, 4. * np.eye(len(reading[1])))
    assert np.linalg.eigvalsh(likely.expression).min() < .1
    strengths = np.linalg.eigvalsh(likely.texture_precision) / 4.
    np.testing.assert_allclose(strengths, [1.] * (len(strengths) - 3) + [tone.HELD] * 3, rtol=1e-5)
