"""FLAME's published layout, written here: a pickle of Python 2 with chumpy in it, one of Python 3, an .npz; and hostile ones."""
import pickle
import struct
import sys
import types

import numpy as np
import pytest
from scipy import sparse

from morph3d import morphable
from morph3d.morphable import albedo
from morph3d.morphable.coefficients import Coefficients
from morph3d.morphable.landmarks import AVERAGE_FACE
from morph3d.morphable.readers import flame, safe_pickle
from tests.morphable.readers.face_files import front

FACE = (AVERAGE_FACE - AVERAGE_FACE[30]) / 1e3  # meters
ELSEWHERE = np.array([.01, 1.5, .03])  # FLAME's origin is not ours


@pytest.fixture(scope="module")
def arrays():
    """A head of 3,931 vertices, of which the front is a face of 68, and two eyeballs of 546."""
    random = np.random.default_rng(0)
    vertices = random.normal(scale=.03, size=(5023, 3)) + [0., 0., -.3]
    vertices[flame.LANDMARKS] = FACE
    for start, eye in ((3931, FACE[42:48]), (4477, FACE[36:42])):
        ball = random.normal(size=(546, 3))
        vertices[start:start + 546] = eye.mean(0) + [0., 0., -.012] + .013 * ball / np.linalg.norm(ball, axis=1, keepdims=True)
    return {"v_template": vertices + ELSEWHERE, "shapedirs": np.float32(random.normal(scale=2e-4, size=(5023, 3, 400))),
            "f": flame.LANDMARKS[front(FACE)].astype(np.uint32)}


@pytest.fixture(autouse=True)
def painted(monkeypatch):
    calls = []

    def paint(*arguments):
        calls.append(arguments)
        return albedo.Albedo(np.full((5023, 3), .5), np.full((2, 5023, 3), .1), ("a", "b"), np.zeros([1, 2]))

    monkeypatch.setattr(albedo, "paint", paint)
    return calls


class Python2Pickler(pickle._Pickler):
    """Writes bytes as the text strings of Python 2, and names as they were in 2019."""

    def save_bytes(self, value):
        self.write(b"T" + struct.pack("<i", len(value)) + value)
        self.memoize(value)

    def save_global(self, value, name=None):
        module, name = value.__module__, name or value.__qualname__
        for new, old in (("numpy._core", "numpy.core"), ("scipy.sparse._csc", "scipy.sparse.csc"), ("builtins", "__builtin__")):
            module = module.replace(new, old)
        self.write(f"c{module}\n{name}\n".encode())
        self.memoize(value)

    dispatch = {**pickle._Pickler.dispatch, bytes: save_bytes, type: save_global, types.FunctionType: save_global,
                types.BuiltinFunctionType: save_global}


class Ch:
    """What chumpy's arrays of that name leave in a pickle."""

    def __init__(self, x):
        self._dirty_vars, self._itr, self._depends_on_deps, self.x = set(), None, {}, x


Ch.__module__ = "chumpy.ch"


def write_python_2(path, arrays):
    holds = {**arrays, "shapedirs": Ch(arrays["shapedirs"].astype(np.float64)), "bs_style": "lbs",
             "J_regressor": sparse.csc_matrix(np.eye(5, 9))}
    with open(path, "wb") as file:
        Python2Pickler(file, 2).dump(holds)


def write_python_3(path, arrays):
    path.write_bytes(pickle.dumps({**arrays, "J_regressor": sparse.csc_matrix(np.eye(5, 9))}, 5))


def write_npz(path, arrays):
    with open(path, "wb") as file:  # or NumPy appends .npz
        np.savez(file, **arrays, weights=np.ones((5023, 5)))


