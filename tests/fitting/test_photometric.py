import cv2
import numpy as np
import pytest

from morph3d import colors
from morph3d.fitting import drawing, landmarks, lighting, photometric, view
from morph3d.fitting.state import Prior, State

SIZE = 160
CENTER = np.array([80., 80.])


@pytest.fixture(scope="module")
def truth(model):
    random = np.random.default_rng(3)
    expression, shape, texture = (random.standard_normal(size) for size in model.sizes)
    light = lighting.prior().mean.reshape(-1, 3) * random.uniform(0., 2., [lighting.COUNT, 1]) * [1.1, 1., .9]
    return State(view.View(np.array([.1, .3, -.05]), np.array([0., 4.]), np.log(.75), .001), expression, shape, texture, light)


@pytest.fixture(scope="module")
def prior(model):
    expressions, shapes, textures = model.sizes
    return Prior(np.zeros(shapes), np.zeros(textures), np.eye(expressions), np.ones(shapes), np.eye(textures))


def picture_of(model, state, background=.4):
    drawn = drawing.draw(model, state, CENTER, SIZE)
    return np.float32(np.where((drawn.triangle_ids >= 0)[..., None], drawn.image, background))


@pytest.fixture(scope="module")
def started(model, truth, prior):
    """The neutral, average face two degrees and two pixels off, in average light."""
    off = view.View.from_vector(truth.view.vector + [.03, -.03, .01, 2., -2., .01, 1e-4])
    expression, shape, texture = (np.zeros(size) for size in model.sizes)
    return State(off, expression, shape, texture, lighting.prior().mean.reshape(-1, 3))


def error(model, found, truth):
    """mm, the mean over the skin of how far the face in its expression is off where it is in the camera's frame."""
    placed = [model.vertices(state.expression, state.shape)[model.skin] @ state.view.matrix.T for state in (found, truth)]
    placed = [each - each.mean(0) for each in placed]
    return np.linalg.norm(placed[0] - placed[1], axis=1).mean()


def test_a_face_is_found_in_its_own_picture(model, truth, prior, started):
    found = photometric.fit(model, picture_of(model, truth), started, CENTER, prior)
    assert np.degrees(np.abs(found.view.rotation - truth.view.rotation)).max() < 1.
    assert error(model, found, truth) < .35 * error(model, started, truth)
    tones = [colors.lab_from_srgb(model.colors(state.texture)[model.skin]).mean(0) for state in (found, truth, started)]
    assert np.linalg.norm(tones[0] - tones[1]) < .6 * np.linalg.norm(tones[2] - tones[1])
    seen = drawing.draw(model, found, CENTER, SIZE)
    assert np.abs(seen.image - picture_of(model, truth))[seen.triangle_ids >= 0].mean() < .02


STEPS = {"texture": .05, "light": .01, "places": .01, "shape": .05, "expression": .1, "view": .001}


def test_rows_are_what_pixels_change_by(model, truth):
    """Against differences of whole renderings, large ones, for there neighbors tell how a picture changes from pixel to pixel.

    Edges within the face jump from pixel to pixel, hence medians.
    """
    seen = view.View.from_vector(truth.view.vector + np.log(400 / SIZE) * (np.arange(view.SIZE) == 5))
    state, center = truth._replace(view=seen), CENTER * 400 / SIZE
    drawn = drawing.draw(model, state, center, 400)
    rows, differences = photometric._equations(model, drawn.image, state, center, drawn, .01, np.random.default_rng(0))
    y, x = photometric._choose(model, drawn, np.random.default_rng(0))
    np.testing.assert_allclose(differences, 0., atol=1e-6)
    random = np.random.default_rng(1)
    for name, step in STEPS.items():
        change, part = np.zeros(rows.shape[1]), state.parts[name]
        change[part] = step * random.uniform(.5, 1., part.stop - part.start)
        if name == "view":
            change[3:view.SIZE] *= [100., 100., 1., .001]
        both = [drawing.draw(model, state.moved(sign * change), center, 400) for sign in (1., -1.)]
        expected = ((both[0].image - both[1].image) / 2.)[y, x]
        steady = np.all([each.triangle_ids[y, x] >= 0 for each in both], 0) & (drawn.image[y, x] < .99).all(1)
        off = (rows @ change).reshape(-1, 3)[steady] - expected[steady]
        assert np.median(np.abs(off)) < .06 * np.median(np.abs(expected[steady])), name


def test_a_color_that_is_clipped_does_not_change(model, truth):
    drawn = drawing.draw(model, truth, CENTER, SIZE)
    white = drawn._replace(albedo=np.ones_like(drawn.albedo))
    rows, _ = photometric._equations(model, drawn.image, truth, CENTER, white, 1., np.random.default_rng(0))
    assert not rows[:, truth.parts["texture"]].any() and rows[:, truth.parts["light"]].any()


