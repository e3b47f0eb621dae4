"""The embedded model: its mesh, its proportions against the surveys, its population and its modes."""
import concurrent.futures

import numpy as np
import pytest
import trimesh
from scipy import spatial

from morph3d.morphable import embedded, landmarks
from morph3d.morphable.coefficients import Coefficients
from morph3d.morphable.embedded import expressions, population, relief, template
from morph3d.morphable.embedded.sculpture import MEAN, Head, ellipsoid, smooth_min
from tests.models import SMALL, TINY


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        yield embedded.read(SMALL)


@pytest.fixture(scope="module")
def mesh():
    return template.build(1.2)


@pytest.fixture(scope="module")
def average():
    return {name: population.pooled(name)[0] for name in population.SURVEYED}


@pytest.fixture(scope="module")
def heads(mesh):
    """Measures and vertices of 48 random heads."""
    measures = population.draw(48, seed=5)
    return measures, np.stack([template.register(mesh, Head(**head)) for head in measures])


def sizes(mesh, vertices):
    """The surveyed measures as a calliper would take them from the vertices, mm."""
    point, skin = vertices[mesh.landmarks], vertices[~mesh.eyeballs]
    x, y, z = skin.T

    def distance(a, b):
        return np.linalg.norm(point[a] - point[b])

    def eye(part):
        return point[part].mean(0)

    wing = (np.abs(y - point[33, 1] - 6.) < 5.) & (z > point[33, 2] - 4.)
    return dict(face_length=distance(27, 8), nose_length=distance(27, 33), nose_protrusion=distance(33, 30),
                lip_length=distance(48, 54), eye_length=distance(42, 45),
                interpupillary=eye(landmarks.LEFT_EYE)[0] - eye(landmarks.RIGHT_EYE)[0],
                nose_breadth=2. * x[wing].max(),
                head_breadth=2. * x[y > 30.].max(), face_breadth=2. * x[(y < 0.) & (y > -30.) & (z > 12.)].max(),
                head_length=z[y > 10.].max() - z.min())


def areas(vertices, triangles):
    """Twice the vector area of each triangle, [F, 3]."""
    a, b, c = np.moveaxis(vertices[triangles], 1, 0)
    return np.cross(b - a, c - a)


def test_ellipsoid_is_exact_for_a_sphere():
    points = np.random.default_rng(0).normal(size=(3, 50)) * 20.
    expected = np.linalg.norm(points - [[1.], [2.], [3.]], axis=0) - 5.
    np.testing.assert_allclose(ellipsoid(points, (1., 2., 3.), (5., 5., 5.)), expected, atol=1e-9)


def test_smooth_min_is_a_union_away_from_the_fillet_and_never_outside_it():
    a, b = np.meshgrid(np.linspace(-9., 9., 31), np.linspace(-9., 9., 31))
    united = smooth_min(a, b, 4.)
    far = np.abs(a - b) >= 4.
    np.testing.assert_array_equal(united[far], np.minimum(a, b)[far])
    assert (united[~far] < np.minimum(a, b)[~far]).all()


def test_field_slopes_like_a_distance_near_the_skin():
    head = Head()
    points = np.random.default_rng(1).uniform([0., -130., -100.], [90., 120., 120.], (20000, 3))
    _, slope = template_gradient(head, points)
    near = np.abs(head.field(points.T.copy())) < 3.
    slopes = np.linalg.norm(slope[near], axis=1)
    assert near.sum() > 500
    assert np.mean((slopes > .6) & (slopes < 1.4)) > .95


def template_gradient(head, points, step=1e-3):
    """Central differences, unlike the code's own."""
    slope = [(head.field((points + d).T.copy()) - head.field((points - d).T.copy())) / (2. * step)
             for d in step * np.eye(3)]
    return None, np.stack(slope, 1)


def test_unknown_measure_is_refused():
    with pytest.raises(ValueError, match="unknown measures of a head: .'nose_color'"):
        Head(nose_color=3.)


def test_skin_is_closed_and_faces_outwards(mesh):
    skin_vertices = np.flatnonzero(~mesh.eyeballs)
    triangles = mesh.triangles[~mesh.eyeballs[mesh.triangles].any(1)]
    vertices = template.whole(Head(mouth_gap=template.MOUTH_GAP), mesh.half, mesh.seam)
    skin = trimesh.Trimesh(vertices[skin_vertices], triangles, process=False)
    assert skin.is_watertight and skin.is_winding_consistent
    assert 3.5e6 < skin.volume < 5e6  # mm3: a head and the upper neck; negative if the triangles were turned
    eyes = mesh.triangles[mesh.eyeballs[mesh.triangles].all(1)]
    assert len(eyes) + len(triangles) == len(mesh.triangles)
    assert (areas(vertices, eyes)[:, 2] > -1e-6).all()