@pytest.mark.parametrize("write", [write_python_2, write_python_3, write_npz])
def test_every_form_of_the_file_gives_the_same_model(arrays, painted, tmp_path, write):
    path = tmp_path / "flame2023_Open.model"
    write(path, arrays)
    assert "chumpy" not in sys.modules
    model = morphable.load(path)
    assert model.name == "flame2023_Open" and model.sizes == (300, 2, 100)
    assert "chumpy" not in sys.modules
    vertices, _ = model.instance(Coefficients(2. * np.eye(1, 300, 7), [[0.]], 3. * np.eye(1, 100, 5)))
    directions = arrays["shapedirs"]
    expected = arrays["v_template"] + 2. * directions[:, :, 7] + 3. * directions[:, :, 305]
    shift = np.mean(vertices[0] - 1e3 * expected, axis=0)
    np.testing.assert_allclose(vertices[0] - 1e3 * expected, np.broadcast_to(shift, (5023, 3)), atol=1e-3)
    np.testing.assert_array_equal(model.triangles, arrays["f"])
    np.testing.assert_array_equal(model.landmarks, flame.LANDMARKS)


@pytest.mark.parametrize("kept, sizes", [("100 shapes and 50 expressions", (100, 50)), ("10 and 10", (10, 10)),
                                         ("300 shapes alone", (300, 0)), ("2 and 1", (2, 1))])
def test_a_reduced_file_tells_its_expressions_by_the_rise_of_sizes(arrays, tmp_path, kept, sizes):
    columns = arrays["shapedirs"][:, :, :sum(sizes)] * np.concatenate([np.linspace(5., 1., size) for size in sizes])
    write_npz(tmp_path / "reduced.npz", {**arrays, "shapedirs": columns})
    model = flame.read(tmp_path / "reduced.npz")
    assert model.sizes == (sizes[0], 2, sizes[1])
    last = model.instance(Coefficients(np.zeros([1, 0]), [[0.]], np.eye(1, sizes[1], sizes[1] - 1)))[0][0] if sizes[1] else None
    if last is not None:
        np.testing.assert_allclose(last - model.mean_vertices, 1e3 * columns[:, :, -1], atol=1e-3)


@pytest.mark.parametrize("write", [write_python_3, write_npz])
def test_expressions_that_are_kept_apart(arrays, tmp_path, write):
    directions = arrays["shapedirs"]
    write(tmp_path / "apart", {**arrays, "shapedirs": directions[:, :, :50], "exprdirs": directions[:, :, 300:320]})
    model = morphable.load(tmp_path / "apart")
    assert model.sizes == (50, 2, 20)
    np.testing.assert_allclose(model.expression_basis.numpy()[7].reshape(-1, 3), 1e3 * directions[:, :, 307], atol=1e-4)


def test_the_origin_lies_between_the_ears(arrays, tmp_path):
    """As in the Basel Face Model, where the nose's tip is some 130 mm before it and the face's middle 70."""
    write_npz(tmp_path / "a.npz", arrays)
    points = flame.read(tmp_path / "a.npz").mean_vertices.numpy()[flame.LANDMARKS]
    np.testing.assert_allclose(points - points[30], 1e3 * (FACE - FACE[30]), atol=1e-3)
    np.testing.assert_allclose(points[30], [0., 2., 132.], atol=1e-3)


def test_the_painter_is_told_of_the_eyeballs(arrays, painted, tmp_path):
    write_npz(tmp_path / "a.npz", arrays)
    model = flame.read(tmp_path / "a.npz")
    (vertices, points, facing, parts), = painted
    np.testing.assert_array_equal(np.flatnonzero(parts.eyeballs), np.arange(3931, 5023))
    np.testing.assert_allclose(points, model.mean_vertices.numpy()[flame.LANDMARKS], atol=1e-4)
    np.testing.assert_allclose(model.mean_colors, .5)


def test_landmarks_are_different_vertices_of_the_head():
    assert len(set(flame.LANDMARKS)) == 68 and flame.LANDMARKS.max() < flame.EYEBALLS


def _shuffled(arrays):
    return {"v_template": np.roll(arrays["v_template"], 1, axis=0)}


def _without_eyeballs(arrays):
    vertices = arrays["v_template"].copy()
    vertices[flame.EYEBALLS:] = vertices[0]
    return {"v_template": vertices}


def _crooked(arrays):
    vertices = arrays["v_template"].copy()
    vertices[flame.LANDMARKS[51]] += [0., -.02, 0.]
    return {"v_template": vertices}


