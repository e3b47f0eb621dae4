"""A mesh is checked when it is made, says what it is, and is written by the ending of a path."""
import dataclasses
import doctest

import hypothesis
import numpy as np
import pytest
import tensorflow as tf
import trimesh
from hypothesis import strategies as st

from morph3d.mesh import mesh as module
from morph3d.mesh.mesh import Mesh
from morph3d.mesh.uv_atlas import Atlas

SQUARE = np.array([[0., 0., 0.], [1., 0., 0.], [1., 1., 0.], [0., 1., 0.]])
HALVES = np.array([[0, 1, 2], [0, 2, 3]])
ATLAS = Atlas(SQUARE[:, :2], HALVES)


@pytest.fixture
def parts():
    return {"vertices": 80. * SQUARE, "triangles": HALVES, "colors": np.full([4, 3], .5), "uvs": ATLAS}


@pytest.mark.parametrize("convert", [lambda array: array, lambda array: array.tolist(), tf.constant],
                         ids=["arrays", "lists", "tensors"])
def test_whatever_holds_the_numbers_becomes_arrays_of_the_same_types(parts, convert):
    converted = {name: part if name == "uvs" else convert(part) for name, part in parts.items()}
    mesh = Mesh(**converted)
    for name, dtype in (("vertices", np.float32), ("triangles", np.int32), ("colors", np.float32)):
        array = getattr(mesh, name)
        assert type(array) is np.ndarray and array.dtype == dtype
        np.testing.assert_array_equal(array, np.asarray(parts[name], dtype))
    assert mesh.uvs.uvs.dtype == np.float32 and mesh.uvs.corners.dtype == np.int32


def test_a_mesh_is_frozen_and_others_are_made_of_it(parts):
    mesh = Mesh(**parts)
    with pytest.raises(dataclasses.FrozenInstanceError):
        mesh.colors = None
    for array in (mesh.vertices, mesh.triangles, mesh.colors, *mesh.uvs):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 0
    moved = dataclasses.replace(mesh, vertices=mesh.vertices + 1.)
    np.testing.assert_array_equal(moved.vertices, mesh.vertices + 1.)
    assert moved.colors is mesh.colors and moved != mesh and mesh == mesh


@pytest.mark.parametrize("without, expected", [
    ((), "Mesh(4 vertices, 2 triangles, colors, uvs)"), (("uvs",), "Mesh(4 vertices, 2 triangles, colors)"),
    (("colors", "uvs"), "Mesh(4 vertices, 2 triangles)")])
def test_it_says_what_it_holds(parts, without, expected):
    assert repr(Mesh(**{name: part for name, part in parts.items() if name not in without})) == expected


def test_what_it_was_made_of_may_change_and_it_does_not():
    vertices = np.ones([3, 3], np.float32)
    mesh = Mesh(vertices, np.array([[0, 1, 2]], np.int32))
    vertices[:] = np.nan
    assert (mesh.vertices == 1.).all()


def test_large_numbers_are_readable():
    assert repr(Mesh(np.zeros([13268, 3]), np.zeros([26126, 3], int))) == "Mesh(13,268 vertices, 26,126 triangles)"


@pytest.mark.parametrize("changes, message", [
    ({"vertices": SQUARE[None]}, r"vertices must have shape \[V, 3\], found \[1, 4, 3\]"),
    ({"vertices": SQUARE * np.nan}, "vertices has 12 values that are not finite numbers; see what made them"),
    ({"vertices": SQUARE * 1e39}, "vertices has 4 values that are not finite"),
    ({"triangles": HALVES + 1}, r"triangles must be indices in 0..3, found 1..4; indices that start at 1 must be lowered"),
    ({"triangles": HALVES - 1}, r"triangles must be indices in 0..3, found -1..2"),
    ({"triangles": HALVES.astype(float)}, "triangles must be integers, found float64"),
    ({"triangles": HALVES[:, :2]}, r"triangles must have shape \[F, 3\], found \[2, 2\]"),
    ({"colors": np.ones([3, 3])}, r"colors must have shape \[4, 3\], found \[3, 3\]"),
    ({"colors": np.full([4, 3], 200, np.uint8)}, "colors must be sRGB in 0..1, found up to 200; divide 8-bit colors.* by 255"),
    ({"colors": np.full([4, 3], np.inf)}, "colors has 12 values that are not finite"),
    ({"uvs": ATLAS._replace(corners=HALVES[:1])}, r"corners must have shape \[2, 3\], found \[1, 3\]"),
    ({"uvs": ATLAS._replace(corners=HALVES + 1)}, "corners must be indices in 0..3, found 1..4"),
    ({"uvs": ATLAS._replace(uvs=SQUARE[:, :2] * np.nan)}, "uvs has 8 values that are not finite"),
    ({"uvs": ATLAS._replace(uvs=SQUARE)}, r"uvs must have shape \[U, 2\], found \[4, 3\]"),
    ({"uvs": ATLAS._replace(corners=[[0, 1, 2], [1, 2, 3]])}, "the atlas is that of other triangles; lay out one for these")])
def test_what_does_not_fit_together_is_refused_in_one_line(parts, changes, message):
    with pytest.raises(ValueError, match=message) as error:
        Mesh(**{**parts, **changes})
    assert "\n" not in str(error.value)


@hypothesis.given(seed=st.integers(0, 999), cuts=st.integers(0, 6))
@hypothesis.settings(max_examples=20)
def test_every_uv_belongs_to_the_vertex_at_its_corners_random(seed, cuts):
    """An atlas that is cut at some corners: each of these has a uv of its own."""
    random = np.random.default_rng(seed)
    triangles = np.array([random.permutation(5)[:3] for _ in range(7)])
    corners, owners = triangles.copy(), list(range(5))
    for corner in random.permutation(corners.size)[:cuts]:
        corners.flat[corner] = len(owners)
        owners.append(triangles.flat[corner])
    atlas = Mesh(np.zeros([5, 3]), triangles, uvs=Atlas(np.zeros([len(owners), 2]), corners)).uvs
    used = np.unique(corners)
    np.testing.assert_array_equal(atlas.owners(triangles)[used], np.array(owners)[used])


@pytest.mark.parametrize("ending", [".glb", ".obj", ".ply"])
@pytest.mark.parametrize("name", ["colors", "no colors"])
def test_it_is_saved_by_the_ending_of_the_path(parts, tmp_path, ending, name):
    path = tmp_path / f"square{ending}"
    mesh = Mesh(**{**parts, "colors": parts["colors"] if name == "colors" else None})
    mesh.save(path)
    read, = trimesh.load_scene(path, process=False).geometry.values()
    np.testing.assert_allclose(read.vertices * (1e3 if ending == ".glb" else 1.), mesh.vertices, atol=1e-4)
    np.testing.assert_array_equal(read.faces, HALVES)
    visual = read.visual
    colored = "color" in visual.vertex_attributes if visual.kind == "texture" else visual.kind == "vertex"
    assert colored == (name == "colors")


def test_the_example_in_the_docstring_runs():
    found = doctest.testmod(module)
    assert found.attempted and not found.failed