def test_projection_puts_the_vertices_on_the_skin(mesh, heads):
    for measures, vertices in zip(*heads):
        half = vertices[:len(mesh.half)]
        off = np.abs(Head(**measures).field(half.T.copy()))[mesh.follow == 1.]
        assert np.mean(off < .3) > .97


def test_average_head_has_the_surveyed_sizes(mesh, average):
    measured = sizes(mesh, template.register(mesh, Head(**average)))
    for name, value in measured.items():
        assert abs(value - average[name]) < max(.05 * average[name], 1.5), name


def test_population_follows_the_measures_it_was_given(mesh, heads):
    given, vertices = heads
    measured = [sizes(mesh, head) for head in vertices]
    for name in measured[0]:
        wanted, found = (np.array([head[name] for head in list_]) for list_ in (given, measured))
        assert np.corrcoef(wanted, found)[0, 1] > .9, name
        assert .7 < found.std() / wanted.std() < 1.3, name


def test_draw_has_the_surveys_statistics():
    drawn = population.draw(4000, seed=1)
    for name in population.SURVEYED:
        values = np.array([head[name] for head in drawn])
        mean, deviation = population.pooled(name)
        assert abs(values.mean() - mean) < .1 * deviation, name
        assert abs(values.std() / deviation - 1.) < .08, name  # the clipping at LIMIT takes a few per cent


def test_draw_is_deterministic_and_names_only_measures():
    assert population.draw(6, seed=3) == population.draw(6, seed=3)
    assert population.draw(6, seed=3) != population.draw(6, seed=4)
    assert set(population.draw(1, seed=0)[0]) <= set(MEAN)


def test_landmarks_of_the_mean_face(model):
    vertices = model.mean_vertices.numpy()
    point = vertices[model.landmarks.numpy()]
    assert len(set(model.landmarks.numpy().tolist())) == 68
    sides = np.flatnonzero(landmarks.MIRROR != np.arange(68))
    np.testing.assert_allclose(point[sides] * [-1., 1., 1.], point[landmarks.MIRROR[sides]], atol=1e-3)
    assert vertices[:, 2].max() - point[30, 2] < 1.5  # the tip of the nose is the frontmost point
    np.testing.assert_allclose(point[landmarks.NOSE_BRIDGE, 0], 0., atol=1.5)
    heights = [point[part][:, 1].mean() for part in (landmarks.LEFT_BROW, landmarks.LEFT_EYE, landmarks.NOSE_BASE,
                                                     landmarks.OUTER_LIPS)] + [point[landmarks.CHIN, 1]]
    assert (np.diff(heights) < -10.).all()
    assert (np.diff(point[landmarks.JAW, 0])[2:-2] > 0.).all()  # from the subject's right (-x) to the left; then up
    lips = point[landmarks.INNER_LIPS]
    assert (lips[1:4, 1] >= lips[[7, 6, 5], 1] - .2).all()  # the upper edge is not below the lower one


def test_eyeballs_show_through_the_lids(mesh, average):
    """A ray at the pupil meets the eyeball first; one at the middle of the brow meets skin."""
    vertices = template.register(mesh, Head(**average))
    eye = vertices[mesh.eyeballs][0]
    brow = vertices[mesh.landmarks[24]]
    for place, expected in ((eye, True), (brow, False)):
        first = frontmost(vertices, mesh.triangles, place[:2] + [.3, .2])
        assert mesh.eyeballs[mesh.triangles[first]].all() == expected


def frontmost(vertices, triangles, place):
    """The triangle that a ray along -z through (x, y) meets first."""
    corners = vertices[triangles]
    sides = corners[:, [1, 2, 0], :2] - corners[..., :2]
    away = place - corners[..., :2]
    turns = sides[..., 0] * away[..., 1] - sides[..., 1] * away[..., 0]
    hit = np.flatnonzero((turns >= 0.).all(1) | (turns <= 0.).all(1))
    weights = np.roll(turns[hit], -1, 1)
    depth = (weights * corners[hit, :, 2]).sum(1) / weights.sum(1)
    return hit[depth.argmax()]


