"""BFM_model_front.mat in its published layout, with few vertices and modes; written here number by number."""
import h5py
import numpy as np
import pytest
from scipy import io, sparse

from morph3d import morphable
from morph3d.morphable.coefficients import Coefficients
from morph3d.morphable.readers import deep3d
from tests.morphable.readers.face_files import face_points, front

VERTICES = 300


@pytest.fixture(scope="module")
def arrays():
    """The variables of the file, as MATLAB shows them; vertices 100 to 167 are the landmarks, those beyond lie behind."""
    random = np.random.default_rng(0)
    vertices = random.normal(scale=30., size=(VERTICES, 3)) + [0., 0., -100.]
    vertices[100:168] = face_points()
    return {
        "meanshape": np.float32(vertices / 100.).reshape(1, -1), "idBase": np.float32(random.normal(scale=.02, size=(900, 5))),
        "exBase": np.float32(random.normal(scale=.01, size=(900, 4))), "meantex": np.float32(random.uniform(20., 250., (1, 900))),
        "texBase": np.float32(random.normal(scale=5., size=(900, 3))), "tri": np.float64(front(vertices[100:168]) + 101),
        "keypoints": np.arange(101., 169.)[None], "point_buf": np.ones((VERTICES, 8)), "skinmask": np.ones((1, VERTICES)),
        "frontmask2_idx": np.ones((7, 1))}


def write(folder, arrays, **changes):
    path = folder / "BFM_model_front.mat"
    io.savemat(path, {name: value for name, value in {**arrays, **changes}.items() if value is not None})
    return path


def write_73(folder, arrays, **changes):
    """MATLAB's format 7.3: HDF5 behind 512 bytes of text, every array transposed."""
    path = folder / "BFM_model_front.mat"
    with h5py.File(path, "w", userblock_size=512) as file:
        for name, value in {**arrays, **changes}.items():
            file[name] = value.T
    with open(path, "r+b") as file:
        file.write(b"MATLAB 7.3 MAT-file, Platform: GLNXA64, Created on: Mon Jan  1 00:00:00 2024 HDF5 schema 1.00 .")
    return path


@pytest.mark.parametrize("writer", [write, write_73])
def test_decimeters_scaled_modes_and_8_bit_colors(arrays, tmp_path, writer):
    model = morphable.load(writer(tmp_path, arrays))
    assert model.name == "BFM_model_front" and model.sizes == (5, 3, 4)
    vertices, colors = model.instance(Coefficients([[0., 2.]], [[-1.]], [[0., 0., 3.]]))
    expected = 100. * (arrays["meanshape"][0] + 2. * arrays["idBase"][:, 1] + 3. * arrays["exBase"][:, 2]).reshape(-1, 3)
    shift = np.mean(vertices[0] - expected, axis=0)
    np.testing.assert_allclose(vertices[0] - expected, np.broadcast_to(shift, expected.shape), atol=1e-3)
    np.testing.assert_allclose(np.ravel(colors), (arrays["meantex"][0] - arrays["texBase"][:, 0]) / 255., atol=1e-6)
    np.testing.assert_array_equal(model.landmarks, np.arange(100, 168))
    points = model.mean_vertices.numpy()[100:168]
    np.testing.assert_allclose((points[36] + points[45]) / 2., [0., 32., 87.], atol=1e-3)  # the origin lies between the ears


@pytest.mark.parametrize("turn", [1, -1])
def test_triangles_face_outward_however_they_are_wound(arrays, tmp_path, turn):
    model = deep3d.read(write(tmp_path, arrays, tri=arrays["tri"][:, ::turn]))
    assert set(model.triangles.numpy().ravel()) == set(range(100, 168))  # from 0
    a, b, c = np.moveaxis(model.mean_vertices.numpy()[model.triangles], 1, 0)
    assert (np.cross(b - a, c - a)[:, 2] > 0.).all()


