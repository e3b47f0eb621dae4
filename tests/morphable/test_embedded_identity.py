"""The embedded model is known by its recipe, the same on every machine, and its place in the cache may be lost."""
import pathlib

import numpy as np
import pytest

from morph3d.morphable import embedded
from tests.models import TINY

# Sums of this recipe's arrays with random signs, at this VERSION of the embedded model.
RECIPE = TINY._replace(acts=12)  # with every action unit in one of the acts
VERSION = 1
PINNED = {
    "mean_vertices": [8080.590259, -3938.890881, -7211.254367, -1102.491609],
    "shape_modes": [-198.307056, 518.477207, -1628.454064, 1236.930052],
    "expression_modes": [-53.043582, 27.902253, -90.395183, -39.153639],
    "mean_colors": [2.977621, 26.975938, -48.130778, -25.089935],
    "texture_modes": [-.241035, 1.156280, -.898385, .216525],
    "triangles": [42558., -175310., -133930., -46644.],
    "landmarks": [4994., 9104., 10774., 5454.],
}


@pytest.fixture
def made(tmp_path, monkeypatch):
    """What is sculpted from here on, a list; the cache is empty."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    sculpt, made = embedded.sculpt, []
    monkeypatch.setattr(embedded, "sculpt", lambda recipe: made.append(recipe) or sculpt(recipe))
    return made


@pytest.fixture(scope="module")
def arrays():
    return embedded.sculpt(RECIPE)


def sums(array):
    """[4] sums with random signs: they change when any number does, but not by the last bits, which are a machine's own."""
    return np.random.default_rng(0).choice([-1., 1.], (4, array.size)) @ array.ravel().astype(np.float64)


@pytest.mark.parametrize("name", PINNED)
def test_what_recipes_give_changes_with_the_version_alone(arrays, name):
    """Red where the model is another: raise embedded.VERSION, and write that and the new sums above."""
    array = embedded.painted(dict(arrays), RECIPE)[name].astype(np.float64)
    if name.endswith("modes"):
        array = (array**2).sum(0)  # the variance, which knows no signs
    # A hundred times what other instruction sets, and NumPy, SciPy and scikit-image one or two years older, were seen to change.
    tolerance = 1e-5 * np.linalg.norm(array)
    np.testing.assert_allclose(sums(array), PINNED[name], rtol=0., atol=tolerance)
    assert embedded.VERSION == VERSION


def test_the_sums_see_one_vertex_that_moves_by_a_tenth_of_a_millimeter(arrays):
    moved = arrays["mean_vertices"].copy()
    moved[99, 1] += .1
    assert np.abs(sums(moved) - PINNED["mean_vertices"]).max() > 1e-5 * np.linalg.norm(moved)


def test_the_identity_is_that_of_recipe_and_version(monkeypatch):
    default = embedded.identity(embedded.Recipe())
    assert default == "90523e4946ef4a5e"
    identities = {embedded.identity(recipe) for recipe in (*embedded.RECIPES.values(), TINY, TINY._replace(seed=1))}
    assert len(identities) == 5 and default in identities
    monkeypatch.setattr(embedded, "VERSION", embedded.VERSION + 1)
    assert embedded.identity(embedded.Recipe()) not in identities


def kept(tmp_path):
    path, = (tmp_path / "cache" / "morph3d").rglob("*.*")
    return path


def test_reading_twice_builds_once(made, tmp_path):
    first, second = embedded.read(TINY), embedded.read(TINY)
    assert made == [TINY] and kept(tmp_path).name == "embedded.h5"
    assert first.fingerprint == second.fingerprint and first.name == second.name == "embedded"
    np.testing.assert_array_equal(first.shape_basis, second.shape_basis)


def test_another_machine_rounds_otherwise_and_knows_the_model_by_the_same_fingerprint(made, arrays, tmp_path, monkeypatch):
    here = embedded.read(TINY)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "there"))
    monkeypatch.setattr(embedded, "sculpt", lambda _: {**arrays, "mean_vertices": np.nextafter(arrays["mean_vertices"], 1e9)})
    there = embedded.read(TINY)
    assert (there.mean_vertices.numpy() != here.mean_vertices.numpy()).any()
    assert there.fingerprint == here.fingerprint


def test_a_changed_comment_in_the_sources_builds_nothing(made, monkeypatch):
    embedded.read(TINY)
    read = pathlib.Path.read_bytes
    monkeypatch.setattr(pathlib.Path, "read_bytes", lambda path: read(path) + (b"# why\n" if path.suffix == ".py" else b""))
    embedded.read(TINY)
    assert len(made) == 1


@pytest.mark.parametrize("part", [0., .1, .9])
def test_a_file_of_the_cache_that_was_cut_short_is_made_again(made, tmp_path, part, caplog):
    whole = embedded.read(TINY)
    content = kept(tmp_path).read_bytes()
    kept(tmp_path).write_bytes(content[:int(part * len(content))])
    again = embedded.read(TINY)
    assert len(made) == 2 and again.fingerprint == whole.fingerprint
    np.testing.assert_array_equal(again.shape_basis, whole.shape_basis)
    assert embedded.read(TINY).sizes == whole.sizes and len(made) == 2
    line, = (record.getMessage() for record in caplog.records if record.levelname == "WARNING")
    assert "embedded.h5: found a damaged file in the cache" in line and "unibas" not in line


def test_without_a_cache_the_model_is_made_in_memory(made, tmp_path, monkeypatch, caplog):
    whole = embedded.read(TINY)
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    model = embedded.read(TINY)
    assert model.fingerprint == whole.fingerprint and model.name == "embedded"
    np.testing.assert_allclose(model.shape_basis, whole.shape_basis, rtol=1e-6, atol=1e-9)
    line, = (record.getMessage() for record in caplog.records if record.levelname == "WARNING")
    assert "embedded.h5: cannot be kept" in line and "\n" not in line
