"""A texture shows what the vertex colors show, everywhere on the surface."""
import numpy as np
import pytest
import trimesh

from morph3d.mesh import uv_atlas, writers
from morph3d.renderer import texture_baking


@pytest.fixture(scope="module")
def egg():
    """Vertices, colors (every vertex another), triangles, atlas."""
    sphere = trimesh.creation.icosphere(subdivisions=3)
    colors = np.random.default_rng(0).uniform(size=sphere.vertices.shape)
    vertices = sphere.vertices * [80., 110., 95.]
    return vertices, colors, sphere.faces, uv_atlas.build(vertices, sphere.faces)


def linear(encoded):  # IEC 61966-2-1
    return np.where(encoded <= .04045, encoded / 12.92, ((encoded + .055) / 1.055)**2.4)


def test_the_textured_mesh_read_back_has_the_colors_between_the_vertices(egg, tmp_path):
    vertices, colors, triangles, layout = egg
    baked = texture_baking.bake(colors, triangles, layout)
    path, *_ = writers.write_textured(tmp_path / "egg.obj", vertices, triangles, layout, baked)
    mesh, = trimesh.load_scene(path, process=False).geometry.values()
    points, faces = trimesh.sample.sample_surface(mesh, 20000, seed=0)
    weights = trimesh.triangles.points_to_barycentric(mesh.triangles[faces], points)[..., None]
    uvs = np.sum(mesh.visual.uv[mesh.faces[faces]] * weights, 1)
    got = trimesh.visual.color.uv_to_interpolated_color(uvs, mesh.visual.material.image)[:, :3] / 255.
    expected = np.sum(linear(colors[triangles[faces]]) * weights, 1)
    errors = 255. * np.abs(linear(got) - expected).max(1)
    # Eight bits, and texels across the crease between two triangles: neighboring colors differ by a third on average.
    assert errors.mean() < 1. and np.quantile(errors, .999) < 6.


def test_around_every_vertex_there_are_only_colors_of_its_surroundings(egg):
    vertices, _, triangles, layout = egg
    colors = .5 + .5 * vertices / [80., 110., 95.]  # as smooth over the surface as can be
    picture = texture_baking.bake(colors, triangles, layout)
    owners = np.empty(len(layout.uvs), int)
    owners[layout.corners] = triangles
    column, row = (uv_atlas.SIZE * np.stack([layout.uvs[:, 0], 1. - layout.uvs[:, 1]])).astype(int)
    for down, right in ((-2, -2), (-2, 2), (0, 0), (2, -2), (2, 2)):  # beyond the border where the vertex lies on one
        texels = picture[np.clip(row + down, 0, uv_atlas.SIZE - 1), np.clip(column + right, 0, uv_atlas.SIZE - 1)]
        assert np.abs(texels / 255. - colors[owners]).max() < .03


def test_nothing_but_the_colors_of_the_mesh_is_in_the_texture(egg):
    _, colors, triangles, layout = egg
    picture = texture_baking.bake(np.full_like(colors, [.2, .4, .6]), triangles, layout)
    assert picture.shape == (uv_atlas.SIZE, uv_atlas.SIZE, 3) and picture.dtype == np.uint8
    assert (picture == [51, 102, 153]).all()


def test_colors_beyond_the_range_are_clipped(egg):
    _, colors, triangles, layout = egg
    assert (texture_baking.bake(np.full_like(colors, [-.2, .4, 1.3]), triangles, layout) == [0, 102, 255]).all()


def test_the_atlas_of_other_triangles_is_refused(egg):
    _, colors, triangles, layout = egg
    with pytest.raises(ValueError, match="the atlas is that of other triangles"):
        texture_baking.bake(colors, triangles[::-1], layout)
