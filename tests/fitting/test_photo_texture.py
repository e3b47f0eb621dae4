"""Photos drawn of a face with a known texture give this texture back."""
import cv2
import numpy as np
import pytest

from morph3d import colors, images
from morph3d.fitting import drawing, lighting, photo_fit, photo_texture, sight, view
from morph3d.fitting.state import State
from morph3d.mesh import normals, uv_atlas
from morph3d.mesh.mesh import Mesh
from morph3d.renderer import texture_baking, textured
from morph3d.scene import Scene

PHOTO, FITTED = 640, photo_fit.SIZE
GREEN = [30, 130, 50]


@pytest.fixture(scope="module")
def atlas(model):
    return uv_atlas.build(Mesh(model.mean, model.triangles))


@pytest.fixture(scope="module")
def texels(model, atlas):
    """What is at each texel of the texture: mm on the mean face; directions; whether it is skin without features."""
    weights, nearest = texture_baking.prepare(atlas)
    owners = atlas.owners(model.triangles)
    plain = model.among("nose", "cheeks", "forehead", "chin")
    fields = model.mean, normals.vertex_normals(model.mean, model.triangles), plain[:, None]
    places, facing, skin = ((weights @ np.float32(field[owners]))[nearest] for field in fields)
    return places, facing / np.linalg.norm(facing, axis=2, keepdims=True), skin[..., 0] > .999


def state_of(model, yaw):
    """A face of its own in strong light from the right."""
    random = np.random.default_rng(3)
    expression, shape, texture = (.5 * random.standard_normal(size) for size in model.sizes)
    light = lighting.prior().mean.reshape(-1, 3) * [1.1, 1., .9]
    light[:-1] *= np.where(lighting.directions(lighting.PLACES)[:, :1] > .3, 2., .3)
    return State(view.View(np.array([.05, yaw, 0.]), np.zeros(2), np.log(.9), .001), expression, shape, texture, light)


def baked(model, atlas, state):
    return texture_baking.bake(Mesh(model.mean, model.triangles, model.colors(state.texture), atlas))


def painted(bare, places):
    """A texture with random waves of 5 to 12 mm over the colors of the model."""
    random, waves = np.random.default_rng(0), 0.
    for direction in random.standard_normal([4, 3]):
        direction *= 2. * np.pi / random.uniform(5., 12.) / np.linalg.norm(direction)
        waves = waves + np.sin(places @ np.float32(direction))
    linear = np.float32(colors.linear_from_srgb(np.arange(256) / 255.))[bare]
    return images.to_pixels(colors.srgb_from_linear(np.minimum(linear * (1. + .08 * waves[..., None]), 1.)))


def photograph(model, atlas, state, texture):
    """The photo and the Fit that is the truth."""
    larger = state.view.moved(PHOTO / FITTED * np.eye(2, 3))
    pose, camera = view.scene_parts(larger, [PHOTO / 2.] * 2, PHOTO)
    setting = Scene(pose, camera, lighting.point_lights(state.light, state.places, pose.translation[0].numpy()), drawing.BLACK + .4)
    vertices = model.vertices(state.expression, state.shape)
    return fitted(state, images.to_pixels(textured.render(vertices, model.triangles, atlas, texture, setting, PHOTO)))


def fitted(state, photo):
    small = cv2.resize(photo, (FITTED, FITTED), interpolation=cv2.INTER_AREA)
    return photo, photo_fit.Fit(state, FITTED / PHOTO * np.eye(2, 3), np.full(2, FITTED / 2.), np.float32(small / 255.), None)


def toward_camera(state, facing):
    return facing @ state.view.matrix[2]


def off(found, texture, where):
    """The median difference, sRGB in 0..1."""
    return np.median(np.abs(found[where] / 255. - texture[where] / 255.))


@pytest.fixture(scope="module")
def front(model, atlas, texels):
    """A face from the front: its State, the model's texture, its own, its photo, and its Fit."""
    state = state_of(model, .1)
    bare = baked(model, atlas, state)
    texture = painted(bare, texels[0])
    return state, bare, texture, *photograph(model, atlas, state, texture)


def test_the_texture_of_a_photo_is_that_of_the_face_with_the_light_taken_out(model, atlas, texels, front):
    state, bare, texture, photo, fit = front
    found = photo_texture.make(model, atlas, fit, photo)
    assert found.pixels.shape == texture.shape and found.pixels.dtype == np.uint8
    places, facing, skin = texels
    seen = skin & (toward_camera(state, facing) > .8)
    assert off(found.pixels, texture, seen) < .25 * off(bare, texture, seen)
    assert max(off(found.pixels, texture, seen & (places[..., 0] * side > 20.)) for side in (-1., 1.)) < .015  # in light and dark
    assert found.photo.mean() > .05 and 0. < found.mirrored.mean() < found.photo.mean()


