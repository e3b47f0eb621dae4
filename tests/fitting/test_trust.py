"""Which fits are refused: those to drawings, not those to photos."""
import cv2
import numpy as np
import pytest
import skimage.data

from morph3d.fitting import drawing, lighting, trust, view
from morph3d.fitting.fitter import Fitter
from morph3d.fitting.photo_fit import SIZE, Fit
from morph3d.fitting.state import State
from morph3d.inference import reconstructor

CENTER = np.full(2, SIZE / 2.)


@pytest.fixture
def pictured(model):
    """The Fit of a random face to a picture of itself before a checkered wall, which is steep all over."""
    random = np.random.default_rng(0)
    seen = view.View(np.array([.1, .3, 0.]), np.zeros(2), float(np.log(.7)), .0012)
    state = State(seen, *(random.standard_normal(size) for size in model.sizes), lighting.prior().mean.reshape(-1, 3))
    drawn = drawing.draw(model, state, CENTER, SIZE)
    wall = np.float32(np.indices([SIZE, SIZE]).sum(0) // 4 % 2)[..., None]
    return Fit(state, np.eye(2, 3), CENTER, np.where(drawn.mask[..., None], drawn.image, wall), None)


def changed(fit, change):
    return fit._replace(picture=np.float32(np.clip(change(fit.picture), 0., 1.)))


def test_a_face_is_as_steep_as_itself_and_half_or_twice_as_steep_with_half_or_twice_the_contrast(model, pictured):
    np.testing.assert_allclose(trust.steepness(model, pictured), 1., atol=1e-4)
    for contrast in .5, 2.:
        off = pictured._replace(picture=.5 + contrast * (pictured.picture - .5))
        np.testing.assert_allclose(trust.steepness(model, off), contrast, rtol=.02)


@pytest.mark.parametrize("change", [
    lambda picture: picture, lambda picture: .8 * picture + .1, lambda picture: picture[..., ::-1],
    lambda picture: picture + np.random.default_rng(0).normal(0., .02, picture.shape)])
def test_a_photo_is_trusted_also_if_it_is_pale_of_other_colors_or_grainy(model, pictured, change):
    trust.require_photo(model, changed(pictured, change))


@pytest.mark.parametrize("change", [
    lambda picture: np.round(2. * picture) / 2.,  # flat colors with steps in between
    lambda picture: np.full_like(picture, [.9, .7, .6]),
    lambda picture: picture - (np.indices(picture.shape[:2]).sum(0) % 9 < 2)[..., None]])  # hatched
def test_what_has_no_shading_or_lines_all_over_is_a_drawing(model, pictured, change):
    with pytest.raises(ValueError, match="does not look like a photo of a face, but like a drawing: .* fit its landmarks alone"):
        trust.require_photo(model, changed(pictured, change))


@pytest.fixture(scope="module")
def fitter():
    return Fitter(reconstructor.load(), texture=0)


@pytest.mark.slow  # measures the network
def test_the_astronaut_is_fitted_and_drawings_of_her_are_refused(fitter):
    photo = skimage.data.astronaut()
    fitter.solve(photo, fitter.reconstructor.reconstruct(photo))
    for drawn in cv2.stylization(photo), cv2.pencilSketch(photo, shade_factor=.05)[1]:
        face = fitter.reconstructor.reconstruct(drawn)
        with pytest.raises(ValueError, match="like a drawing"):
            fitter.solve(drawn, face)
