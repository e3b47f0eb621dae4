"""The patches of skin, eyes, lips and brows: where they lie, and what they see."""
import hypothesis
import numpy as np
import pytest
import skimage.color
from hypothesis import strategies as st

from morph3d import aligned_rendering, scene
from morph3d.evaluation.color import face_patches
from morph3d.morphable import parts
from morph3d.morphable.landmarks import AVERAGE_FACE, five_points

PARTS = {"skin": "cheeks", "eyes": "eyes", "lips": "lips", "brows": "brows"}
COLORS = dict(zip(face_patches.regions(), np.array([[.8, .6, .5], [.3, .4, .5], [.7, .3, .3], [.2, .15, .1]]), strict=True))
SKIN = np.array([.75, .65, .6])


def painted(colors, rest=SKIN):
    """A picture in which the patches of each region have one color."""
    picture = np.tile(rest, [face_patches.SIZE, face_patches.SIZE, 1])
    for name, color in colors.items():
        picture[np.any(face_patches.regions()[name].patches, 0)] = color
    return picture


def unshaded(model, colors):
    """Faces of the mean shape in the measured frame, whose pixels have the vertices' colors."""
    lit = scene.studio(len(colors))
    lit = lit._replace(lights=lit.lights._replace(intensities=0. * lit.lights.intensities, ambient=0. * lit.lights.ambient + 1.))
    vertices = np.repeat(model.mean_vertices.numpy()[None], len(colors), 0)
    return aligned_rendering.draw(vertices, np.float32(colors), model.triangles, model.landmarks, lit, face_patches.frame()).numpy()


def test_every_region_gets_the_color_that_it_was_painted():
    measured = face_patches.measure(painted(COLORS)[None])
    np.testing.assert_allclose(measured[0], skimage.color.rgb2lab(np.array(list(COLORS.values()))), atol=.03)


def test_right_and_left_are_averaged_and_mirror_images():
    picture = painted({})
    for name, region in face_patches.regions().items():
        if name != "lips":
            np.testing.assert_array_equal(region.patches[0], region.patches[1][:, ::-1])
            picture[region.patches[0]], picture[region.patches[1]] = .2, .6
            assert np.flatnonzero(region.patches[0].any(0)).max() < face_patches.SIZE / 2  # the picture's left
    expected = skimage.color.rgb2lab(np.array([[.2] * 3, [.6] * 3])).mean(0)
    np.testing.assert_allclose(face_patches.measure(picture[None])[0, [0, 1, 3]], np.tile(expected, [3, 1]), atol=.03)
    lips, = face_patches.regions()["lips"].patches
    np.testing.assert_array_equal(lips, lips[:, ::-1])


def test_no_pixel_belongs_to_two_regions():
    assert np.sum([patch for region in face_patches.regions().values() for patch in region.patches], 0).max() == 1


def test_the_frame_shows_the_average_face_in_its_proportions():
    template = face_patches.frame().template
    mm = five_points(AVERAGE_FACE).numpy()[:, :2]
    distances = [np.linalg.norm(points[:, None] - points, axis=-1) for points in (template, mm)]
    np.testing.assert_allclose(distances[0], distances[1] * face_patches.SIZE / 150., rtol=1e-5)
    assert (template > 0.).all() and (template < face_patches.SIZE).all() and template[0, 0] < template[1, 0]


@pytest.mark.parametrize("black, white", [(.19, .29), (.01, .53), (.43, .01)])
def test_highlights_the_white_and_the_pupil_do_not_change_the_iris(black, white):
    picture, rng = painted(COLORS), np.random.default_rng(0)
    for patch in face_patches.regions()["eyes"].patches:
        spots = rng.permutation(np.argwhere(patch))
        picture[tuple(spots[:int(black * len(spots))].T)] = 0.
        picture[tuple(spots[-int(white * len(spots)):].T)] = 1.
    np.testing.assert_allclose(face_patches.measure(picture[None]), face_patches.measure(painted(COLORS)[None]))


@pytest.mark.parametrize("name, wrong, share", [("skin", [0., 0., 0.], .45), ("lips", [.95, .93, .9], .45), ("brows", SKIN, .55)])
def test_what_covers_a_part_of_a_region_does_not_change_its_color(name, wrong, share):
    """A frame of glasses, teeth, brows that lie above or below."""
    picture = painted(COLORS)
    for patch in face_patches.regions()[name].patches:
        rows = np.argwhere(patch)
        picture[tuple(rows[:int(share * len(rows))].T)] = wrong
    np.testing.assert_allclose(face_patches.measure(picture[None]), face_patches.measure(painted(COLORS)[None]))


@hypothesis.given(st.permutations(range(3)))
@hypothesis.settings(max_examples=6)
def test_each_picture_is_measured_for_itself(order):
    pictures = np.random.default_rng(1).uniform(size=[3, face_patches.SIZE, face_patches.SIZE, 3])
    np.testing.assert_array_equal(face_patches.measure(pictures[order]), face_patches.measure(pictures)[order])


@pytest.mark.parametrize("model", ["small_embedded", "ict_model"])
def test_patches_lie_on_the_parts_of_a_model(model, request):
    """Each part in dark red on white: nine tenths of what is looked at in every patch are red."""
    model = request.getfixturevalue(model)
    found = parts.find(*(each.numpy() for each in (model.mean_vertices, model.triangles, model.landmarks)))
    pictures = unshaded(model, [np.where(found[part][:, None], [.4, .1, .1], 1.) for part in PARTS.values()])
    for picture, (name, region) in zip(pictures, face_patches.regions().items(), strict=True):
        for patch in region.patches:
            red = np.mean(picture[patch][:, 1] < .5)
            needed = region.high - region.low if name in ("lips", "brows") else 1.  # which look at the red or the dark
            assert red > .9 * needed, (name, red)
