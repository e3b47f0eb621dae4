"""Files in the published Basel layouts, written here number by number, and one real file."""
import json

import h5py
import numpy as np
import pytest
from scipy import spatial

from morph3d import morphable
from morph3d.morphable import basel, basel_landmarks
from morph3d.morphable.coefficients import Coefficients

NAMES = basel_landmarks.NAMES
TURN = spatial.transform.Rotation.from_euler("xyz", [4., -6., 3.], degrees=True)


def _swell(points):
    """A narrower forehead, a wider and longer lower face: no similarity does that."""
    x, y, z = points.T
    return np.stack([x * (1. - .004 * y), y - .0015 * y * np.abs(y), z], 1)


class FaceFile:
    """A face of 68 vertices, its landmarks, in the layout of 2017; a test changes `datasets` before it is read."""

    def __init__(self, path):
        random = np.random.default_rng(0)
        self.path = path
        # Wider, turned and elsewhere than the template that fills what the file does not name.
        self.points = TURN.apply(_swell(basel_landmarks.template())) + np.array([3., -5., 110.])
        triangles = spatial.Delaunay(self.points[:, :2]).simplices
        a, b, c = np.moveaxis(self.points[triangles], 1, 0)
        inward = np.cross(b - a, c - a)[:, 2] < 0
        triangles[inward] = triangles[inward][:, ::-1]
        self.landmarks = [{"id": name, "coordinates": self.points[i].tolist()} for name, i in NAMES.items()]
        self.datasets = {"shape/representer/cells": triangles.T.astype(np.uint32), "version/majorVersion": 0,
                         "metadata/landmarks/json": json.dumps(self.landmarks).encode()}
        self.basis = {}
        for group, mean, size in (("shape", self.points, 5), ("color", random.uniform(0, 1, (68, 3)), 4),
                                  ("expression", random.normal(size=(68, 3)), 3)):
            self.basis[group] = np.linalg.qr(random.normal(size=(204, size)))[0]
            self.datasets |= {f"{group}/model/mean": mean.ravel().astype(np.float32),
                              f"{group}/model/pcaBasis": self.basis[group].astype(np.float32),
                              f"{group}/model/pcaVariance": np.array([25., 16., 9., 4., 1.][:size], np.float32),
                              f"{group}/model/noiseVariance": np.zeros(1, np.float32)}

    def write(self):
        with h5py.File(self.path, "w") as file:
            for name, value in self.datasets.items():
                file[name] = value
        return self.path

    def read(self):
        return basel.read(self.write())


@pytest.fixture
def face(tmp_path):
    return FaceFile(tmp_path / "model2017-1_test.h5")


def test_a_coefficient_moves_by_one_standard_deviation(face):
    model = face.read()
    assert model.name == "model2017-1_test" and model.sizes == (5, 4, 3)
    np.testing.assert_allclose(model.mean_vertices, face.points, rtol=1e-6)
    shape, texture, expression = (np.eye(1, size, k) for size, k in ((5, 1), (4, 3), (3, 2)))
    vertices, colors = model.instance(Coefficients(2 * shape, texture, expression))
    # Standard deviations 4, 2, 3 are the roots of the variances 16, 4, 9; the expressions' mean is not there.
    expected = face.points + (2 * 4 * face.basis["shape"][:, 1] + 3 * face.basis["expression"][:, 2]).reshape(68, 3)
    np.testing.assert_allclose(vertices[0], expected, atol=1e-4)
    expected = face.datasets["color/model/mean"] + 2 * face.basis["color"][:, 3]
    np.testing.assert_allclose(colors[0], expected.reshape(68, 3), atol=1e-5)


def test_the_face_of_zeros_is_the_mean_shape_without_the_mean_expression(face):
    model = face.read()
    zeros = Coefficients(*(np.zeros([1, size]) for size in model.sizes))
    np.testing.assert_allclose(model.instance(zeros)[0][0], face.points, rtol=1e-6)
    assert np.abs(face.datasets["expression/model/mean"]).max() > 1.


def test_a_file_without_expressions(face):
    face.datasets = {name: value for name, value in face.datasets.items() if not name.startswith("expression")}
    assert face.read().sizes == (5, 4, 0)


