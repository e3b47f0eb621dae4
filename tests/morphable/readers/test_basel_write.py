"""Models written in the Basel layout and read again."""
import json

import h5py
import hypothesis
import numpy as np
import pytest
from hypothesis import strategies
from hypothesis.extra import numpy as arrays

from morph3d import morphable
from morph3d.morphable.coefficients import Coefficients
from morph3d.morphable.model import MorphableModel
from morph3d.morphable.readers import basel
from tests.morphable.readers.face_files import NAMES, face_points, front


def model(shape_modes, texture_modes, expression_modes):
    points = face_points()
    return MorphableModel.from_arrays("a face", points, shape_modes, np.full((68, 3), .5), texture_modes, expression_modes,
                                      front(points), np.arange(68))


def modes(most, size):
    """[K, 68, 3] with a few random numbers of that size, so that some modes are alike, some nearly so and some zero."""
    numbers = strategies.floats(-size, size, width=32)
    count = strategies.integers(0, most)
    return count.flatmap(lambda k: arrays.arrays(np.float32, (k, 68, 3), elements=numbers, fill=strategies.just(0.)))


def _in_double(faces, given):
    """What `instance` gives, without rounding of the sums."""
    shape, texture, expression = (np.asarray(part, np.float64) @ basis.numpy().astype(np.float64) for part, basis in zip(
        given, (faces.shape_basis, faces.texture_basis, faces.expression_basis), strict=True))
    return faces.mean_vertices.numpy().reshape(-1) + shape + expression, faces.mean_colors.numpy().reshape(-1) + texture


@hypothesis.given(shape=modes(3, 5.), texture=modes(3, .25), expression=modes(2, 5.), coefficients=arrays.arrays(
    np.float32, 8, elements=strategies.floats(-3., 3., width=32)))
@hypothesis.settings(max_examples=40)
def test_the_same_coefficients_give_the_same_face(tmp_path_factory, shape, texture, expression, coefficients):
    """Also of modes that are not orthogonal, and of zero length."""
    # One mode sees to it that the faces differ as people's do.
    shape = np.concatenate([shape, np.full((1, 68, 3), 3., np.float32)])
    written = model(shape, texture, expression)
    path = tmp_path_factory.mktemp("written") / "model.h5"
    basel.write(written, path)
    read = morphable.load(path)
    assert read.sizes == written.sizes == (len(shape), len(texture), len(expression))
    given = Coefficients(*(coefficients[None, start:start + size] for start, size in zip((0, 4, 6), read.sizes, strict=True)))
    for ours, theirs in zip(written.instance(given), read.instance(given), strict=True):
        np.testing.assert_allclose(theirs, ours, rtol=0, atol=1e-5 + 2e-7 * np.abs(ours).max())  # the last bit of a float32
    for ours, theirs in zip(_in_double(written, given), _in_double(read, given), strict=True):
        np.testing.assert_allclose(theirs, ours, rtol=0, atol=1e-5)
    for name in ("shape_basis", "texture_basis", "expression_basis"):
        np.testing.assert_allclose(getattr(read, name), getattr(written, name), rtol=3e-7, atol=1e-12)
    for name in ("mean_vertices", "mean_colors", "triangles", "landmarks"):
        np.testing.assert_array_equal(getattr(read, name), getattr(written, name))


