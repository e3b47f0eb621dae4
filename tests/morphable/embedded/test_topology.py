"""The mesh of the embedded model: a surface without flaws, with landmarks, parts and texture coordinates where they belong."""
import networkx
import numpy as np
import pytest
import trimesh
from scipy import sparse
from scipy.spatial import cKDTree

from morph3d.mesh import polygons, uv_atlas
from morph3d.mesh.registration import from_points
from morph3d.morphable import embedded, landmarks
from morph3d.morphable.embedded import topology

EYES, TEETH = ("left_eye", "right_eye"), ("lower_teeth", "upper_teeth")
SKIN = ("head", "mouth", "right_socket", "left_socket", "neck")


@pytest.fixture(scope="module")
def refined(mesh):
    return topology.refined(mesh)


def surfaces(vertices, mesh):
    """{names of the parts in it: trimesh} of each connected piece."""
    pieces = polygons.pieces(len(vertices), mesh.triangles)
    found = {}
    for piece in range(pieces.max() + 1):
        mine = pieces == piece
        names = tuple(name for name, part in mesh.parts.items() if part[mine].any())
        used, triangles = np.unique(mesh.triangles[mine[mesh.triangles[:, 0]]], return_inverse=True)
        found[names] = trimesh.Trimesh(vertices[used], triangles.reshape(-1, 3), process=False)
    return found


def borders(surface):
    """The places [N, 3] of each border of a surface."""
    edges, uses = np.unique(np.sort(surface.edges, 1), axis=0, return_counts=True)
    assert uses.max() == 2
    graph = networkx.Graph(edges[uses == 1].tolist())
    assert {degree for _, degree in graph.degree} <= {2}
    return [surface.vertices[list(loop)] for loop in networkx.connected_components(graph)]


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


def test_sizes(mesh, refined, published):
    assert mesh.matrix.shape == (embedded.NAMES["embedded"], 4052) and mesh.triangles.shape == mesh.uvs.corners.shape == (33312, 3)
    assert refined[0].matrix.shape == (embedded.NAMES["embedded-67k"], 4052) and len(refined[0].triangles) == 4 * 33312
    np.testing.assert_array_equal(np.unique(mesh.triangles), np.arange(len(published)))


def test_vertices_are_means_of_the_cage(mesh, refined):
    """The swollen eyes too: a head that moves takes its eyes along. All weights but those of the eyes are positive."""
    for matrix in (mesh.matrix, refined[0].matrix):
        np.testing.assert_allclose(matrix.sum(1), 1., atol=1e-12)
    eyes = mesh.parts["left_eye"] | mesh.parts["right_eye"]
    assert mesh.matrix[~eyes].data.min() >= 0.


def test_pieces_are_skin_eyes_and_teeth(mesh, published):
    assert set(surfaces(published, mesh)) == {SKIN, *((name,) for name in EYES + TEETH)}


def test_skin_is_open_at_the_neck_and_behind_the_lids_alone(mesh, published):
    """Nostrils, ears and the mouth's inside are closed."""
    skin, = (surface for names, surface in surfaces(published, mesh).items() if len(names) > 1)
    neck, right, left = sorted(borders(skin), key=lambda loop: loop[:, 0].mean() + 1e3 * (loop[:, 1].mean() > 650.))
    assert neck[:, 1].max() < 650.
    for loop, name in ((right, "right_eye"), (left, "left_eye")):
        eye = published[mesh.parts[name]]
        assert np.linalg.norm((loop - eye.mean(0))[:, :2], axis=1).max() < np.ptp(eye[:, 0])
        assert loop[:, 2].max() < published[mesh.landmarks[landmarks.LEFT_EYE], 2].max()


@pytest.mark.parametrize("names", [(name,) for name in EYES + TEETH])
def test_eyes_and_teeth_are_open_at_the_back_alone(mesh, published, names):
    surface = surfaces(published, mesh)[names]
    loop, = borders(surface)
    assert loop[:, 2].mean() < surface.vertices[:, 2].mean()