def test_modes_are_orthogonal_and_ordered(model):
    basis = model.shape_basis.numpy().astype(np.float64)
    gram = basis @ basis.T
    energy = np.diag(gram)
    assert (np.diff(energy) <= 0.).all()
    assert np.abs(gram - np.diag(energy)).max() < 1e-4 * energy[0]


def test_few_triangles_turn_over_in_strong_faces(model):
    triangles = model.triangles.numpy()
    neutral = areas(model.mean_vertices.numpy(), triangles)
    for mode in range(8):
        for amount in (-2., 2.):
            shape = np.zeros([1, mode + 1], np.float32)
            shape[0, mode] = amount
            face = model.instance(Coefficients(shape, np.zeros([1, 0], np.float32), None))[0].numpy()[0]
            assert np.mean((areas(face, triangles) * neutral).sum(1) < 0.) < .01


@pytest.fixture(scope="module")
def act(mesh, average):
    """Strengths by name -> the displacement of the template's landmarks when both sides make the same."""
    neutral = template.register(mesh, Head(**average))

    def displacement(**strengths):
        nothing = dict.fromkeys((*expressions.MEASURED, *expressions.PUSHED), 0.)
        return expressions._symmetric(mesh, neutral, average, nothing | strengths)[mesh.landmarks]

    return displacement


def test_jaw_drop_opens_the_mouth_and_keeps_the_forehead(act):
    moved = act(jaw_drop=1.)
    assert moved[66, 1] < -5. and moved[8, 1] < -5.
    assert np.abs(moved[[27, 17, 26, 62]]).max() < 1.5


@pytest.mark.parametrize("unit, point, axis, least", [
    ("lip_corner_puller", 54, 0, 2.), ("lip_corner_puller", 54, 1, 1.), ("lip_corner_depressor", 54, 1, -1.),
    ("lip_pucker", 54, 0, -2.), ("inner_brow_raiser", 22, 1, 2.), ("outer_brow_raiser", 25, 1, 2.), ("brow_lowerer", 22, 1, -2.),
    ("eyes_closed", 43, 1, -1.), ("upper_lid_raiser", 43, 1, .5), ("jaw_drop", 8, 1, -5.)])
def test_action_units_move_what_they_are_named_after(act, unit, point, axis, least):
    assert act(**{unit: 1.})[point, axis] / least > 1.


def test_expressions_are_uneven_and_leave_eyeballs_and_skull_alone(mesh, average):
    with concurrent.futures.ThreadPoolExecutor(2) as threads:
        acts = expressions.draw(mesh, average, 12, np.random.default_rng(0), threads)
    assert not acts[:, mesh.eyeballs].any()
    assert not acts[:, template.register(mesh, Head(**average))[:, 2] < -31.].any()
    left, right = acts[:, mesh.landmarks[54]], acts[:, mesh.landmarks[48]] * [-1., 1., 1.]
    assert np.abs(left).max() > 1. and .05 < np.abs(left - right).max() < 8.


def test_relief_is_mostly_symmetric_and_moves_eyeballs_as_wholes(mesh, heads):
    vertices = heads[1].mean(0)
    bumps = relief.Relief(vertices.astype(np.float32), mesh.landmarks, mesh.eyeballs)
    random = np.random.default_rng(0)
    fields = np.stack([bumps(random) for _ in range(40)])
    eyes = fields[:, mesh.eyeballs].reshape(40, 2, -1, 3)
    np.testing.assert_allclose(eyes, np.broadcast_to(eyes[:, :, :1], eyes.shape), atol=1e-6)
    twin = spatial.cKDTree(vertices).query(vertices * [-1., 1., 1.])[1]
    mirrored = fields[:, twin] * [-1., 1., 1.]
    uneven = np.std(fields - mirrored) / np.std(fields + mirrored)
    assert .15 < uneven < .5
    assert .3 < fields.std() < 1.5 and np.abs(fields[:, vertices[:, 2] < -30.]).max() < .2


def test_building_is_deterministic():
    first, second = (embedded.sculpt(TINY) for _ in range(2))
    for name, array in first.items():
        np.testing.assert_array_equal(array, second[name], err_msg=name)


def test_one_head_is_not_a_population():
    with pytest.raises(ValueError, match="there must be at least 2 heads to vary, found 1"):
        embedded.read(embedded.Recipe(heads=1))
