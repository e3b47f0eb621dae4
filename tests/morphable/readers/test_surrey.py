"""The Surrey Face Model in the binary layout of eos and cereal, all of its versions, written here byte by byte."""
import struct

import numpy as np
import pytest

from morph3d import morphable
from morph3d.morphable import albedo
from morph3d.morphable.coefficients import Coefficients
from morph3d.morphable.landmarks import AVERAGE_FACE
from morph3d.morphable.readers import surrey
from tests.morphable.readers.face_files import front

pytestmark = pytest.mark.usefixtures("painted")

COUNT = 3448
KNOWN = surrey.LANDMARKS
FACE = (AVERAGE_FACE - AVERAGE_FACE[30]) * [1., 1.05, 1.]
EXPRESSIONS = "anger disgust fear happiness sadness surprise".split()


def matrix(array):
    """Eigen's, columns first."""
    return struct.pack("<ii", *array.shape) + np.asarray(array, "<f4").tobytes("F")


def linear_model(mean, basis, variances, triangles):
    return (matrix(mean.reshape(-1, 1)) + matrix(basis) + matrix(variances.reshape(-1, 1)) + struct.pack("<Q", len(triangles))
            + np.asarray(triangles, "<i4").tobytes())


NOTHING = linear_model(np.zeros([0, 0]), np.zeros([0, 0]), np.zeros([0, 0]), np.zeros([0, 3]))


def blendshapes(shapes):
    return struct.pack("<Q", len(shapes)) + b"".join(
        struct.pack("<Q", len(name)) + name.encode() + matrix(shape.reshape(-1, 1)) for name, shape in shapes.items())


@pytest.fixture(scope="module")
def parts():
    """The members of a file: a face whose known landmarks lie in the published places; what is unknown has vertices too."""
    random = np.random.default_rng(0)
    vertices = random.normal(scale=20., size=(COUNT, 3)) + [0., 0., -200.]
    unknown = sorted(set(range(68)) - set(KNOWN))
    places = {**KNOWN, **dict(zip(unknown, range(3000, 3000 + len(unknown)), strict=True))}
    vertices[[places[point] for point in range(68)]] = FACE
    triangles = np.array([places[point] for point in range(68)])[front(FACE)]
    uvs = random.uniform(size=(COUNT, 2))
    flat = (FACE[:, :2] - FACE[:, :2].min(0)) / np.ptp(FACE[:, :2], axis=0)
    uvs[[places[point] for point in range(68)]] = flat * [1., -1.] + [0., 1.]  # v down
    return {"mean": vertices, "basis": np.linalg.qr(random.normal(size=(3 * COUNT, 3)))[0],
            "variances": np.array([90e3, 40e3, 10e3]), "triangles": triangles, "uvs": uvs, "places": places,
            "shapes": {name: random.normal(size=(COUNT, 3)) for name in EXPRESSIONS}}


def content(parts, version=1, color=NOTHING, expression=b"\1", landmarks=b"\1", uv_triangles=()):
    """A file of a version; `expression` and `landmarks` begin with cereal's flag of an empty optional."""
    shape = linear_model(parts["mean"], parts["basis"], parts["variances"], parts["triangles"])
    uvs = struct.pack("<Q", len(parts["uvs"])) + np.asarray(parts["uvs"], "<f8").tobytes()
    corners = struct.pack("<Q", len(uv_triangles)) + np.asarray(uv_triangles, "<i4").tobytes()
    since = [(1, shape), (1, color), (2, expression), (3, landmarks), (1, uvs), (4, corners)]
    return struct.pack("<I", version) + b"".join(part for first, part in since if version >= first)


def write(folder, data, name="sfm_shape_3448.bin"):
    (folder / name).write_bytes(data)
    return folder / name


NAMED = b"\0" + struct.pack("<Q", 2) + struct.pack("<Q3si", 3, b"a.b", 7) + struct.pack("<Q1si", 1, b"c", 8)  # two landmarks


@pytest.mark.parametrize("version, options", [(1, {}), (2, {}), (3, {}), (3, {"landmarks": NAMED}), (4, {"landmarks": NAMED})])
def test_every_version_gives_the_same_model(parts, painted, tmp_path, version, options):
    model = morphable.load(write(tmp_path, content(parts, version, **options), "a.model"))
    assert model.name == "a" and model.sizes == (3, 2, 0) and dict(model.blendshapes) == {}
    vertices, _ = model.instance(Coefficients([[0., -2.]], [[0.]]))
    expected = parts["mean"] - 2. * 200. * parts["basis"][:, 1].reshape(-1, 3)  # variances: a deviation of 200
    shift = np.mean(vertices[0] - expected, axis=0)
    np.testing.assert_allclose(vertices[0] - expected, np.broadcast_to(shift, expected.shape), atol=1e-3)
    np.testing.assert_array_equal(model.triangles, parts["triangles"])
    np.testing.assert_allclose(model.mean_vertices.numpy()[114], [0., 32., 87.] + FACE[30] - (FACE[36] + FACE[45]) / 2., atol=1e-3)
    assert painted[0][3] == albedo.Parts()  # the eyes are part of the skin's mesh


