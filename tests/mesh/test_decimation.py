"""A decimated model makes the same faces on a coarser mesh, which lies on the fine one and is as whole."""
import hypothesis
import numpy as np
import pytest
import tensorflow as tf
import trimesh
from hypothesis import strategies as st

from morph3d.mesh import decimation
from morph3d.mesh.uv_atlas import Atlas
from morph3d.morphable.coefficients import Coefficients
from morph3d.morphable.model import MorphableModel


def distances(points, vertices, triangles, candidates=64):
    """mm from points to a surface, after trimesh, among the triangles with the nearest centers."""
    corners = np.asarray(vertices, np.float64)[triangles]
    candidates = min(candidates, len(corners))
    nearest = np.argpartition(np.linalg.norm(corners.mean(1)[None] - np.asarray(points)[:, None], axis=-1), candidates - 1, 1)
    nearest = nearest[:, :candidates]
    repeated = np.repeat(np.asarray(points, np.float64), candidates, 0)
    found = trimesh.triangles.closest_point(corners[nearest.ravel()], repeated)
    return np.linalg.norm(found - repeated, axis=1).reshape(-1, candidates).min(1)


def borders(triangles):
    """The directed edges with no triangle on the other side, as a set of pairs."""
    edges = {(int(a), int(b)) for triangle in triangles for a, b in zip(triangle, np.roll(triangle, -1), strict=True)}
    return {(a, b) for a, b in edges if (b, a) not in edges}


def assert_whole(fine, coarse):
    """The coarse mesh has the pieces, holes and handles of the fine one, and every triangle faces outward as there."""
    before, after = (trimesh.Trimesh(model.mean_vertices, model.triangles, process=False) for model in (fine, coarse))
    assert len(np.unique(coarse.triangles)) == len(coarse.mean_vertices)
    assert after.is_winding_consistent
    _, meeting = np.unique(after.edges_sorted, axis=0, return_counts=True)
    assert meeting.max() <= 2
    assert sorted(piece.euler_number for piece in after.split(only_watertight=False, repair=False)) == \
        sorted(piece.euler_number for piece in before.split(only_watertight=False, repair=False))
    points = [{tuple(np.round(model.mean_vertices.numpy()[list(edge)].ravel(), 3)) for edge in borders(model.triangles.numpy())}
              for model in (fine, coarse)]
    assert points[0] == points[1]
    # Heights of triangles over their longest sides.
    edges = np.linalg.norm(np.diff(after.triangles[:, [0, 1, 2, 0]], axis=1), axis=2).max(1)
    assert np.min(2. * after.area_faces / edges**2) > .008
    _, nearest = trimesh.proximity.cKDTree(before.triangles_center).query(after.triangles_center)
    facing = np.sum(before.face_normals[nearest] * after.face_normals, 1)
    assert np.mean(facing > .5) > .93


@pytest.fixture(scope="module")
def with_pieces(tiny_model):
    """The tiny model with a hole at its back and two balls before it, which move as it does."""
    vertices = tiny_model.mean_vertices.numpy()
    triangles = tiny_model.triangles.numpy()
    ball = trimesh.creation.icosphere(2, 14.)
    ball_vertices = [ball.vertices + [x, 30., 70.] for x in (-30., 30.)]
    copies = [np.argmin(np.linalg.norm(vertices - one[:, None], axis=-1), 1) for one in ball_vertices]
    order = np.concatenate([np.arange(len(vertices)), *copies])
    faces = [triangles[(vertices[triangles][..., 2] > -70.).any(1)], ball.faces + 642, ball.faces + 642 + len(ball.vertices)]

    def spread(basis):
        return basis.numpy().reshape(len(basis), -1, 3)[:, order]

    return MorphableModel.from_arrays(
        "with pieces", np.concatenate([vertices, *ball_vertices]), spread(tiny_model.shape_basis),
        tiny_model.mean_colors.numpy()[order], spread(tiny_model.texture_basis), spread(tiny_model.expression_basis),
        np.concatenate(faces), tiny_model.landmarks.numpy())


@pytest.mark.parametrize("n", [642, 500, 300, 200])
def test_a_closed_surface_stays_closed_random_n(tiny_model, n):
    coarse = tiny_model.decimated(n)
    assert len(coarse.mean_vertices) == n
    assert_whole(tiny_model, coarse)
    assert trimesh.Trimesh(coarse.mean_vertices, coarse.triangles, process=False).volume > .95 * 4.19 * 80. * 110. * 95.


@pytest.mark.parametrize("n", [700, 400])
def test_pieces_and_holes_stay(with_pieces, n):
    coarse = with_pieces.decimated(n)
    assert len(borders(with_pieces.triangles.numpy())) > 20
    assert len(coarse.mean_vertices) in (n, n + 1)
    assert_whole(with_pieces, coarse)