def test_all_surfaces_face_outward(mesh, published):
    for names, surface in surfaces(published, mesh).items():
        assert surface.is_winding_consistent, names
        # About a point of the largest border, which then adds nothing to the volume.
        surface.vertices -= max(borders(surface), key=len).mean(0)
        assert surface.volume > 100., names
        if names[0] in EYES:
            center = surface.vertices.mean(0) - [0., 0., 12.]
            assert ((surface.triangles_center - center) * surface.face_normals).sum(1).min() > 0.


def test_quads_are_split_along_their_shorter_diagonal(mesh, published):
    first, second = published[mesh.triangles[::2]], published[mesh.triangles[1::2]]
    np.testing.assert_array_equal(mesh.triangles[::2, [0, 2]], mesh.triangles[1::2, :2])
    taken, other = np.linalg.norm(first[:, 0] - first[:, 2], axis=1), np.linalg.norm(first[:, 1] - second[:, 2], axis=1)
    assert (taken <= other + 1e-9).all()


def test_the_mesh_is_the_same_on_both_sides(published):
    assert cKDTree(published).query(published * [-1., 1., 1.])[0].max() < 1e-9


def test_landmarks_are_distinct_and_mirror_each_other(mesh, published):
    point = published[mesh.landmarks]
    assert len(set(mesh.landmarks.tolist())) == 68
    np.testing.assert_allclose(point * [-1., 1., 1.], point[landmarks.MIRROR], atol=1e-9)
    assert mesh.parts["head"][mesh.landmarks].all()


def test_landmarks_lie_as_on_an_average_face(mesh, crowd_vertices):
    point = crowd_vertices.mean(0)[mesh.landmarks]
    off = np.linalg.norm(from_points(point, landmarks.AVERAGE_FACE).apply(point) - landmarks.AVERAGE_FACE, axis=1)
    assert off.max() < 9.5 and off.mean() < 4.5


def test_landmarks_are_in_their_order(mesh, published):
    point = published[mesh.landmarks]
    assert published[mesh.parts["head"], 2].max() - point[30, 2] < .5  # the tip of the nose is the frontmost point of the skin
    np.testing.assert_allclose(point[[8, *range(27, 31), 33, 51, 57, 62, 66], 0], 0., atol=1e-9)
    down = landmarks.LEFT_BROW, landmarks.LEFT_EYE, landmarks.NOSE_BASE, landmarks.OUTER_LIPS, [landmarks.CHIN]
    assert (np.diff([point[part][:, 1].mean() for part in down]) < -10.).all()
    assert (np.diff(point[landmarks.JAW, 0])[1:-1] > 0.).all()  # from the subject's right (-x) to the left
    for row in (landmarks.LEFT_BROW, landmarks.NOSE_BASE, slice(48, 55), slice(60, 65)):
        assert (np.diff(point[row, 0]) > 0.).all()
    assert (np.diff(point[landmarks.NOSE_BRIDGE, 1]) < 0.).all()
    for upper, lower in (([43, 44], [47, 46]), ([61, 62, 63], [67, 66, 65]), (range(49, 54), range(59, 54, -1))):
        assert (point[upper, 1] > point[list(lower), 1]).all()


def test_parts_share_no_vertex_and_leave_none(mesh, head, published):
    np.testing.assert_array_equal(np.sum(list(mesh.parts.values()), axis=0), 1)
    for name, part in mesh.parts.items():
        cage = head.vertices[head.quads[head.parts[name]]]
        near = np.concatenate([*np.moveaxis(cage, 1, 0), cage.mean(1), *((cage + np.roll(cage, 1, 1)) / 2.).transpose(1, 0, 2)])
        assert cKDTree(near).query(published[part])[0].max() < 5., name
    for one, other in zip(EYES + ("left_socket",), EYES[::-1] + ("right_socket",), strict=True):
        assert mesh.parts[one].sum() == mesh.parts[other].sum()


