"""Charts that cover a surface evenly, apart from each other, and are laid out once."""
import dataclasses

import numpy as np
import pytest
import scipy.spatial
import trimesh

from morph3d.mesh import uv_atlas
from morph3d.mesh.mesh import Mesh
from morph3d.mesh.uv_atlas import Atlas


@pytest.fixture(scope="module")
def head():
    """An egg of the size of a head."""
    sphere = trimesh.creation.icosphere(subdivisions=3)
    return Mesh(sphere.vertices * [80., 110., 95.], sphere.faces)


@pytest.fixture(scope="module")
def laid_out(head):
    return uv_atlas.build(head)


def doubled_areas(layout):
    """Twice the area of each triangle in the texture, negative if it is mirrored."""
    a, b, c = np.moveaxis(layout.uvs[layout.corners].astype(np.float64), 1, 0)
    return np.linalg.det(np.stack([b - a, c - a], 1))


def borders(layout):
    """Points along the borders of the charts, in texels, and the chart of each."""
    edges = np.sort(layout.corners[:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2), axis=1)
    chart = trimesh.graph.connected_component_labels(edges, node_count=len(layout.uvs))
    edges = edges[trimesh.grouping.group_rows(edges, require_count=1)]  # those of one triangle only
    start, end = np.moveaxis(uv_atlas.SIZE * layout.uvs[edges].astype(np.float64), 1, 0)
    points = start + (end - start) * np.linspace(0., 1., 50)[:, None, None]
    return points.reshape(-1, 2), np.tile(chart[edges[:, 0]], 50)


def test_every_corner_has_a_uv_of_its_own_vertex(head, laid_out):
    triangles = head.triangles
    assert laid_out.corners.shape == triangles.shape
    assert 0. <= laid_out.uvs.min() and laid_out.uvs.max() <= 1.
    pairs = np.unique(np.stack([laid_out.corners.ravel(), triangles.ravel()]), axis=1)
    assert len(np.unique(pairs[0])) == len(pairs[0]) == len(laid_out.uvs)  # no uv serves two vertices, none is idle


def test_no_point_of_the_texture_belongs_to_two_triangles(laid_out):
    points = np.random.default_rng(0).uniform(size=[4000, 1, 2])
    a, b, c = np.moveaxis(laid_out.uvs[laid_out.corners].astype(np.float64), 1, 0)
    (x, y), (ax, ay), (bx, by), (cx, cy) = (np.moveaxis(point, -1, 0) for point in (points, a, b, c))
    inside = np.all([(qx - px) * (y - py) > (qy - py) * (x - px)
                     for px, py, qx, qy in ((ax, ay, bx, by), (bx, by, cx, cy), (cx, cy, ax, ay))], axis=0)
    assert inside.sum(1).max() == 1
    # As often hit as the triangles are large: none lies under another or outside.
    assert inside.any(1).mean() == pytest.approx(.5 * doubled_areas(laid_out).sum(), abs=.03)


def test_charts_are_apart_in_the_texture(laid_out):
    points, chart = borders(laid_out)
    assert chart.max() > 0
    for one in range(chart.max() + 1):
        others = scipy.spatial.cKDTree(points[chart != one])
        assert others.query(points[chart == one])[0].min() > .75 * uv_atlas.GAP  # the packing is shrunk a little to fit


def test_charts_show_the_surface_evenly_and_not_mirrored(head, laid_out):
    density = doubled_areas(laid_out) / trimesh.triangles.area(head.vertices[head.triangles])
    assert density.min() > .7 * np.median(density) and density.max() < 1.4 * np.median(density)
    assert doubled_areas(laid_out).sum() > .8  # the texture is not mostly empty


def test_a_rectangle_keeps_its_proportions():
    x, y = np.meshgrid(np.linspace(0., 90., 10), np.linspace(0., 30., 7))
    vertices = np.stack([x.ravel(), y.ravel(), np.zeros(70)], 1)
    corner = (np.arange(6)[:, None] * 10 + np.arange(9)).reshape(-1, 1)
    triangles = np.concatenate([corner + [0, 1, 10], corner + [1, 11, 10]])
    layout = uv_atlas.build(Mesh(vertices, triangles))
    lengths = [np.linalg.norm(np.diff(points[corners], axis=1), axis=2)
               for points, corners in ((vertices, triangles), (layout.uvs.astype(np.float64), layout.corners))]
    np.testing.assert_allclose(lengths[1] / lengths[0], (lengths[1] / lengths[0])[0, 0], rtol=1e-3)