def test_landmarks_are_eos_and_the_rest_where_a_face_has_them(parts, tmp_path):
    landmarks = surrey.read(write(tmp_path, content(parts))).landmarks.numpy()
    assert {point: landmarks[point] for point in KNOWN} == KNOWN and len(KNOWN) == 50
    apart = np.linalg.norm(parts["mean"][landmarks] - FACE, axis=1)
    assert apart[17:].max() < 4. and apart[:17].max() < 20.
    assert len(set(KNOWN.values())) == 50 and all(vertex < COUNT for vertex in KNOWN.values())


def test_triangles_are_turned_outward(parts, tmp_path):
    model = surrey.read(write(tmp_path, content({**parts, "triangles": parts["triangles"][:, ::-1]})))
    np.testing.assert_array_equal(model.triangles, parts["triangles"])
    assert model.uvs is not None


@pytest.mark.parametrize("inside", [False, True])
def test_expressions_lie_beside_the_model_or_in_it(parts, tmp_path, inside):
    shapes = blendshapes(parts["shapes"])
    if not inside:
        write(tmp_path, shapes, "expression_blendshapes_3448.bin")
    write(tmp_path, content(parts, 2, expression=b"\0" + struct.pack("<i", 1) + shapes if inside else b"\1"))
    model = morphable.load(tmp_path)  # the folder that holds it
    assert model.name == "sfm_shape_3448" and model.sizes == (3, 2, 6) and list(model.blendshapes) == EXPRESSIONS
    np.testing.assert_allclose(model.blendshapes["fear"], parts["shapes"]["fear"], atol=1e-5)
    np.testing.assert_allclose(model.expression_basis[2], .3 * parts["shapes"]["fear"].ravel(), atol=1e-5)


def test_a_linear_model_of_expressions(parts, tmp_path):
    columns = parts["basis"][:, :2]
    expression = linear_model(np.ones([COUNT, 3]), columns, np.array([4e4, 1e4]), np.zeros([0, 3]))
    model = surrey.read(write(tmp_path, content(parts, 4, expression=b"\0" + struct.pack("<i", 0) + expression)))
    np.testing.assert_allclose(model.expression_basis, (columns * [200., 100.]).T, atol=1e-3)


def test_a_full_model_has_colors(parts, painted, tmp_path):
    color = linear_model(np.full([COUNT, 3], .4), parts["basis"][:, :1], np.array([9.]), parts["triangles"])
    model = surrey.read(write(tmp_path, content(parts, color=color)))
    assert not painted and model.sizes == (3, 1, 0)
    np.testing.assert_allclose(model.mean_colors, .4, rtol=1e-6)
    np.testing.assert_allclose(model.texture_basis[0], 3. * parts["basis"][:, 0], atol=1e-6)


def test_another_resolution_has_the_landmarks_of_the_reference_only(parts, tmp_path):
    """Vertices from 845 on are others there."""
    kept = np.concatenate([np.arange(845), np.roll(np.arange(845, COUNT - 1), 5)])
    number = np.zeros(COUNT, int)
    number[kept] = np.arange(COUNT - 1)
    fewer = {**parts, "mean": parts["mean"][kept], "basis": parts["basis"][:-3], "triangles": number[parts["triangles"]], "uvs": []}
    landmarks = surrey.read(write(tmp_path, content(fewer), "sfm_shape_3447.bin")).landmarks.numpy()
    same = [point for point, vertex in KNOWN.items() if vertex < 845]
    assert len(same) == 45 and all(landmarks[point] == KNOWN[point] for point in same)


def test_landmarks_are_the_published_vertices_also_where_others_coincide(parts, tmp_path):
    """As the upper and the lower lip of a closed mouth do."""
    mean = parts["mean"].copy()
    for number, vertex in enumerate(KNOWN.values()):
        mean[[3200 + number, 3300 + number]] = mean[vertex]
    landmarks = surrey.read(write(tmp_path, content({**parts, "mean": mean}))).landmarks.numpy()
    assert {point: landmarks[point] for point in KNOWN} == KNOWN