def test_the_layout_is_that_of_2019(tiny_model, tmp_path):
    path = tmp_path / "new" / "tiny.h5"
    basel.write(tiny_model, path)
    vertices, landmarks = tiny_model.mean_vertices.numpy(), tiny_model.landmarks.numpy()
    with h5py.File(path) as file:
        assert (file["version/majorVersion"][()], file["version/minorVersion"][()]) == (0, 9)
        for group, mean, basis in (("shape", vertices, tiny_model.shape_basis), ("color", .5, tiny_model.texture_basis),
                                   ("expression", 0., tiny_model.expression_basis)):
            columns, variance = file[f"{group}/model/pcaBasis"][()], file[f"{group}/model/pcaVariance"][()]
            assert columns.shape == (3 * len(vertices), len(basis)) and columns.dtype == variance.dtype == np.float32
            np.testing.assert_allclose(np.linalg.norm(columns.astype(float), axis=0), 1., rtol=1e-6)
            np.testing.assert_allclose(variance, np.linalg.norm(basis, axis=1)**2, rtol=1e-5)
            np.testing.assert_allclose(file[f"{group}/model/mean"][()].reshape(-1, 3), np.broadcast_to(mean, vertices.shape))
            np.testing.assert_array_equal(file[f"{group}/representer/points"], vertices.T)
            np.testing.assert_array_equal(file[f"{group}/representer/cells"], tiny_model.triangles.numpy().T)
            assert file[f"{group}/representer/cells"].dtype == np.int32 and file[f"{group}/model/noiseVariance"].shape == (1,)
            assert file[f"{group}/representer"].attrs["datasetType"] == b"POLYGON_MESH"
        assert file["shape/representer"].attrs["name"] == b"gravis::MeshShapeRepresenter"
        points = {point["id"]: point["coordinates"] for point in json.loads(file["metadata/landmarks/json"][()])}
    for name, point in NAMES.items():
        np.testing.assert_array_equal(points[name], vertices[landmarks[point]])
    np.testing.assert_array_equal([points[f"ibug.{i:02d}"] for i in range(1, 69)], vertices[landmarks])
    np.testing.assert_array_equal(morphable.load(path).landmarks, landmarks)


def test_a_file_is_known_by_the_identity_it_was_given_or_by_its_content(tiny_model, tmp_path):
    given, plain, again = (tmp_path / name for name in ("given.h5", "plain.h5", "again.h5"))
    basel.write(tiny_model, given, "0123456789abcdef")
    for path in (plain, again):
        basel.write(tiny_model, path)
    fingerprints = [morphable.load(path).fingerprint for path in (given, plain, again)]
    assert fingerprints[0] == "0123456789abcdef" != fingerprints[1] == fingerprints[2]
    model = morphable.load(given)
    assert model.stored_as("float16").fingerprint == model.fingerprint != model.decimated(300).fingerprint
    basel.write(model, plain)  # a copy is a file like any other
    assert morphable.load(plain).fingerprint != model.fingerprint


def test_a_mode_too_short_for_a_float_is_left_out(tmp_path):
    shape = np.full((3, 68, 3), 3., np.float32)
    shape[1], shape[2] = 1e-18, 2e-21  # the squared length of the latter is below the least normal number
    basel.write(model(shape, np.zeros((0, 68, 3)), None), tmp_path / "model.h5")
    read = morphable.load(tmp_path / "model.h5").shape_basis.numpy()
    np.testing.assert_allclose(read[1], 1e-18, rtol=1e-6)
    assert not read[2].any()


def test_a_model_without_expressions_has_no_group_of_them(tmp_path):
    basel.write(model(np.ones((1, 68, 3)), np.zeros((0, 68, 3)), None), tmp_path / "model.h5")
    with h5py.File(tmp_path / "model.h5") as file:
        assert "expression" not in file and "MorphableModel.expression" not in file["catalog"]
    assert morphable.load(tmp_path / "model.h5").sizes == (1, 0, 0)


def test_a_model_stored_in_halves_is_written_in_floats(tiny_model, tmp_path):
    basel.write(tiny_model.stored_as("bfloat16"), tmp_path / "tiny.h5")
    read = morphable.load(tmp_path / "tiny.h5")
    assert read.shape_basis.dtype == "float32"
    np.testing.assert_allclose(read.shape_basis, tiny_model.shape_basis, rtol=.005, atol=1e-6)


def test_a_file_is_there_whole_or_as_it_was(tiny_model, tmp_path, monkeypatch):
    path = tmp_path / "tiny.h5"
    path.write_text("the old one")

    def fail(*_arguments, **_keywords):
        raise KeyboardInterrupt

    monkeypatch.setattr(json, "dumps", fail)  # the last thing to be written
    with pytest.raises(KeyboardInterrupt):
        basel.write(tiny_model, path)
    assert path.read_text() == "the old one" and list(tmp_path.iterdir()) == [path]
