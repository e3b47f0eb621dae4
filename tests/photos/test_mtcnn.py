"""MTCNN: where its weights come from, how often its graphs are traced, and how sure it is of what it finds."""
import subprocess
import sys

import cv2
import numpy as np

from morph3d.photos import face_detection, mtcnn


def test_traces_once_for_all_sizes(astronaut):
    for size in 100, 150, 210:
        face_detection.detect(cv2.resize(astronaut, (size, size + 7)))
    assert [network.experimental_get_tracing_count() for network in mtcnn.networks()] == [1, 1, 1]


def test_pictures_without_faces_give_none_and_the_order_is_kept(astronaut):
    empty = np.zeros([60, 50, 3], np.uint8)
    before, face, after = mtcnn.search([empty, astronaut, empty])
    for faces in before, after:
        assert [part.shape for part in faces] == [(0, 4), (0, 5, 2), (0,)]
    assert [part.shape for part in face] == [(1, 4), (1, 5, 2), (1,)]
    assert (face.boxes[0, :2] < face.points[0]).all() and (face.points[0] < face.boxes[0, 2:]).all()


def test_an_upright_face_is_seen_more_surely_than_what_is_seen_in_one_upside_down(astronaut):
    face, = mtcnn.search([astronaut])
    shrunk = cv2.resize(astronaut, (300, 300), interpolation=cv2.INTER_AREA)
    turned = mtcnn.search([np.ascontiguousarray(np.rot90(shrunk, quarters)) for quarters in (1, 2, 3)])
    assert face.confidences[0] > face_detection.SURE > max(faces.confidences.max(initial=0.) for faces in turned)


def test_a_face_is_as_sure_in_its_own_box_as_in_the_search(astronaut):
    """The search's first look is at nearly that box."""
    face, = mtcnn.search([astronaut])
    seen, = mtcnn.examine([astronaut], face.boxes)
    np.testing.assert_allclose(seen.confidences, face.confidences, atol=.01)
    np.testing.assert_allclose(seen.points, face.points, atol=2.)


def test_the_confidence_is_the_mean_over_the_looks(astronaut, monkeypatch):
    """A network that is surer at every look, and moves no box."""
    seen = iter([.9, .96, .99])
    monkeypatch.setattr(mtcnn, "networks", lambda: [lambda stack, boxes, owners: (
        np.zeros([len(boxes), 4]), np.full(len(boxes), next(seen)), np.full([len(boxes), 10], .5))] * 3)
    face, = mtcnn.examine([astronaut], np.float64([[150., 50., 300., 200.]]))
    np.testing.assert_allclose(face.confidences, [.95])
    np.testing.assert_allclose(face.points[0], np.full([5, 2], [225., 125.]))


def test_the_networks_weights_are_the_packages_whatever_lies_in_the_working_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pnet.lz4").write_bytes(b"somebody else's")
    mtcnn._network("pnet", [(2, "SAME"), None, None])


def test_reading_the_weights_leaves_no_file_to_be_complained_about(pytestconfig):
    code = "from morph3d.photos import mtcnn; mtcnn._network('pnet', [None] * 3)"
    result = subprocess.run([sys.executable, "-X", "dev", "-c", code], cwd=pytestconfig.rootpath, capture_output=True, text=True)
    assert result.returncode == 0 and "lz4" not in result.stderr, result.stderr
