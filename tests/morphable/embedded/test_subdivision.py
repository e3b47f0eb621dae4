"""Catmull and Clark's rules, one by one, on meshes with known results and on random ones."""
import itertools

import numpy as np
import pytest
import scipy.spatial
import trimesh
from hypothesis import given, settings
from hypothesis import strategies as st

from morph3d.morphable.embedded import subdivision

CUBE = np.array(list(itertools.product([-1., 1.], repeat=3)))
CUBE_QUADS = np.array([[0, 1, 3, 2], [4, 6, 7, 5], [0, 4, 5, 1], [2, 3, 7, 6], [0, 2, 6, 4], [1, 5, 7, 3]])


def grid(columns, rows):
    """A flat sheet of unit squares: vertices [V, 3] and quads that face +z."""
    places = np.array([[x, y, 0.] for y in range(rows + 1) for x in range(columns + 1)])
    first = np.array([x + y * (columns + 1) for y in range(rows) for x in range(columns)])
    return places, np.stack([first, first + 1, first + columns + 2, first + columns + 1], 1)


def in_quads(vertices, triangles):
    """Triangles, each cut into three quads that meet in its middle; so vertices have any number of quads around them."""
    edges, of_side = np.unique(np.sort(triangles[:, [[0, 1], [1, 2], [2, 0]]].reshape(-1, 2), 1), axis=0, return_inverse=True)
    of_side = len(vertices) + of_side.reshape(-1, 3)
    middle = len(vertices) + len(edges) + np.arange(len(triangles))
    quads = np.concatenate([np.stack([triangles[:, i], of_side[:, i], middle, of_side[:, i - 1]], 1) for i in range(3)])
    return np.concatenate([vertices, vertices[edges].mean(1), vertices[triangles].mean(1)]), quads


def ball():
    sphere = trimesh.creation.icosphere(1)
    return in_quads(np.asarray(sphere.vertices), np.asarray(sphere.faces))


def sheet(seed, count=14):
    """A random surface with a border."""
    random = np.random.default_rng(seed)
    places = random.uniform(-1., 1., (count, 2))
    triangles = scipy.spatial.Delaunay(places).simplices
    a, b, c = np.moveaxis(places[triangles], 1, 0)
    turned = np.cross(b - a, c - a) < 0.
    triangles[turned] = triangles[turned, ::-1]
    return in_quads(np.c_[places, random.normal(size=count)], triangles)


SURFACES = {"cube": (CUBE, CUBE_QUADS), "ball": ball(), "grid": grid(3, 4), "sheet": sheet(0)}


def by_the_rules(vertices, quads):
    """Slowly, point by point: {old vertices: place of the new one}, of one vertex, of an edge's two or of a quad's four."""
    beside = {}
    for number, quad in enumerate(quads):
        for edge in zip(quad, np.roll(quad, -1), strict=True):
            beside.setdefault(frozenset(edge), []).append(number)
    faces = [vertices[quad].mean(0) for quad in quads]
    found = {frozenset(quad): face for quad, face in zip(quads, faces, strict=True)}
    for edge, owners in beside.items():
        ends = [vertices[end] for end in edge]
        found[edge] = np.mean(ends if len(owners) == 1 else [*ends, *(faces[owner] for owner in owners)], axis=0)
    for vertex, place in enumerate(vertices):
        edges = [edge for edge in beside if vertex in edge]
        border = [edge for edge in edges if len(beside[edge]) == 1]
        if border:
            ends = [vertices[other] for edge in border for other in edge - {vertex}]
            found[frozenset([vertex])] = .75 * place + .125 * np.sum(ends, axis=0)
        else:
            around = np.mean([faces[number] for number, quad in enumerate(quads) if vertex in quad], axis=0)
            middles = np.mean([vertices[list(edge)].mean(0) for edge in edges], axis=0)
            found[frozenset([vertex])] = (around + 2. * middles + (len(edges) - 3) * place) / len(edges)
    return found


def origins(step, count, quads):
    """What each new vertex is of, keys as those of `by_the_rules`."""
    return [frozenset(map(int, group)) for group in (*np.arange(count)[:, None], *step.edges, *quads)]


def follows_the_rules(vertices, quads):
    step = subdivision.catmull_clark(len(vertices), quads)
    expected = by_the_rules(vertices, quads)
    found = dict(zip(origins(step, len(vertices), quads), step.matrix @ vertices, strict=True))
    assert len(found) == step.matrix.shape[0] == len(expected)
    for origin, place in found.items():
        np.testing.assert_allclose(place, expected[origin], atol=1e-9)