def test_uvs_with_v_up_where_they_serve(parts, tmp_path):
    model = surrey.read(write(tmp_path, content(parts)))
    np.testing.assert_allclose(model.uvs.uvs[114], [parts["uvs"][114, 0], 1. - parts["uvs"][114, 1]], rtol=1e-6)
    np.testing.assert_array_equal(model.uvs.corners, parts["triangles"])
    seams = surrey.read(write(tmp_path, content({**parts, "uvs": np.tile(parts["uvs"], [2, 1])}, 4,
                                                uv_triangles=parts["triangles"] + COUNT)))
    np.testing.assert_array_equal(seams.uvs.corners, parts["triangles"] + COUNT)
    for uvs in parts["uvs"] + 1., np.full([COUNT, 2], .5), parts["uvs"][:50], parts["uvs"][:0], parts["uvs"] * np.nan:
        assert surrey.read(write(tmp_path, content({**parts, "uvs": uvs}))).uvs is None
    for shift in -2 * COUNT, COUNT:  # uvs that there are not
        assert surrey.read(write(tmp_path, content(parts, 4, uv_triangles=parts["triangles"] + shift))).uvs is None


def test_a_mean_without_modes_is_a_model_too(parts, tmp_path):
    alone = {**parts, "basis": parts["basis"][:, :0], "variances": parts["variances"][:0]}
    assert surrey.read(write(tmp_path, content(alone))).sizes == (0, 2, 0)


BROKEN = {
    "old": (lambda parts: content(parts, 0), "found version 0 of eos' format, expected one of 1, 2, 3, 4; get sfm_shape_3448.bin"),
    "new": (lambda parts: content(parts, 5), "found version 5"),
    "fewer variances": (lambda parts: content({**parts, "variances": np.ones(2)}), r"a basis \(10344, 3\) and 2 eigenvalues, exp"),
    "negative": (lambda parts: content({**parts, "variances": -np.ones(3)}), "expected .* no negative eigenvalue"),
    "no shape": (lambda parts: struct.pack("<I", 1) + NOTHING + NOTHING + bytes(8), "found no shape, expected a mean face"),
    "other colors": (lambda parts: content(parts, color=linear_model(np.ones([4, 3]), np.eye(12, 1), np.ones(1), np.zeros([0, 3]))),
                     "4 vertices in colors or expressions, expected the 3448 of the shape"),
    "a third kind": (lambda parts: content(parts, 2, expression=b"\0\2\0\0\0"), "expressions of kind 2, expected 0 or 1"),
    "another order": (lambda parts: content({**parts, "mean": np.roll(parts["mean"], 5, 0)}), "eye corners|where a face has"),
    "beyond the last": (lambda parts: content({**parts, "triangles": parts["triangles"] + 3000}), "triangles must be indices in"),
    "a crop": (lambda parts: content({**parts, "mean": parts["mean"][:68], "basis": parts["basis"][:204]}), "found 68 vertices, "),
    "no numbers": (lambda parts: content({**parts, "mean": parts["mean"] * np.where(np.eye(COUNT, 3, -9), np.nan, 1.)}),
                   r"a matrix \(10344, 1\) with values that are not finite, expected numbers; get sfm_shape_3448.bin"),
    "infinite modes": (lambda parts: content({**parts, "basis": parts["basis"] + np.inf}), r"a matrix \(10344, 3\) with valu"),
    "less than nothing": (lambda _: struct.pack("<Iii", 1, -1, -1) + bytes(400), r"found a matrix \(-1, -1\), expected no neg"),
    "deviations": (lambda parts: content({**parts, "variances": np.array([3., 2., 1.])}), "variances where standard dev"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_file_is_refused_in_one_line(parts, tmp_path, case):
    make, message = BROKEN[case]
    with pytest.raises(ValueError, match=f"sfm_shape_3448.bin: .*{message}") as error:
        surrey.read(write(tmp_path, make(parts)))
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("part", [.0002, .1, .5, .9, .9999])
def test_a_file_that_was_cut_short_is_named(parts, tmp_path, part):
    whole = content(parts, 4)
    with pytest.raises(ValueError, match=r"a.bin: found \d+ bytes where \d+ more numbers .*, expected a whole file; get sfm_shape"):
        morphable.load(write(tmp_path, whole[:int(part * len(whole))], "a.bin"))


@pytest.mark.parametrize("shape, message", [(np.ones([5, 3]), "found 5 vertices in anger, expected the 3448 of .*"),
                                            (np.full([COUNT, 3], np.nan), "found a matrix .* finite, expected numbers")])
def test_expressions_that_do_not_fit_are_named(parts, tmp_path, shape, message):
    write(tmp_path, content(parts))
    write(tmp_path, blendshapes({"anger": shape}), "expression_blendshapes_3448.bin")
    remedy = "get expression_blendshapes_3448.bin again from github"
    with pytest.raises(ValueError, match=f"expression_blendshapes_3448.bin: {message}; {remedy}"):
        surrey.read(tmp_path)


def test_a_folder_without_it_is_named(tmp_path):
    with pytest.raises(ValueError, match=r"found no sfm_shape_\*.bin, expected the Surrey Face Model; get"):
        surrey.read(tmp_path)
    with pytest.raises(ValueError, match=r"b.bin: found no sfm_shape"):
        surrey.read(tmp_path / "b.bin")