def test_masks_are_where_landmarks_say(mesh, published):
    at = {name: mask[mesh.landmarks] for name, mask in mesh.masks.items()}
    assert at["lips"][landmarks.INNER_LIPS].min() > .9 and np.delete(at["lips"], np.r_[48:68]).max() < .1
    outer = np.r_[49:54, 55:60]  # the border of the vermilion: between inside and outside
    assert .4 < at["lips"][outer].min() and at["lips"][outer].max() < .7
    assert at["eyelids"][36:48].min() > .8 and np.delete(at["eyelids"], np.r_[36:48]).max() < .2
    ears = published[mesh.masks["ears"] > .5]
    assert np.abs(ears[:, 0]).min() > 55. and at["ears"].max() < .2
    assert abs(ears[:, 1].mean() - published[mesh.landmarks[29], 1]) < 30.
    for mask in mesh.masks.values():
        assert 0. <= mask.min() and mask.max() <= 1.


@pytest.mark.parametrize("person", [None, 0, 1, 2, 3])
def test_eyeballs_show_through_the_lids(mesh, published, crowd_vertices, person):
    """Rays at the eyes meet eyeballs first; those at the lids and brows around meet skin."""
    vertices = published if person is None else crowd_vertices[person]
    eyeballs = mesh.parts["left_eye"] | mesh.parts["right_eye"]

    def sees_eyeball(place):
        return eyeballs[mesh.triangles[frontmost(vertices, mesh.triangles, place[:2])]].all()

    point = vertices[mesh.landmarks]
    for eye in (range(36, 42), range(42, 48)):
        corners, middle = point[[eye[0], eye[3]]], point[eye].mean(0)
        for place in (middle, .6 * middle + .4 * corners[0], .6 * middle + .4 * corners[1]):
            assert sees_eyeball(place + [.01, .02, 0.])
        for number in eye:
            assert not sees_eyeball(point[number] + .25 * (point[number] - middle))
    assert not sees_eyeball(point[24])


def test_texture_coordinates_serve(mesh, refined):
    for each in (mesh, refined[0]):
        each.uvs.checked(each.triangles)
        assert uv_atlas.serves(each.uvs) and uv_atlas.serves(each.uvs, 1024)


def test_texture_coordinates_turn_with_the_surface_and_stretch_little(mesh, published):
    """No triangle is mirrored, and on the face a millimeter is about as many texels everywhere."""
    a, b, c = np.moveaxis(mesh.uvs.uvs[mesh.uvs.corners].astype(float), 1, 0)
    flat = np.cross(b - a, c - a)
    assert np.mean(flat > 0.) > .999
    a, b, c = np.moveaxis(published[mesh.triangles], 1, 0)
    scale = np.sqrt(np.abs(flat) / np.linalg.norm(np.cross(b - a, c - a), axis=1))
    face = mesh.parts["head"][mesh.triangles].all(1) & (published[mesh.triangles, 2].min(1) > 100.)
    low, high = np.percentile(scale[face], [5, 95])
    assert high / low < 3.5


def test_the_finer_mesh_is_the_same_surface(mesh, refined, head, published):
    fine, _ = refined
    vertices = fine.matrix @ head.vertices
    distance = trimesh.proximity.closest_point(trimesh.Trimesh(published, mesh.triangles, process=False), vertices[::29])[1]
    assert distance.mean() < .05 and distance.max() < 1.
    np.testing.assert_array_equal(fine.landmarks, mesh.landmarks)
    assert np.linalg.norm(vertices[fine.landmarks] - published[mesh.landmarks], axis=1).max() < 1.
    for names, surface in surfaces(vertices, fine._replace(parts={"all": np.ones(len(vertices), bool)})).items():
        assert surface.is_winding_consistent, names
    np.testing.assert_allclose(fine.uvs.uvs[:len(mesh.uvs.uvs)], mesh.uvs.uvs, atol=1e-6)


def test_the_finer_mesh_takes_the_colors_of_the_old_vertices_and_means_between_them(mesh, refined):
    fine, onto = refined
    count = len(mesh.parts["head"])
    assert onto.shape == (fine.matrix.shape[0], count)
    assert abs(onto[:count] - sparse.identity(count)).max() == 0.
    np.testing.assert_allclose(onto.sum(1), 1., atol=1e-12)
    assert set(np.diff(onto.tocsr().indptr)[count:]) == {2, 4} and onto.data.min() > 0.