def test_the_far_side_of_a_turned_face_is_the_near_side_mirrored(model, atlas, texels):
    state = state_of(model, np.radians(40.))
    places, facing, skin = texels
    bare = baked(model, atlas, state)
    texture = painted(bare, np.stack([np.abs(places[..., 0]), places[..., 1], places[..., 2]], 2))
    photo, fit = photograph(model, atlas, state, texture)
    found = photo_texture.make(model, atlas, fit, photo).pixels
    hidden = skin & (toward_camera(state, facing) < .1) & (toward_camera(state, facing * [-1., 1., 1.]) > .8)
    assert hidden.sum() > 10_000
    assert off(found, texture, hidden) < .6 * off(bare, texture, hidden)


def test_what_the_nose_hides_is_not_seen(model, atlas):
    """Against all triangles that the straight line from a vertex to the eye crosses."""
    state = state_of(model, np.radians(50.))
    photo, fit = photograph(model, atlas, state, baked(model, atlas, state))
    weights = sight.of(model, fit, photo.shape[1::-1]).source.weight[:, 0]
    vertices = np.float64(model.vertices(state.expression, state.shape))
    eye = state.view.matrix.T @ -np.array([*state.view.shift, -1. / state.view.nearness])
    a, b, c = np.moveaxis(vertices[model.triangles], 1, 0)
    hidden = []
    for vertex in np.flatnonzero(model.among("cheeks", "nose", "eyelids", "eyes", "lips")):
        ray = eye - vertices[vertex]  # a + s (b - a) + t (c - a) = vertex + along ray, by Cramer's rule
        across = np.cross(ray, c - a)
        volume = np.einsum("fd,fd->f", b - a, across)
        volume = np.where(np.abs(volume) < 1e-9, np.inf, volume)
        aside = np.cross(vertices[vertex] - a, b - a)
        s, t = np.einsum("fd,fd->f", vertices[vertex] - a, across) / volume, aside @ ray / volume
        along = np.einsum("fd,fd->f", c - a, aside) / volume * np.linalg.norm(ray)
        hidden.append(((s > 0.) & (t > 0.) & (s + t < 1.) & (along > 5.)).any() and vertex)
    hidden = [vertex for vertex in hidden if vertex]
    hidden = np.intersect1d(hidden, np.flatnonzero(normals.vertex_normals(vertices, model.triangles) @ state.view.matrix[2] > .3))
    assert len(hidden) > 100 and weights[hidden].max() < .1


def test_what_covers_a_face_is_not_in_its_texture(model, atlas, texels, front):
    state, _, texture, photo, _ = front
    covered = photo.copy()
    covered[400:] = GREEN
    found = photo_texture.make(model, atlas, fitted(state, covered)[1], covered).pixels
    places, facing, skin = texels
    chin = skin & (toward_camera(state, facing) > .5) & (places[..., 1] < -85.)
    assert chin.sum() > 10_000
    assert np.mean(found[chin][:, 1] > found[chin][:, 0]) < .01  # no skin is greener than it is red
    assert off(found, texture, chin) < .08


def test_what_no_photo_shows_is_the_models(model, atlas):
    state = state_of(model, .1)
    state = state._replace(texture=0. * state.texture, view=state.view._replace(shift=np.array([2000., 0.])))
    photo, fit = fitted(state, np.full([PHOTO, PHOTO, 3], 150, np.uint8))
    found = photo_texture.make(model, atlas, fit, photo)
    assert not found.photo.any() and not found.mirrored.any()
    assert np.abs(np.int16(found.pixels) - baked(model, atlas, state)).max() <= 1


def test_darkness_shows_nothing(model, atlas):
    state = state_of(model, .1)
    state = state._replace(light=0. * state.light)
    photo, fit = fitted(state, np.zeros([PHOTO, PHOTO, 3], np.uint8))
    assert not photo_texture.make(model, atlas, fit, photo).photo.any()


@pytest.mark.parametrize("photo, told", [
    (np.zeros([640, 480, 3], np.uint8), "found a photo of 480 x 640 pixels, expected the one that was fitted, of 640 x 640; fit"),
    (np.zeros([640, 640], np.uint8), r"must be \[H, W, 3\] uint8, found \[640, 640\] uint8"),
    (np.zeros([640, 640, 3]), r"found \[640, 640, 3\] float64")], ids=["another size", "gray", "floats"])
def test_another_photo_is_refused(model, atlas, photo, told):
    _, fit = fitted(state_of(model, 0.), np.zeros([PHOTO, PHOTO, 3], np.uint8))
    with pytest.raises(ValueError, match=told):
        photo_texture.make(model, atlas, fit, photo)