def test_a_head_of_basel_stays_whole(basel_model):
    assert_whole(basel_model, basel_model.decimated(900))


@pytest.mark.parametrize("n", [12000, 7000, 3000, 1500])
def test_the_real_kit_stays_whole(ict_model, n):
    """At 1,500 the library by itself pinches it."""
    coarse = ict_model.decimated(n)
    assert len(coarse.mean_vertices) == n
    assert_whole(ict_model, coarse)


@pytest.mark.parametrize("seed, n", [(2, 300), (3, 200), (4, 300)])
def test_what_the_library_pinches_is_mended(seed, n):
    """A ball of spikes: where the sides of one come together, three triangles meet at an edge."""
    ball = trimesh.creation.icosphere(3, 100.)
    spikes = .3 * np.clip(np.random.default_rng(seed).normal(size=(642, 1)), -1.8, 1.8)
    vertices, landmarks = ball.vertices * (1. + spikes), np.argsort(ball.vertices[:, 0])[:68]
    *_, alone = decimation._collapse(vertices, ball.faces, decimation._triangles_at(ball.faces, landmarks), n)
    assert not trimesh.Trimesh(vertices, alone, process=False).is_watertight
    mesh = decimation.decimate(vertices, ball.faces, landmarks, n)
    mended = trimesh.Trimesh(mesh.carry(vertices), mesh.triangles, process=False)
    assert len(mended.vertices) == n and mended.is_watertight and mended.euler_number == 2


@pytest.mark.parametrize("triangles, vertices", [
    ([[0, 1, 2], [0, 2, 3], [0, 3, 1]], []), ([[0, 1, 2], [0, 2, 3]], []),
    ([[0, 1, 2], [0, 3, 4]], [0]),  # two fans at 0
    ([[0, 1, 2], [1, 0, 3], [0, 1, 4]], [0, 1]),  # three triangles at one edge
    ([[0, 1, 2], [0, 1, 3]], [0, 1])], ids=["closed fan", "open fan", "bow tie", "three at an edge", "two sides"])
def test_pinched_vertices_are_found(triangles, vertices):
    assert set(decimation._pinched(np.array(triangles))) == set(vertices)


@pytest.mark.parametrize("name, n", [("tiny_model", 250), ("with_pieces", 400), ("ict_model", 3000)])
def test_landmarks_are_kept_for_every_face(name, n, request):
    fine = request.getfixturevalue(name)
    coarse = fine.decimated(n)
    coefficients = fine.sample(2, 5)
    for got, expected in zip(coarse.instance(coefficients), fine.instance(coefficients), strict=True):
        np.testing.assert_allclose(tf.gather(got, coarse.landmarks, axis=1), tf.gather(expected, fine.landmarks, axis=1), atol=1e-4)


@hypothesis.given(seed=st.integers(0, 99))
@hypothesis.settings(max_examples=5)
def test_vertices_lie_on_every_face_of_the_fine_model(tiny_model, seed):
    coarse = tiny_model.decimated(300)
    coefficients = tiny_model.sample(1, seed)
    (got, colors), (fine, fine_colors) = coarse.instance(coefficients), tiny_model.instance(coefficients)
    assert distances(got[0].numpy(), fine[0].numpy(), tiny_model.triangles.numpy()).max() < 1e-3
    # Colors come from the same places: convex combinations of those of the surface.
    assert np.all(tf.reduce_min(fine_colors, 1) - 1e-5 <= tf.reduce_min(colors, 1))
    assert np.all(tf.reduce_max(colors, 1) <= tf.reduce_max(fine_colors, 1) + 1e-5)


@pytest.mark.parametrize("n, mean, largest", [(7000, .07, .35), (3000, .22, 1.2)])
def test_the_real_kit_keeps_its_form(ict_model, n, mean, largest):
    coarse = ict_model.decimated(n)
    some = slice(None, None, 20)
    fine = ict_model.mean_vertices.numpy()
    away = distances(fine[some], coarse.mean_vertices.numpy(), coarse.triangles.numpy())
    assert away.mean() < mean and away.max() < largest
    # An open mouth is one whose inside has come along: 5 standard deviations of 0.2 are the whole blend shape.
    coefficients = Coefficients(ict_model.sample(1, 3).shape, tf.zeros([1, 1]), [[5., 0., 0., 0., 0., 0.]])
    fine, got = (model.instance(coefficients)[0][0].numpy() for model in (ict_model, coarse))
    assert distances(got[some], fine, ict_model.triangles.numpy()).max() < 1e-3
    away = distances(fine[some], got, coarse.triangles.numpy())
    assert away.mean() < 1.5 * mean and np.percentile(away, 99) < 2. * largest


