"""Maps of errors: the colors mean what the scale says."""
import matplotlib
import numpy as np
import pytest
import trimesh

from morph3d.evaluation.geometry import error_maps, measurement, protocols
from morph3d.evaluation.geometry.scans import Scan
from morph3d.mesh.mesh import Mesh
from morph3d.mesh.registration import Similarity
from morph3d.morphable import landmarks


@pytest.fixture(scope="module")
def shown(tiny_model, tiny_reconstructor):
    """Errors of 2.5 mm on the subject's left, 9 mm on the right, and none compared above the eyes."""
    vertices = tiny_model.mean_vertices.numpy()
    distances = np.where(vertices[:, 0] > 0., 2.5, 9.)
    distances[vertices[:, 1] > 50.] = np.nan
    named = dict(zip(landmarks.NAMES, vertices[tiny_model.landmarks.numpy()], strict=True))
    scan = Scan("head", Mesh(vertices, tiny_model.triangles.numpy()), named)
    measured = protocols.Measured(2.5, distances, Similarity(1., np.eye(3), np.zeros(3)))
    return measurement.Shown(scan, tiny_reconstructor.mean_face, measured)


def color(share):
    return np.array(matplotlib.colormaps[error_maps.COLORS](share)[:3])


def test_colors_are_those_of_the_scale(shown):
    mesh = error_maps.colored(shown)
    left, right, top = (mesh.vertices[:, 0] > 0.), (mesh.vertices[:, 0] < 0.), mesh.vertices[:, 1] > 50.
    np.testing.assert_allclose(mesh.colors[left & ~top] - color(.5), 0., atol=1e-6)
    np.testing.assert_allclose(mesh.colors[right & ~top] - color(1.), 0., atol=1e-6)
    np.testing.assert_allclose(mesh.colors[top], error_maps.NOT_COMPARED)


def test_the_picture_shows_scan_face_map_and_scale(shown):
    picture = error_maps.draw(shown)
    size = error_maps.SIZE
    assert picture.shape == (size, 3 * size + error_maps.BAR, 3)
    middle = size // 2 + 30
    assert np.ptp(picture[middle, size // 2].astype(int)) == 0  # the scan is gray
    np.testing.assert_allclose(picture[middle, 2 * size + size // 2 + 60], 255. * color(.5), atol=3)  # the subject's left
    np.testing.assert_allclose(picture[middle, 2 * size + size // 2 - 60], 255. * color(1.), atol=3)
    bar = picture[40:size - 40, 3 * size + 20]
    np.testing.assert_allclose(bar[[0, -1]], [255. * color(1.), 255. * color(0.)], atol=3)


def test_a_scan_in_any_pose_is_shown_upright(shown):
    turn = np.array([[0., -1., 0.], [1., 0., 0.], [0., 0., 1.]])
    moved = Scan("head", Mesh(shown.scan.mesh.vertices @ turn.T + 500., shown.scan.mesh.triangles),
                 {name: turn @ place + 500. for name, place in shown.scan.landmarks.items()})
    measured = shown.measured._replace(similarity=Similarity(1., turn, np.full(3, 500.)))
    difference = np.abs(error_maps.draw(measurement.Shown(moved, shown.face, measured)).astype(int) - error_maps.draw(shown))
    assert np.mean(difference.max(2) > 3) < .01


def test_the_files_are_a_colored_ply_and_a_picture(shown, tmp_path):
    ply, png = error_maps.write(shown, tmp_path / "maps", "head")
    read = trimesh.load(ply, process=False)
    np.testing.assert_allclose(read.visual.vertex_colors[:, :3] / 255., error_maps.colored(shown).colors, atol=.01)
    assert png.stat().st_size > 1000
