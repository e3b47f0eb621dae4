"""01_MorphableModel.mat in its published layout, with few modes: all its traps, written here number by number."""
import h5py
import numpy as np
import pytest
from scipy import io

from morph3d import morphable
from morph3d.morphable.coefficients import Coefficients
from morph3d.morphable.readers import basel_2009, basel_landmarks
from tests.morphable.readers.face_files import face_points, front

VERTICES = 53490
PUBLISHED = basel_landmarks.PUBLISHED[VERTICES]


@pytest.fixture(scope="module")
def arrays():
    """The variables of the file, as MATLAB shows them."""
    random = np.random.default_rng(0)
    landmarks = face_points()[list(PUBLISHED)]
    vertices = random.normal(scale=30., size=(VERTICES, 3)) + [0., 0., -200.]  # far behind the face
    vertices[list(PUBLISHED.values())] = landmarks
    triangles = np.array(list(PUBLISHED.values()))[front(landmarks)]
    shape_columns, texture_columns = (np.float32(np.linalg.qr(random.normal(size=(3 * VERTICES, size)))[0]) for size in (3, 2))
    return {
        "shapeMU": np.float32(1000. * vertices).reshape(-1, 1), "shapePC": shape_columns,
        "shapeEV": np.float32([[884340.], [555880.], [365990.]]),  # micrometers: standard deviations, not their squares
        "texMU": np.float32(random.uniform(20., 250., (3 * VERTICES, 1))), "texPC": texture_columns,
        "texEV": np.float32([[5000.], [2000.]]), "tl": np.float64(triangles[:, [0, 2, 1]] + 1), "segbin": np.zeros((VERTICES, 4))}


def write(folder, arrays, **changes):
    """In MATLAB's format 5, compressed as MATLAB does it."""
    path = folder / "01_MorphableModel.mat"
    io.savemat(path, {name: value for name, value in {**arrays, **changes}.items() if value is not None}, do_compression=True)
    return path


def write_73(folder, arrays, **changes):
    """MATLAB's format 7.3: HDF5 behind 512 bytes of text, every array transposed."""
    path = folder / "01_MorphableModel.mat"
    with h5py.File(path, "w", userblock_size=512) as file:
        for name, value in {**arrays, **changes}.items():
            if value is not None:
                file[name] = value.T
    with open(path, "r+b") as file:
        file.write(b"MATLAB 7.3 MAT-file, Platform: GLNXA64, Created on: Mon Jan  1 00:00:00 2024 HDF5 schema 1.00 .")
    return path


@pytest.mark.parametrize("writer", [write, write_73])
def test_every_trap_of_the_file_is_undone(arrays, tmp_path, writer):
    model = morphable.load(writer(tmp_path, arrays))
    assert model.name == "01_MorphableModel" and model.sizes == (3, 2, 0)
    vertices, colors = model.instance(Coefficients([[0., 2., 0.]], [[-1., 0.]]))
    # Micrometers, and standard deviations: two of 555.88 mm.
    expected = arrays["shapeMU"][:, 0] / 1e3 + 2. * 555.88 * arrays["shapePC"][:, 1]
    np.testing.assert_allclose(np.ravel(vertices), expected, atol=1e-3)
    expected = (arrays["texMU"][:, 0] - 5000. * arrays["texPC"][:, 0]) / 255.
    np.testing.assert_allclose(np.ravel(colors), expected, atol=1e-5)

    triangles, mean = model.triangles.numpy(), model.mean_vertices.numpy()
    assert set(triangles.ravel()) == set(PUBLISHED.values())  # from 0
    a, b, c = np.moveaxis(mean[triangles], 1, 0)
    assert (np.cross(b - a, c - a)[:, 2] > 0).all()  # counter-clockwise from the front
    landmarks = model.landmarks.numpy()
    assert {point: landmarks[point] for point in PUBLISHED} == PUBLISHED
    # MPEG-4's feature points, as they are published elsewhere too: the nose's tip and base, corners of the eyes and the mouth.
    assert landmarks[[30, 33, 36, 42, 45, 57]].tolist() == [8319, 8334, 2088, 10603, 14472, 8374]