def test_rows_foretell_what_a_small_picture_changes_by(model, truth):
    """Of the picture's differences, smoothed as the gradient is; pixel for pixel, edges jump, and the correlation is below .5."""
    drawn, random = drawing.draw(model, truth, CENTER, SIZE), np.random.default_rng(1)
    change, part = np.zeros(truth.parts["places"].stop), truth.parts["view"]
    change[part] = random.standard_normal(view.SIZE) * [.005, .005, .005, .2, .2, .001, 0.]
    rows, before = photometric._equations(model, picture_of(model, truth.moved(change)), truth, CENTER, drawn, 1.,
                                          np.random.default_rng(0))
    assert np.corrcoef(rows @ change, before)[0, 1] > .7


def test_lights_move_to_where_they_are(model, truth, prior, started):
    """Two lights between the places that lights begin at; where all stay there, the face bears what they cannot explain."""
    moved, light = lighting.PLACES.copy(), np.zeros_like(truth.light)
    for number, strength in (9, .8), (25, .3):
        moved[number] += [.13, .12]
        light[number] = strength
    light[-1] = .2
    lit = truth._replace(light=light, places=moved)
    fixed, free = (photometric.fit(model, picture_of(model, lit), started, CENTER, prior, free=parts)
                   for parts in (lit._fields[:-1], lit._fields))
    assert error(model, free, lit) < .8 * error(model, fixed, lit)


@pytest.mark.parametrize("soft", [0., 1.4, 2.5])
def test_a_rendering_is_as_soft_as_the_picture(model, truth, soft):
    drawn, picture = drawing.draw(model, truth, CENTER, SIZE), picture_of(model, truth)
    if soft:
        picture = cv2.GaussianBlur(picture, (0, 0), soft)
    softened = photometric._softened(model, picture, drawn)
    inside = cv2.erode(np.uint8(drawn.mask), np.ones([15, 15], np.uint8)) > 0
    np.testing.assert_allclose(softened.image[inside], picture[inside], atol=5e-3)
    np.testing.assert_array_equal(softened.normals, drawn.normals)


def test_a_soft_picture_does_not_mislead(model, truth, prior, started, monkeypatch):
    picture = cv2.GaussianBlur(picture_of(model, truth), (0, 0), 2.)
    found = photometric.fit(model, picture, started, CENTER, prior)
    monkeypatch.setattr(photometric, "SOFT", (0.,))
    assert error(model, found, truth) < .8 * error(model, photometric.fit(model, picture, started, CENTER, prior), truth)


def test_light_never_gets_negative(model, truth, prior, started):
    found = photometric.fit(model, .2 * picture_of(model, truth), started, CENTER, prior)
    assert found.light.min() >= 0.


def test_parts_that_are_not_free_stay(model, truth, prior, started):
    found = photometric.fit(model, picture_of(model, truth), started, CENTER, prior, free=("texture", "light"))
    np.testing.assert_array_equal(found.view.vector, started.view.vector)
    np.testing.assert_array_equal(found.shape, started.shape)
    assert np.linalg.norm(found.texture) > .1


def marked(model, truth, deviation):
    """Exact landmarks as what else is known, said to be so many mm off."""
    pixels = truth.view.project(model.vertices(truth.expression, truth.shape)[model.landmarks], CENTER)
    given = landmarks.Observed(pixels, model.landmarks, np.full(68, deviation), np.zeros(68, bool))
    return lambda state: landmarks.equations(model, given, CENTER, state)


def test_what_covers_the_mouth_does_not_move_the_face_or_color_it(model, truth, prior, started):
    whole = picture_of(model, truth)
    covered = whole.copy()
    covered[105:] = [.1, .5, .2]
    known = marked(model, truth, 3.)
    free, hidden = (photometric.fit(model, each, started, CENTER, prior, known) for each in (whole, covered))
    assert np.degrees(np.abs(free.view.rotation - hidden.view.rotation)).max() < 3.
    tones = [colors.lab_from_srgb(model.colors(state.texture)[model.skin]).mean(0) for state in (hidden, truth, started)]
    assert np.linalg.norm(tones[0] - tones[1]) < .7 * np.linalg.norm(tones[2] - tones[1])


def test_landmarks_hold_a_face_that_pixels_say_nothing_of(model, truth, prior, started):
    noise = np.float32(np.random.default_rng(0).uniform(size=[SIZE, SIZE, 3]))
    found = photometric.fit(model, noise, started, CENTER, prior, marked(model, truth, .5))
    places = [state.view.project(model.vertices(state.expression, state.shape)[model.landmarks], CENTER)
              for state in (truth, started, found)]
    apart = [np.linalg.norm(each - places[0], axis=1).mean() for each in places[1:]]
    assert apart[1] < .5 * apart[0]


def test_the_same_seed_finds_the_same(model, truth, prior, started):
    picture = picture_of(model, truth)
    one, two = (photometric.fit(model, picture, started, CENTER, prior) for _ in range(2))
    np.testing.assert_allclose(one.shape, two.shape, atol=1e-6)