def test_the_same_mesh_gives_the_same_atlas(head, laid_out):
    for again, first in zip(uv_atlas.build(head), laid_out, strict=True):
        np.testing.assert_array_equal(again, first)


@pytest.fixture
def built(tmp_path, monkeypatch):
    """The meshes for which an atlas is built from here on; the cache is empty."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    build, built = uv_atlas.build, []
    monkeypatch.setattr(uv_atlas, "build", lambda mesh: built.append(mesh) or build(mesh))
    return built


def test_an_atlas_is_laid_out_once_for_all_faces_of_the_same_triangles(head, laid_out, built, caplog):
    with caplog.at_level("INFO", "absl"):
        for mesh in (head, head, dataclasses.replace(head, vertices=1.1 * head.vertices)):
            for got, expected in zip(uv_atlas.read(mesh), laid_out, strict=True):
                np.testing.assert_array_equal(got, expected)
    assert built == [head]
    uv_atlas.read(Mesh(head.vertices, head.triangles[1:]))
    assert len(built) == 2
    assert "making a texture layout for 1280 triangles, once, into" in caplog.text


@pytest.mark.parametrize("damage", [lambda content: b"", lambda content: content[:len(content) // 2],
                                    lambda content: content.replace(b"corners", b"CORNERS")], ids=["empty", "cut short", "renamed"])
def test_a_damaged_atlas_in_the_cache_is_laid_out_again(head, laid_out, built, tmp_path, caplog, damage):
    uv_atlas.read(head)
    path, = (tmp_path / "morph3d").iterdir()
    path.write_bytes(damage(path.read_bytes()))
    for got, expected in zip(uv_atlas.read(head), laid_out, strict=True):
        np.testing.assert_array_equal(got, expected)
    assert len(built) == 2 and f"{path}: found a damaged file in the cache" in caplog.text


def test_the_atlas_of_other_triangles_under_that_name_is_laid_out_again(head, laid_out, built, tmp_path):
    uv_atlas.read(head)
    path, = (tmp_path / "morph3d").iterdir()
    np.savez(path, **laid_out._replace(corners=laid_out.corners[::-1])._asdict())
    np.testing.assert_array_equal(uv_atlas.read(head).corners, laid_out.corners)


def test_a_mesh_without_triangles_is_refused(head):
    with pytest.raises(ValueError, match="found no triangles, expected a surface to lay out"):
        uv_atlas.build(Mesh(head.vertices, np.zeros([0, 3], int)))


def test_a_mesh_without_area_is_refused(head):
    with pytest.raises(ValueError, match="found 1280 triangles without area, expected a surface in millimeters"):
        uv_atlas.build(Mesh(1e-6 * head.vertices, head.triangles))


SQUARE = np.array([[0., 0.], [1., 0.], [1., 1.], [0., 1.]])
HALVES = np.array([[0, 1, 2], [0, 2, 3]])


def test_corners_of_one_vertex_at_one_place_share_a_uv():
    """Two triangles of a square, then cut along the diagonal."""
    whole = uv_atlas.from_corners(HALVES, SQUARE[HALVES])
    assert len(whole.uvs) == 4
    cut = uv_atlas.from_corners(HALVES, SQUARE[HALVES] + [[[0.]], [[2.]]])
    assert len(cut.uvs) == 6
    for atlas, shift in (whole, 0.), (cut, 2.):
        np.testing.assert_allclose(atlas.uvs[atlas.corners], SQUARE[HALVES] + [[[0.]], [[shift]]])
        np.testing.assert_array_equal(atlas.checked(HALVES).owners(HALVES)[atlas.corners], HALVES)


def test_a_layout_serves_unless_triangles_lie_on_one_another_or_outside(laid_out):
    assert uv_atlas.serves(laid_out)
    square = Atlas(SQUARE, HALVES)
    assert uv_atlas.serves(square)
    assert uv_atlas.serves(Atlas(SQUARE, HALVES[:, ::-1]))  # mirrored
    assert not uv_atlas.serves(Atlas(SQUARE, np.array([[0, 1, 2], [0, 1, 3]])))  # a quarter twice
    assert not uv_atlas.serves(Atlas(SQUARE + .1, HALVES)) and not uv_atlas.serves(Atlas(SQUARE - .1, HALVES))
    assert not uv_atlas.serves(Atlas(SQUARE * [1., 0.], HALVES))  # no area


@pytest.mark.parametrize("side, serves", [(.05, True), (.3, False)])
def test_a_hundredth_may_lie_on_another(side, serves):
    corner = np.concatenate([SQUARE, side * SQUARE])
    assert uv_atlas.serves(Atlas(corner, np.concatenate([HALVES, HALVES + 4]))) == serves