def test_the_layout_of_2009_with_8_bit_colours(face):
    cells = face.datasets.pop("shape/representer/cells")
    face.datasets["shape/representer/reference-mesh/triangle-list"] = cells.astype(np.int32)
    face.datasets["shape/representer/reference-mesh/vertex-coordinates"] = face.points.T
    colors = face.datasets["color/model/mean"]
    face.datasets["color/model/mean"] = 255. * colors
    model = face.read()
    np.testing.assert_array_equal(model.triangles, cells.T)
    np.testing.assert_allclose(model.mean_colors, colors.reshape(68, 3), rtol=1e-6)
    np.testing.assert_allclose(model.texture_basis[0], 5. / 255. * face.basis["color"][:, 0], atol=1e-7)


def _text(landmarks):
    return "".join("{} 1 {} {} {}\n".format(point["id"], *point["coordinates"]) for point in landmarks).encode()


@pytest.mark.parametrize("kind, encode", [
    ("json", lambda points: json.dumps(points).encode()),
    ("json", lambda points: json.dumps(points)),
    ("json", lambda points: np.array([json.dumps(points).encode()])),
    ("json", lambda points: np.array([json.dumps(points)], h5py.string_dtype())),
    ("text", _text),
], ids=["bytes", "str", "array of bytes", "array of str", "old text"])
def test_landmarks_in_every_encoding(face, kind, encode):
    del face.datasets["metadata/landmarks/json"]
    face.landmarks.append({"id": "left.ear.tragus.tip", "coordinates": [0., 0., 0.]})
    face.datasets[f"metadata/landmarks/{kind}"] = encode(face.landmarks)
    np.testing.assert_array_equal(face.read().landmarks, np.arange(68))


def test_a_landmark_goes_to_the_nearest_vertex_in_any_order_of_vertices(face):
    order = np.random.default_rng(3).permutation(68)
    named = {name: face.points[i] + np.full(3, .2) for name, i in NAMES.items()}
    got = basel_landmarks.indices("", face.points[order], named)
    np.testing.assert_array_equal(order[got], np.arange(68))


@pytest.mark.parametrize("turn, scale", [(0., 1.), (70., .8)])
def test_unnamed_landmarks_are_found_on_a_dense_surface(face, turn, scale):
    """Also where the face is turned: the template follows."""
    random = np.random.default_rng(2)
    points = scale * spatial.transform.Rotation.from_euler("y", turn, degrees=True).apply(face.points)
    surface = np.concatenate([points, *(points + random.normal(scale=2., size=(68, 3)) for _ in range(200))])
    named = {name: points[i] for name, i in NAMES.items()}
    got = basel_landmarks.indices("", surface, named)
    error = np.linalg.norm(surface[got] - points, axis=1)
    assert (got[list(NAMES.values())] == list(NAMES.values())).all()
    assert error[17:].max() < 6. and error[:17].max() < 10.  # along the jaw only the chin is named


def test_the_published_vertices_of_2017(face):
    vertices = np.random.default_rng(4).normal(scale=5., size=(basel_landmarks.VERTICES_2017, 3)) + np.array([0., 0., 500.])
    published = {8: 47846, 30: 8156, 36: 2602, 45: 13481, 48: 5522, 54: 10857, 60: 6291, 67: 7719}
    vertices[list(basel_landmarks.INDICES_2017)] = face.points[list(basel_landmarks.POINTS_2017)]
    got = basel_landmarks.indices("", vertices, {})
    assert {point: got[point] for point in published} == published