def test_two_sheets_that_touch_are_not_mixed():
    """Like closed lips: a folded sheet, both halves at one place, of which a mode lifts the upper."""
    x, y = np.meshgrid(np.arange(20.), np.arange(41.))
    upper = (y > 20.).ravel()
    folded = np.stack([x, np.abs(y - 20.), .001 * (y - 20.)], -1).reshape(-1, 3)
    corner = (np.arange(40)[:, None] * 20 + np.arange(19)).ravel()
    triangles = np.concatenate([np.stack([corner, corner + 1, corner + 21], 1), np.stack([corner, corner + 21, corner + 20], 1)])
    lift = np.zeros([1, 820, 3])
    lift[0, upper, 2] = np.abs(y - 20.).ravel()[upper]
    sheet = MorphableModel.from_arrays("sheet", folded, lift, np.full([820, 3], .5), np.zeros([1, 820, 3]), None, triangles,
                                       np.arange(68) * 12)
    coarse = sheet.decimated(400)
    vertices = coarse.instance(Coefficients([[1.]], [[0.]]))[0][0].numpy()
    mean = coarse.mean_vertices.numpy()
    rises = vertices[:, 2] - mean[:, 2]
    expected = np.where(mean[:, 2] > 1e-6, mean[:, 1], 0.)
    np.testing.assert_allclose(rises, expected, atol=1e-3)
    assert (rises > 1.).sum() > 100


def test_decimation_repeats_and_makes_another_model(tiny_model):
    first, again = tiny_model.decimated(300), tiny_model.decimated(300)
    assert first.fingerprint == again.fingerprint != tiny_model.fingerprint
    assert first.name == "tiny, 300 vertices" and first.sizes == tiny_model.sizes


def test_bases_in_halves_stay_in_halves(tiny_model):
    coarse = tiny_model.stored_as(tf.float16).decimated(300)
    assert coarse.shape_basis.dtype == coarse.texture_basis.dtype == coarse.expression_basis.dtype == tf.float16
    coefficients = tiny_model.sample(2, 1)
    got, expected = (model.instance(coefficients)[0] for model in (coarse, tiny_model.decimated(300)))
    np.testing.assert_allclose(got, expected, atol=.02)


def test_triangles_that_repeat_a_vertex_are_dropped(tiny_model):
    arrays = tiny_model.mean_vertices, tiny_model.triangles, tiny_model.landmarks
    vertices, triangles, landmarks = (array.numpy() for array in arrays)
    expected = decimation.decimate(vertices, triangles, landmarks, 300)
    got = decimation.decimate(vertices, np.concatenate([triangles, [[5, 5, 9], [7, 7, 7]]]), landmarks, 300)
    for field, same in zip(got, expected, strict=True):
        np.testing.assert_array_equal(field, same)


@pytest.mark.parametrize("n", [0, 643])
def test_impossible_numbers_are_refused(tiny_model, n):
    with pytest.raises(ValueError, match=f"found n = {n}, expected at most the 642 vertices of the model"):
        tiny_model.decimated(n)


def test_too_few_vertices_are_refused(tiny_model):
    with pytest.raises(ValueError, match=r"found n = 60, expected more: the borders, landmarks and form .* take \d\d\d? vertices"):
        tiny_model.decimated(60)


def test_landmarks_beside_the_mesh_are_refused(tiny_model):
    triangles = tiny_model.triangles.numpy()
    triangles = triangles[(triangles != int(tiny_model.landmarks[30])).all(1)]
    with pytest.raises(ValueError, match="found landmarks on no triangle: 30 .counted from 0.; expected all 68 on the mesh"):
        decimation.decimate(tiny_model.mean_vertices.numpy(), triangles, tiny_model.landmarks.numpy(), 300)


def test_blendshapes_come_along_and_uvs_do_not(tiny_model):
    """A blendshape that is a mode of the model moves the coarse mesh as that mode does."""
    mode = tiny_model.expression_basis.numpy()[0].reshape(-1, 3)
    atlas = Atlas(np.zeros([642, 2], np.float32), tiny_model.triangles.numpy())
    model = MorphableModel("named", tiny_model.mean_vertices, tiny_model.mean_colors, tiny_model.shape_basis,
                           tiny_model.texture_basis, tiny_model.expression_basis, tiny_model.triangles, tiny_model.landmarks,
                           {"jawOpen": mode}, atlas)
    coarse = model.decimated(300)
    np.testing.assert_allclose(coarse.blendshapes["jawOpen"].ravel(), coarse.expression_basis[0], atol=1e-5)
    assert coarse.uvs is None and np.linalg.norm(coarse.blendshapes["jawOpen"]) > 1.
