"""Files in the published Basel layouts, written here number by number, and one real file."""
import json

import h5py
import numpy as np
import pytest
from scipy import spatial

from morph3d import morphable
from morph3d.morphable import albedo
from morph3d.morphable.coefficients import Coefficients
from morph3d.morphable.readers import basel, basel_landmarks
from tests.morphable.readers.face_files import NAMES, FaceFile


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
    face.without("expression")
    assert face.read().sizes == (5, 4, 0)


@pytest.mark.parametrize("unit", [1., 1000.], ids=["millimeters", "micrometers"])
def test_the_layout_of_2009_with_8_bit_colors(face, unit):
    """model2009-publicmm1-bfm.h5: an older reference mesh, rows for columns, no expressions, landmarks as text."""
    cells = face.datasets["shape/representer/cells"]
    face.without("shape/representer", "expression", "metadata")
    face.datasets["shape/representer/reference-mesh/triangle-list"] = cells.T.astype(np.int32)
    face.datasets["shape/representer/reference-mesh/vertex-coordinates"] = unit * face.points
    face.datasets["metadata/landmarks/text"] = _text(face.landmarks, unit)
    face.datasets["shape/model/mean"] = unit * face.points.ravel()
    face.datasets["shape/model/pcaVariance"] = unit**2 * face.datasets["shape/model/pcaVariance"]
    colors = face.datasets["color/model/mean"]
    face.datasets["color/model/mean"] = 255. * colors
    model = face.read()
    np.testing.assert_array_equal(model.triangles, cells.T)
    np.testing.assert_allclose(model.mean_vertices, face.points, rtol=1e-6)
    np.testing.assert_allclose(model.shape_basis[1], 4. * face.basis["shape"][:, 1], atol=1e-5)
    np.testing.assert_array_equal(model.landmarks, np.arange(68))
    np.testing.assert_allclose(model.mean_colors, colors.reshape(68, 3), rtol=1e-6)
    np.testing.assert_allclose(model.texture_basis[0], 5. / 255. * face.basis["color"][:, 0], atol=1e-7)


