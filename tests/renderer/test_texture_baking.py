"""A texture shows what the vertex colors show, everywhere on the surface."""
import dataclasses

import numpy as np
import pytest
import trimesh

from morph3d.mesh import uv_atlas, writers
from morph3d.renderer import texture_baking


def linear(encoded):  # IEC 61966-2-1
    return np.where(encoded <= .04045, encoded / 12.92, ((encoded + .055) / 1.055)**2.4)


def test_the_textured_mesh_read_back_has_the_colors_between_the_vertices(egg, tmp_path):
    path, *_ = writers.write_textured(tmp_path / "egg.obj", egg, texture_baking.bake(egg))
    mesh, = trimesh.load_scene(path, process=False).geometry.values()
    points, faces = trimesh.sample.sample_surface(mesh, 20000, seed=0)
    weights = trimesh.triangles.points_to_barycentric(mesh.triangles[faces], points)[..., None]
    uvs = np.sum(mesh.visual.uv[mesh.faces[faces]] * weights, 1)
    got = trimesh.visual.color.uv_to_interpolated_color(uvs, mesh.visual.material.image)[:, :3] / 255.
    expected = np.sum(linear(egg.colors[egg.triangles[faces]]) * weights, 1)
    errors = 255. * np.abs(linear(got) - expected).max(1)
    # Eight bits, and texels across the crease between two triangles: neighboring colors differ by a third on average.
    assert errors.mean() < 1. and np.quantile(errors, .999) < 6.


def test_around_every_vertex_there_are_only_colors_of_its_surroundings(egg):
    colors = .5 + .5 * egg.vertices / [80., 110., 95.]  # as smooth over the surface as can be
    picture = texture_baking.bake(dataclasses.replace(egg, colors=colors))
    uvs, corners = egg.uvs
    owners = np.empty(len(uvs), int)
    owners[corners] = egg.triangles
    column, row = (uv_atlas.SIZE * np.stack([uvs[:, 0], 1. - uvs[:, 1]])).astype(int)
    for down, right in ((-2, -2), (-2, 2), (0, 0), (2, -2), (2, 2)):  # beyond the border where the vertex lies on one
        texels = picture[np.clip(row + down, 0, uv_atlas.SIZE - 1), np.clip(column + right, 0, uv_atlas.SIZE - 1)]
        assert np.abs(texels / 255. - colors[owners]).max() < .03


@pytest.mark.parametrize("color, texel", [([.2, .4, .6], [51, 102, 153]), ([-.2, .4, 1.3], [0, 102, 255])],
                         ids=["in range", "beyond the range"])
def test_nothing_but_the_clipped_colors_of_the_mesh_is_in_the_texture(egg, color, texel):
    picture = texture_baking.bake(dataclasses.replace(egg, colors=np.full_like(egg.colors, color)))
    assert picture.shape == (uv_atlas.SIZE, uv_atlas.SIZE, 3) and picture.dtype == np.uint8
    assert (picture == texel).all()


@pytest.mark.parametrize("lacking", ["colors", "uvs"])
def test_a_mesh_that_lacks_something_is_refused_by_its_name(egg, lacking):
    with pytest.raises(ValueError, match=r"found Mesh\(642 vertices, .*\), expected colors to bake and uvs to bake them by"):
        texture_baking.bake(dataclasses.replace(egg, **{lacking: None}))