@pytest.mark.parametrize("name", SURFACES)
def test_points_are_those_of_the_rules(name):
    follows_the_rules(*SURFACES[name])


@given(st.integers(0, 2**32 - 1), st.integers(4, 20))
@settings(max_examples=25)
def test_points_of_random_surfaces_are_those_of_the_rules(seed, count):
    follows_the_rules(*sheet(seed, count))


def test_the_cube_becomes_the_one_of_the_textbooks():
    """Corners at 5/9, edges at 3/4 and faces at 1, of each coordinate that is not zero."""
    step = subdivision.catmull_clark(8, CUBE_QUADS)
    corners, edges, faces = np.split(step.matrix @ CUBE, [8, 20])
    np.testing.assert_allclose(corners, 5. / 9. * CUBE, atol=1e-12)
    np.testing.assert_allclose(np.sort(np.abs(edges), 1), np.tile([0., .75, .75], [12, 1]), atol=1e-12)
    np.testing.assert_allclose(np.sort(np.abs(faces), 1), np.tile([0., 0., 1.], [6, 1]), atol=1e-12)


@pytest.mark.parametrize("split", [subdivision.catmull_clark, subdivision.bilinear])
@pytest.mark.parametrize("name", SURFACES)
def test_new_vertices_are_means(name, split):
    vertices, quads = SURFACES[name]
    matrix = split(len(vertices), quads).matrix
    np.testing.assert_allclose(matrix.sum(1), 1., atol=1e-12)
    assert matrix.data.min() >= 0.


def test_a_flat_regular_sheet_stays_as_it_is():
    """Linear functions are kept wherever rows are evenly spaced; the four corners are rounded."""
    vertices, quads = grid(3, 4)
    step = subdivision.catmull_clark(len(vertices), quads)
    corners = np.isin(np.arange(len(vertices)), [0, 3, 16, 19])
    moved = (step.matrix @ vertices)[:len(vertices)]
    np.testing.assert_allclose(moved[~corners], vertices[~corners], atol=1e-12)
    np.testing.assert_allclose(moved[0], [.125, .125, 0.], atol=1e-12)


@pytest.mark.parametrize("split", [subdivision.catmull_clark, subdivision.bilinear])
@pytest.mark.parametrize("name", SURFACES)
def test_quads_are_four_of_each_old_one_beginning_at_its_corners(name, split):
    vertices, quads = SURFACES[name]
    step = split(len(vertices), quads)
    origin = origins(step, len(vertices), quads)
    for number, quad in enumerate(quads):
        for corner, new in enumerate(step.quads[4 * number:4 * number + 4]):
            here, following, before = (int(quad[(corner + turn) % 4]) for turn in (0, 1, -1))
            assert [origin[each] for each in new] == [{here}, {here, following}, set(map(int, quad)), {before, here}]


@pytest.mark.parametrize("name", SURFACES)
def test_neighbors_stay_neighbors(name):
    """No side is used twice in one direction, and as much of the surface is border as before."""
    vertices, quads = SURFACES[name]
    step = subdivision.catmull_clark(len(vertices), quads)
    old, new = ([tuple(side) for side in np.stack([each, np.roll(each, -1, 1)], 2).reshape(-1, 2).tolist()]
                for each in (quads, step.quads))
    assert len(set(new)) == len(new)
    open_before, open_after = (sum(side[::-1] not in sides for side in sides) for sides in (set(old), set(new)))
    assert open_after == 2 * open_before


def test_the_bilinear_split_moves_nothing():
    vertices, quads = SURFACES["sheet"]
    step = subdivision.bilinear(len(vertices), quads)
    expected = np.concatenate([vertices, vertices[step.edges].mean(1), vertices[quads].mean(1)])
    np.testing.assert_allclose(step.matrix @ vertices, expected, atol=1e-12)
    assert (step.edges[:, 0] < step.edges[:, 1]).all()


def test_both_splits_number_their_points_alike():
    vertices, quads = SURFACES["ball"]
    smooth, flat = (split(len(vertices), quads) for split in (subdivision.catmull_clark, subdivision.bilinear))
    np.testing.assert_array_equal(smooth.quads, flat.quads)
    np.testing.assert_array_equal(smooth.edges, flat.edges)