BROKEN = {
    "a body": (lambda _: {"v_template": np.ones((6890, 3))}, r"v_template \(6890, 3\), expected \(5023, 3\) .* other body models"),
    "flat modes": (lambda a: {"shapedirs": a["shapedirs"].reshape(-1, 400)}, r"shapedirs \(15069, 400\), expected \(5023, 3, N"),
    "expressions of others": (lambda a: {"exprdirs": a["shapedirs"][1:]}, r"exprdirs \(5022, 3, 400\), expected \(5023, 3, None\)"),
    "columns mixed": (lambda a: {"shapedirs": a["shapedirs"][:, :, :6] * [6., 4., 8., 3., 2., 5.]},
                      "6 columns in shapedirs whose sizes rise at 2, 5, expected one rise, .*; .* as exprdirs"),
    "no triangles": (lambda _: {"f": None}, "as f no array among f, shapedirs, v_template, expected an array"),
    "empty triangles": (lambda _: {"f": np.zeros((0, 3), int)}, r"f \(0, 3\), expected \(None, 3\) as in FLAME"),
    "no columns": (lambda a: {"shapedirs": a["shapedirs"][:, :, :0]}, r"shapedirs \(5023, 3, 0\), expected \(5023, 3, None\)"),
    "fractions": (lambda a: {"f": a["f"] + .5}, r"f from .*, expected finite numbers, and in f whole numbers in 0..5022"),
    "text": (lambda _: {"f": np.array(["a"])}, "as f no array among"),
    "beyond the last": (lambda _: {"f": np.full((4, 3), 5023)}, "f from 5023 to 5023, expected .* in f whole numbers in 0..5022"),
    "not a number": (lambda _: {"v_template": np.full((5023, 3), np.nan)}, "v_template from nan to nan, expected finite"),
    "millimeters": (lambda a: {"v_template": 1e3 * a["v_template"]}, "eye corners 9e.04 apart"),
    "another order": (_shuffled, "eye corners .* apart|where a face has them"),
    "a crooked lip": (_crooked, "up to 1[89] mm from where a face has them, expected the vertices in the published order"),
    "no eyeballs": (_without_eyeballs, "landmarks or eyeballs up to .* mm from where a face has them"),
    "inside out": (lambda a: {"f": a["f"][:, ::-1]}, "face inward at the nose's tip"),
    "unit vectors": (lambda a: {"shapedirs": a["shapedirs"] / 30.}, "differ from their mean by 0.2 mm"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_file_is_refused_in_one_line(arrays, tmp_path, case):
    change, message = BROKEN[case]
    path = tmp_path / "flame.pkl"
    path.write_bytes(pickle.dumps({**arrays, **change(arrays)}))
    with pytest.raises(ValueError, match="flame.pkl: found .*" + message) as error:
        flame.read(path)
    assert "\n" not in str(error.value)


class Calls:
    """Pickles as the call of a function."""

    def __init__(self, function, *arguments):
        self.call = function, arguments

    def __reduce__(self):
        return self.call


@pytest.mark.parametrize("protocol", range(6))
@pytest.mark.parametrize("function, name", [(open, "_?io.open"), (exec, "(builtins|__builtin__).exec"),
                                            (np.savetxt, r"numpy.*savetxt"), (np.load, r"numpy.*load")])
def test_a_pickle_that_would_do_something_is_refused_and_does_nothing(arrays, tmp_path, protocol, function, name):
    target = tmp_path / "written"
    argument = f"open({str(target)!r}, 'w')" if function is exec else str(target)
    holds = {"v_template": arrays["v_template"], "evil": Calls(function, argument, "w" if function is open else {})}
    (tmp_path / "flame.pkl").write_bytes(pickle.dumps(holds, protocol))
    with pytest.raises(ValueError, match=f"flame.pkl: found the name {name} in the pickle, expected .* do not trust this file"):
        flame.read(tmp_path / "flame.pkl")
    assert not target.exists()


@pytest.mark.parametrize("content, message", [
    (b"\x80\x04c_codecs\nencode\n(Va\nVzip\ntR.", "found the encoding zip in the pickle"),
    (b"\x80\x02ccopy_reg\n_reconstructor\n(cnumpy\ndtype\nc__builtin__\nobject\nNtR.", "found an object of .*dtype.* in the"),
    (b"\x80\x02cchumpy.ch\nCh\n)\x81}X\x01\x00\x00\x00xcos\nsystem\nsb.", "found the name os.system in the pickle"),
    (b"\x80\x04\x8c\x08builtins\x8c\x0cset.__init__\x93.", "found the name builtins.set.__init__"),
    (b"\x80\x04\x8c\x05numpy\x8c\x0ccore.os.path\x93.", "found the name numpy.core.os.path"),
    (b"\x80\x02cscipy.sparse.linalg\neigs\n.", "found the name scipy.sparse.linalg.eigs"),
    (b"\x80\x02Pan id of something kept elsewhere\n.", "found a damaged pickle .*persistent"),
    (b"\x80\x02K\x07.", "found a pickled int, expected FLAME's dictionary"),
    (b"\x80\x02}X\x01", r"found a damaged pickle \(.*expected a whole one"),
    (b"\x80\x02}U\x0av_templatecchumpy.reordering\nSelect\n)\x81s.", "found as v_template chumpy.reordering.Select, expected"),
])
def test_tricks_with_pickles_are_refused(tmp_path, content, message):
    (tmp_path / "flame.pkl").write_bytes(content)
    with pytest.raises(ValueError, match="flame.pkl: " + message):
        flame.read(tmp_path / "flame.pkl")


def test_a_stand_in_does_nothing_and_keeps_what_it_was_told(tmp_path):
    (tmp_path / "a.pkl").write_bytes(pickle.dumps([sparse.csc_matrix(np.eye(2)), np.float32(2.), {3, 4}, "text", 1.5]))
    matrix, number, *rest = safe_pickle.load(tmp_path / "a.pkl")
    assert matrix.origin.startswith("scipy.sparse") and rest == [{3, 4}, "text", 1.5]
    assert safe_pickle.array(matrix) is None and isinstance(number, safe_pickle.StandIn)
    np.testing.assert_array_equal(matrix.state["data"], [1., 1.])


@pytest.mark.parametrize("part", [.01, .5, .999])
@pytest.mark.parametrize("write, message", [(write_python_2, "a damaged pickle"), (write_npz, "the beginning of a zip archive")])
def test_a_file_that_was_cut_short_is_named(arrays, tmp_path, write, message, part):
    path = tmp_path / "flame"
    write(path, {**arrays, "shapedirs": np.ones(9)})
    content = path.read_bytes()
    path.write_bytes(content[:int(part * len(content))])
    with pytest.raises(ValueError, match="flame: found .*" + message):
        morphable.load(path)


def test_a_damaged_or_hostile_npz_is_named(arrays, tmp_path):
    path = tmp_path / "flame.npz"
    np.savez(path, v_template=np.array([Calls(open, str(tmp_path / "written"), "w")]), f=arrays["f"])
    with pytest.raises(ValueError, match="flame.npz: found a damaged .npz .*with plain arrays"):
        flame.read(path)
    assert not (tmp_path / "written").exists()
    np.savez(path, mean_vertices=np.ones(3))
    with pytest.raises(ValueError, match="flame.npz: found as v_template no array among mean_vertices"):
        flame.read(path)
    with pytest.raises(ValueError, match="b.pkl: no such file; expected FLAME"):
        flame.read(tmp_path / "b.pkl")


def test_a_painted_model_is_known_by_its_shapes_and_the_painters_version(arrays, tmp_path, monkeypatch):
    """The last bits of painted colors are those of a machine and its threads."""
    write_npz(tmp_path / "a.npz", arrays)
    first = flame.read(tmp_path / "a.npz").fingerprint
    paint, brighter = albedo.paint, np.full((5023, 3), np.nextafter(.5, 1.))
    monkeypatch.setattr(albedo, "paint", lambda *arguments: paint(*arguments)._replace(mean=brighter))
    assert flame.read(tmp_path / "a.npz").fingerprint == first
    monkeypatch.setattr(albedo, "VERSION", albedo.VERSION + 1)
    assert flame.read(tmp_path / "a.npz").fingerprint != first
    monkeypatch.undo()
    monkeypatch.setattr(albedo, "paint", paint)
    write_npz(tmp_path / "b.npz", arrays | {"shapedirs": np.nextafter(arrays["shapedirs"], 1.)})
    assert flame.read(tmp_path / "b.npz").fingerprint != first
