"""A texture is drawn where its mesh has it, in the same light as vertex colors are."""

import numpy as np

from morph3d import scene
from morph3d.renderer import texture_baking, textured
from morph3d.renderer.render import render_mesh

SIZE = 160


def draw(mesh, texture, setting, size=SIZE):
    return textured.render(mesh.vertices, mesh.triangles, mesh.uvs, texture, setting, size)


def test_a_texture_of_vertex_colors_is_drawn_as_the_vertex_colors_are(egg):
    setting = scene.studio(yaw=.4, background=.3)
    expected, got = render_mesh(egg, setting, SIZE), draw(egg, texture_baking.bake(egg), setting)
    assert got.shape == expected.shape and got.dtype == np.float32
    off = np.abs(got - expected)  # a pixel is the mean of four samples, not one
    assert off.mean() < .01 and np.quantile(off, .99) < .08
    mirrored = np.abs(got[:, ::-1] - expected)
    assert mirrored.mean() > 5. * off.mean()


def test_a_texture_finer_than_the_picture_does_not_alias(egg):
    """Texels, black or white at random, look gray from afar: all that is left of them is noise."""
    texture = np.uint8(255 * np.random.default_rng(0).integers(0, 2, [2048, 2048, 1]).repeat(3, 2))
    small = draw(egg, texture, scene.studio(), 64)
    gray = draw(egg, np.full_like(texture, 188), scene.studio(), 64)  # of half the light
    egg_seen = gray != gray[0, 0]
    assert np.abs(small - gray)[egg_seen].mean() < .03


def test_without_a_mesh_in_view_there_is_the_background(egg):
    setting = scene.studio(background=.3)
    behind = setting._replace(pose=setting.pose._replace(translation=-setting.pose.translation))
    np.testing.assert_allclose(draw(egg, np.zeros([2048, 2048, 3], np.uint8), behind), .3, atol=1e-3)