def test_landmarks_that_nobody_published_lie_where_a_face_has_them(arrays):
    """On a dense surface; the chin and the jaw are not among the published ones."""
    random = np.random.default_rng(1)
    points = face_points()
    vertices = points[random.integers(0, 68, VERTICES)] + random.normal(scale=2., size=(VERTICES, 3))
    vertices[list(PUBLISHED.values())] = points[list(PUBLISHED)]
    found = vertices[basel_landmarks.indices("", vertices, {})]
    error = np.linalg.norm(found - points, axis=1)
    assert error[17:].max() < 6. and error[:17].max() < 20.


BROKEN = {
    "no variable": ({"texEV": None}, r"file with segbin, .*, tl, but no texEV, expected the variables of 01_M.*; get"),
    "other size": ({"shapeEV": np.ones((4, 1))}, r"shapePC \(160470, 3\) and shapeEV \(4,\), expected \(160470,\), \(160470, 199"),
    "other colors": ({"texMU": np.ones((9, 1)), "texPC": np.eye(9, 2)}, r"found texMU \(9,\), texPC \(9, 2\)"),
    "squared deviations": ({"shapeEV": np.array([[8e11], [3e11], [1e11]])}, "differ from their mean by .* has variances where st"),
    "scaled columns": ({"shapePC": np.eye(3 * VERTICES, 3) * 5.}, r"shapePC with columns of length 5 to 5, and .* expected unit"),
    "negative": ({"texEV": np.array([[1.], [-1.]])}, r"texEV from -1, expected unit vectors and no negative number"),
    "from 0": ({"tl": np.zeros((7, 3))}, r"tl of shape \(7, 3\) from 0, expected \(106466, 3\) whole numbers from 1"),
    "fractions": ({"tl": np.full((7, 3), 1.5)}, r"tl of shape \(7, 3\) from 1.5"),
    "quads": ({"tl": np.ones((7, 4))}, r"tl of shape \(7, 4\)"),
    "no triangles": ({"tl": np.zeros((0, 3))}, r"as tl an array \(0, 3\) of float64, expected real numbers as in 01_Morphable"),
    "no number": ({"shapeMU": np.full((3 * VERTICES, 1), np.nan)}, "as shapeMU an array .* with values that are not finite"),
    "beyond the last": ({"tl": np.full((7, 3), VERTICES + 1.)}, r"must be indices in 0..53489, found 53490..53490"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_file_is_refused_in_one_line(arrays, tmp_path, case):
    changes, message = BROKEN[case]
    with pytest.raises(ValueError, match=message) as error:
        basel_2009.read(write_73(tmp_path, arrays, **changes))
    assert "01_MorphableModel" in str(error.value) and "\n" not in str(error.value)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(ValueError, match="a.mat: no such file; expected the Basel Face Model of 2009"):
        basel_2009.read(tmp_path / "a.mat")


def test_triangles_wound_as_in_later_models_are_refused(arrays, tmp_path):
    with pytest.raises(ValueError, match="face inward at the nose's tip"):
        basel_2009.read(write_73(tmp_path, arrays, tl=arrays["tl"][:, [0, 2, 1]]))


def test_a_part_of_the_model_is_refused(arrays, tmp_path):
    """A crop has other vertex numbers, and no landmarks."""
    crop = {name: arrays[name][:3000] for name in ("shapeMU", "shapePC", "texMU", "texPC")}
    crop = {name: value / np.linalg.norm(value, axis=0) if name.endswith("PC") else value for name, value in crop.items()}
    with pytest.raises(ValueError, match="found no landmarks center.nose.tip, .*expected at least these"):
        basel_2009.read(write_73(tmp_path, arrays, tl=np.ones((1, 3)), **crop))


@pytest.mark.parametrize("writer", [write, write_73])
@pytest.mark.parametrize("length", [10, 130, .001, .5, .99])
def test_a_file_that_was_cut_short_is_named(arrays, tmp_path, writer, length):
    path = writer(tmp_path, arrays)
    content = path.read_bytes()
    path.write_bytes(content[:length if length > 1 else int(length * len(content))])
    with pytest.raises(ValueError, match=r"Model.mat: found a damaged MATLAB file \(.*expected a whole one; get") as error:
        morphable.load(path)
    assert "\n" not in str(error.value)