BROKEN = {
    "no basis": ({"shape/model/pcaBasis": None},
                 r"found no dataset shape/model/pcaBasis \(groups: color, .*get the file"),
    "no colour": ({"color/model/mean": None}, "found no dataset color/model/mean"),
    "no triangles": ({"shape/representer/cells": None}, "found no dataset shape/representer/cells"),
    "transposed": ({"color/model/pcaBasis": np.zeros((4, 204))},
                   r"pcaBasis \(4, 204\) .*expected \(3N,\), \(3N, K\) and \(K,\)"),
    "other size": ({"shape/model/pcaVariance": np.ones(4)}, r"pcaBasis \(204, 5\) and pcaVariance \(4,\), expected"),
    "not in threes": ({"shape/model/mean": np.ones(203)}, r"found shape/model with mean \(203,\)"),
    "negative": ({"expression/model/pcaVariance": -np.ones(3)},
                 "expression/model/pcaVariance with -1, expected no negative"),
    "quads": ({"shape/representer/cells": np.ones((4, 9), int)},
              r"shape/representer/cells of shape \(4, 9\), expected \(3, M\)"),
    "no such vertex": ({"shape/representer/cells": np.full((3, 9), 68)}, r"triangles must be vertex indices in 0..67"),
    "other colours": ({"color/model/mean": np.ones(30), "color/model/pcaBasis": np.ones((30, 4))},
                      r"mean_colors must have shape \[68, 3\], found \[10, 3\]"),
    "landmarks": ({"metadata/landmarks/json": b'{"id": 3}'}, "unreadable landmarks in metadata/landmarks/json"),
    "no landmarks": ({"metadata/landmarks/json": None},
                     "found no landmarks center.nose.tip, right.eye.corner_outer, .*write there .*center.nose.tip"),
    "one point": ({"shape/model/mean": np.ones(204)}, "outer eye corners 0 apart"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_file_is_refused_in_one_line(face, case):
    changes, message = BROKEN[case]
    face.datasets |= changes
    face.datasets = {name: value for name, value in face.datasets.items() if value is not None}
    with pytest.raises(ValueError, match=message) as error:
        face.read()
    assert "model2017-1_test" in str(error.value) and "\n" not in str(error.value)


def test_triangles_wound_the_other_way_are_refused(face):
    face.datasets["shape/representer/cells"] = face.datasets["shape/representer/cells"][::-1]
    with pytest.raises(ValueError, match=r"face inwards at the nose's tip, expected them counter-clock.*swap two rows"):
        face.read()


def test_metres_are_refused(face):
    face.datasets["shape/model/mean"] = face.points.ravel() / 1000.
    face.landmarks = [{**point, "coordinates": [x / 1000. for x in point["coordinates"]]} for point in face.landmarks]
    face.datasets["metadata/landmarks/json"] = json.dumps(face.landmarks)
    with pytest.raises(ValueError, match=r"outer eye corners 0.07\d+ apart, expected about 90 mm; convert .* milli"):
        face.read()


def test_a_file_that_is_none(tmp_path):
    path = tmp_path / "model.h5"
    with pytest.raises(ValueError, match=r"model.h5: no such file; expected a Basel Face Model"):
        basel.read(path)
    path.write_bytes(b"PK\x03\x04")
    with pytest.raises(ValueError, match=r"model.h5: found a file that is not HDF5, expected"):
        basel.read(path)


def test_a_file_that_was_cut_short_is_named(face):
    path = face.write()
    content = path.read_bytes()
    path.write_bytes(content[:len(content) // 2])
    with pytest.raises(ValueError, match="model2017-1_test.*found a damaged file"):
        basel.read(path)


def test_load_knows_a_file_by_its_content(face):
    face.path = face.path.with_suffix(".model")
    assert morphable.load(str(face.write())).sizes == (5, 4, 3)


def test_a_file_of_scalismo_faces(data_folder):
    """uint32 cells, scalar entries, landmarks in the old text, no expression; every number against the file's."""
    path = data_folder / "basel" / "random-l4.h5"
    model = morphable.load(path)
    assert model.sizes == (19, 19, 0) and model.mean_vertices.shape == (1529, 3) and model.triangles.shape == (3044, 3)
    with h5py.File(path) as file:
        group = file["shape/model"]
        expected = group["mean"][()] + 1.5 * group["pcaBasis"][:, 6] * np.sqrt(group["pcaVariance"][6])
        text = file["metadata/landmarks/text"][()].decode()
    vertices, _ = model.instance(Coefficients(1.5 * np.eye(1, 19, 6), np.zeros([1, 0])))
    np.testing.assert_allclose(np.ravel(vertices), expected, atol=1e-4)

    landmarks = model.mean_vertices.numpy()[model.landmarks.numpy()]
    named = {line.split()[0]: np.array(line.split()[2:], float) for line in text.splitlines()}
    for name in NAMES:  # a coarse mesh: its vertices are some 8 mm apart
        assert np.linalg.norm(landmarks[NAMES[name]] - named[name]) < 4., name
    # Points that the file names and the reader does not use.
    for ours, theirs in ((31, "right.nose.wing.tip"), (35, "left.nose.wing.tip"), (20, "right.eyebrow.inner_upper"),
                         (23, "left.eyebrow.inner_upper"), (18, "right.eyebrow.bend.upper"),
                         (25, "left.eyebrow.bend.upper")):
        assert np.linalg.norm(landmarks[ours] - named[theirs]) < 10., theirs
    assert (np.diff(landmarks[:17, 0]) > -2.).all()  # from the right ear to the left