def test_columns_that_have_the_standard_deviations_for_lengths(face):
    """Files of statismo 0.8, which scalismo-faces reads too."""
    expected = face.read()
    for group in ("shape", "color", "expression"):
        face.datasets[f"{group}/model/pcaBasis"] *= np.sqrt(face.datasets[f"{group}/model/pcaVariance"])
    model = face.read()
    np.testing.assert_allclose(model.shape_basis, expected.shape_basis, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(model.expression_basis, expected.expression_basis, rtol=1e-5, atol=1e-6)


def test_arrays_of_one_more_dimension_and_cells_in_rows(face):
    expected = face.read()
    for name in ("shape/model/mean", "color/model/pcaVariance"):
        face.datasets[name] = face.datasets[name][:, None]
    face.datasets["shape/representer/cells"] = face.datasets["shape/representer/cells"].T.astype(np.int32)
    assert face.read().fingerprint == expected.fingerprint


def test_a_file_without_colors_is_painted(face, monkeypatch):
    calls = []

    def paint(*arguments):
        calls.append(arguments)
        return albedo.Albedo(np.full((68, 3), .5), np.full((2, 68, 3), .1), ("a", "b"), np.zeros([1, 2]))

    monkeypatch.setattr(albedo, "paint", paint)
    face.without("color")
    model = face.read()
    (vertices, points, facing, parts), = calls
    assert model.sizes == (5, 2, 3) and parts == albedo.Parts()
    np.testing.assert_allclose(model.mean_colors, .5)
    np.testing.assert_allclose(vertices, face.points, rtol=1e-6)
    np.testing.assert_allclose(points, face.points, rtol=1e-6)
    assert (np.linalg.norm(facing, axis=1) > .999).all() and facing[30, 2] > .5
    face.datasets["shape/representer/cells"] += 1
    with pytest.raises(ValueError, match=r"test.h5: triangles must be indices in 0..67, found 1..68; .* lowered by one"):
        face.read()


def test_landmarks_are_vertices_of_the_reference_mesh(face):
    """In the published files the mean differs from it by some millimeters, many vertices of a dense mesh."""
    order = np.roll(np.arange(68), 1)
    face.datasets["shape/representer/points"] = face.points[order].T.astype(np.float32)
    landmarks = face.read().landmarks.numpy()
    named = list(NAMES.values())
    np.testing.assert_array_equal(order[landmarks[named]], named)


def _text(landmarks, unit=1.):
    return "".join("{} 1 {} {} {}\n".format(point["id"], *(unit * x for x in point["coordinates"])) for point in landmarks).encode()


@pytest.mark.parametrize("kind, encode", [
    ("json", lambda points: json.dumps(points).encode()),
    ("json", lambda points: json.dumps(points)),
    ("json", lambda points: np.array([json.dumps(points).encode()])),
    ("json", lambda points: np.array([json.dumps(points)], h5py.string_dtype())),
    ("json", lambda points: np.void(json.dumps(points).encode() + b"\0")),
    ("text", _text),
], ids=["bytes", "str", "array of bytes", "array of str", "opaque, ended by a zero", "old text"])
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
    points = scale * spatial.transform.Rotation.from_euler("y", turn, degrees=True).apply(face.points)
    errors = []
    for seed in range(6):
        random = np.random.default_rng(seed)
        surface = np.concatenate([points, *(points + random.normal(scale=2., size=(68, 3)) for _ in range(200))])
        got = basel_landmarks.indices("", surface, {name: points[i] for name, i in NAMES.items()})
        assert (got[list(NAMES.values())] == list(NAMES.values())).all()
        errors.append(np.linalg.norm(surface[got] - points, axis=1))
    errors = np.array(errors)
    assert errors[:, 17:].mean() < 1. and errors[:, 17:].max() < 8.  # mm
    assert errors[:, :17].mean() < 5. and errors[:, :17].max() < 10.  # along the jaw only the chin is named


def test_the_published_vertices_of_2017(face):
    vertices = np.random.default_rng(4).normal(scale=5., size=(53149, 3)) + np.array([0., 0., 500.])
    published = {8: 47846, 30: 8156, 36: 2602, 45: 13481, 48: 5522, 54: 10857, 60: 6291, 67: 7719}
    vertices[list(basel_landmarks.PUBLISHED[53149].values())] = face.points[list(basel_landmarks.PUBLISHED[53149])]
    got = basel_landmarks.indices("", vertices, {})
    assert {point: got[point] for point in published} == published
    vertices[[0, 20000]] = vertices[[8156, 2602]]  # where seams are, vertices lie on each other
    got = basel_landmarks.indices("", vertices, {})
    assert {point: got[point] for point in published} == published
    vertices[[47846, 8663]] = vertices[[8663, 47846]]  # the chin and the lips
    with pytest.raises(ValueError, match=r"a.h5: found vertex 47846 \d+ mm from where a face has its landmark 8, .* order of"):
        basel_landmarks.indices("a.h5", vertices, {})


BROKEN = {
    "no basis": ({"shape/model/pcaBasis": None},
                 r"found no dataset shape/model/pcaBasis \(groups: color, .*get the file"),
    "no color": ({"color/model/mean": None}, "found no dataset color/model/mean"),
    "no triangles": ({"shape/representer/cells": None}, "found no dataset shape/representer/cells"),
    "transposed": ({"color/model/pcaBasis": np.zeros((4, 204))},
                   r"pcaBasis \(4, 204\) .*expected \(3N,\), \(3N, K\) and \(K,\)"),
    "other size": ({"shape/model/pcaVariance": np.ones(4)}, r"pcaBasis \(204, 5\) and pcaVariance \(4,\), expected"),
    "not in threes": ({"shape/model/mean": np.ones(203)}, r"found shape/model with mean \(203,\)"),
    "negative": ({"expression/model/pcaVariance": -np.ones(3)},
                 "expression/model/pcaVariance with -1, expected no negative"),
    "quads": ({"shape/representer/cells": np.ones((4, 9), int)},
              r"shape/representer/cells \(4, 9\) of int64, expected \(3, M\) integers"),
    "no such vertex": ({"shape/representer/cells": np.full((3, 9), 68)}, r"triangles must be indices in 0..67"),
    "other colors": ({"color/model/mean": np.ones(30), "color/model/pcaBasis": np.eye(30, 4)},
                      r"mean_colors must have shape \[68, 3\], found \[10, 3\]"),
    "landmarks": ({"metadata/landmarks/json": b'{"id": 3}'}, "unreadable landmarks in metadata/landmarks/json"),
    "no landmarks": ({"metadata/landmarks/json": None},
                     "found no landmarks center.nose.tip, right.eye.corner_outer, .*write there .*center.nose.tip"),
    "a landmark in a plane": ({"metadata/landmarks/json": b'[{"id": "center.nose.tip", "coordinates": [1, 2]}]'},
                              "unreadable landmarks in metadata/landmarks/json"),
    "not a number": ({"shape/model/mean": np.full(204, np.nan)}, "shape/model/mean with values that are not finite"),
    "no unit vectors": ({"expression/model/pcaBasis": np.full((204, 3), .5)},
                        "expression/model/pcaBasis with columns of length 7.14 to 7.14, expected unit vectors"),
    "standard deviations": ({"shape/model/pcaVariance": np.array([5., 4., 3., 2., 1.])},
                            r"differ from their mean by 0.47 mm .*has variances where standard deviations belong, or the rev"),
    "squared variances": ({"shape/model/pcaVariance": np.array([5., 4., 3., 2., 1.])**8 + 1e6}, "their mean by 2.8e.02 mm"),
    "16-bit colors": ({"color/model/mean": np.full(204, 65535.)}, r"mean colors up to 65535, expected them in 0..1 or 0..255"),
    "reference mesh": ({"shape/representer/points": np.ones((3, 67))},
                       r"shape/representer/points of shape \(3, 67\), expected \(3, 68\)"),
    "a landmark nowhere": ({"metadata/landmarks/json": b'[{"id": "center.nose.tip", "coordinates": [1, 2, NaN]}]'},
                           "unreadable landmarks in metadata/landmarks/json .*not finite"),
    "nothing": ({"shape/model/mean": np.ones(0), "shape/model/pcaBasis": np.ones((0, 2)), "shape/model/pcaVariance": np.ones(2)},
                r"found shape/model with mean \(0,\), pcaBasis \(0, 2\) and .* expected \(3N,\)"),
    "fractions": ({"shape/representer/cells": np.full((3, 9), .5)}, "shape/representer/cells .* of float64, expected"),
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
    with pytest.raises(ValueError, match=r"face inward at the nose's tip, expected them counter-clock.*swap two rows"):
        face.read()


def test_meters_are_refused(face):
    face.datasets["shape/model/mean"] = face.points.ravel() / 1000.
    face.landmarks = [{**point, "coordinates": [x / 1000. for x in point["coordinates"]]} for point in face.landmarks]
    face.datasets["metadata/landmarks/json"] = json.dumps(face.landmarks)
    with pytest.raises(ValueError, match=r"outer eye corners 0.07\d+ apart, expected about 90 mm; convert .* from meters to milli"):
        face.read()


@pytest.mark.parametrize("turn, message", [
    ([[1, 0, 0], [0, 0, 1], [0, -1, 0]], r"from the mouth to the eyes \(-0.03, -0.17, -0.99\), expected \+x"),
    ([[-1, 0, 0], [0, -1, 0], [0, 0, 1]], "from the right eye to the left .*, from the mouth to the eyes"),
    ([[-1, 0, 0], [0, 1, 0], [0, 0, -1]], r"from the right eye to the left \(-0.99"),
    ([[1, 0, 0], [0, 1, 0], [0, 0, -1]], r"from the eyes to the nose's tip \(.*, -0.\d\d\), expected"),
], ids=["z is up", "head down", "face to the back", "z into the face"])
def test_a_face_that_looks_elsewhere_is_refused(face, turn, message):
    points = face.points @ np.transpose(turn)
    face.datasets["shape/model/mean"] = points.ravel()
    face.datasets["metadata/landmarks/json"] = json.dumps([{"id": name, "coordinates": points[i].tolist()}
                                                           for name, i in NAMES.items()])
    with pytest.raises(ValueError, match="test.h5: found the direction " + message):
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
        assert np.linalg.norm(landmarks[ours] - named[theirs]) < 8., theirs
    assert (np.diff(landmarks[:17, 0]) > -2.).all()  # from the right ear to the left