BROKEN = {
    "no expressions": ({"exBase": None}, "file with meanshape, .*, but no exBase, expected the variables of BFM_model_front.m"),
    "other size": ({"idBase": np.ones((903, 80))}, r"meanshape of 900 numbers and idBase \(903, 80\), expected 107127 and"),
    "other colors": ({"meantex": np.ones((1, 9)), "texBase": np.eye(9, 2)}, "300 vertices and 3 colors, expected one each"),
    "from 0": ({"tri": np.zeros((7, 3))}, r"tri of 3 columns from 0 to 0, expected 3 columns of whole numbers in 1..300"),
    "beyond the last": ({"tri": np.full((7, 3), 301.)}, "tri of 3 columns from 301 to 301"),
    "quads": ({"tri": np.ones((7, 4))}, "tri of 4 columns"),
    "fractions": ({"keypoints": np.full((1, 68), 1.5)}, "keypoints of 68 columns from 1.5 to 1.5"),
    "17 points": ({"keypoints": np.ones((1, 17))}, "keypoints of 17 columns .*expected 68 columns"),
    "no triangles": ({"tri": np.zeros((0, 3))}, r"as tri an array \(0, 3\) of float64, expected real numbers as in BFM_model_"),
    "a cell": ({"tri": np.array([[1., "a"]], object)}, r"as tri an array \(1, 2\) of object, expected real numbers"),
    "a struct": ({"tri": {"a": 1.}}, r"as tri an array \(1, 1\) of \[\('a', 'O'\)\], expected real numbers"),
    "complex": ({"meantex": np.full((1, 900), 9. + 1.j)}, r"as meantex an array \(1, 900\) of complex128, expected real numbers"),
    "text": ({"tri": np.array(["ab"])}, "as tri an array .* of <U2, expected real numbers"),
    "sparse": ({"tri": sparse.csc_matrix(np.eye(3))}, "as tri a csc_.*, expected real numbers"),
    "no number": ({"meanshape": np.full((1, 900), np.nan)}, "as meanshape an array .* that are not finite, expected real numbers"),
    "points of another model": ({"keypoints": np.arange(1., 69.)[None]}, "eye corners .* apart|where a face has them"),
}


@pytest.mark.parametrize("transposed", [False, True])
def test_hdf5_that_matlab_did_not_write(arrays, tmp_path, transposed):
    """By h5py as SciPy shows the variables, or as MATLAB stores them: transposed."""
    expected = deep3d.read(write(tmp_path, arrays)).fingerprint
    with h5py.File(tmp_path / "a.h5", "w") as file:
        for name, value in arrays.items():
            file[name] = value.T if transposed else value
    assert morphable.load(tmp_path / "a.h5").fingerprint == expected


@pytest.mark.parametrize("content", [h5py.Empty("f"), 1., np.zeros(0)])
def test_hdf5_without_an_array(arrays, tmp_path, content):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        for name, value in {**arrays, "tri": content}.items():
            file[name] = value
    with pytest.raises(ValueError, match="a.h5: found as tri a.*, expected real numbers as in BFM_model_front.mat; make BFM_"):
        deep3d.read(tmp_path / "a.h5")


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_file_is_refused_in_one_line(arrays, tmp_path, case):
    changes, message = BROKEN[case]
    with pytest.raises(ValueError, match="BFM_model_front.mat: found .*" + message) as error:
        deep3d.read(write(tmp_path, arrays, **changes))
    assert "\n" not in str(error.value)


def test_millimeters_are_refused(arrays, tmp_path):
    with pytest.raises(ValueError, match="found outer eye corners .* apart, expected about 90 mm"):
        deep3d.read(write(tmp_path, arrays, meanshape=100. * arrays["meanshape"]))


def test_a_missing_or_damaged_file_is_named(arrays, tmp_path):
    with pytest.raises(ValueError, match="b.mat: no such file; expected BFM_model_front.mat"):
        deep3d.read(tmp_path / "b.mat")
    path = write(tmp_path, arrays)
    path.write_bytes(path.read_bytes()[:2000])
    with pytest.raises(ValueError, match=r"BFM_model_front.mat: found a damaged MATLAB file \(.*expected a whole one; make BFM"):
        deep3d.read(path)
