"""The model's file: read as it was written, within half a step, and named with the remedy where it is missing or broken."""
import re

import numpy as np
import pytest
from scipy import sparse

from morph3d.mesh.uv_atlas import Atlas
from morph3d.morphable.embedded import storage
from morph3d.morphable.model import MorphableModel

CAGE, PAINTED, COARSE = 9, 14, 7
REMEDY = re.escape("python -m experiments.make_embedded")


def random_matrix(random, rows, columns):
    """Means, as subdivision makes them."""
    matrix = random.uniform(size=[rows, columns]) * (random.uniform(size=[rows, columns]) < .3)
    matrix[np.arange(rows), np.arange(rows) % columns] = 1.
    return sparse.csr_matrix(matrix / matrix.sum(1, keepdims=True))


@pytest.fixture(scope="module")
def contents():
    random = np.random.default_rng(0)

    def modes(count, vertices, size):
        return random.normal(0., size, [count, vertices, 3])

    triangles = random.integers(0, COARSE, [11, 3])
    atlas = Atlas(random.uniform(size=[33, 2]).astype(np.float32), np.arange(33, dtype=np.int32).reshape(11, 3))
    onto = random_matrix(random, COARSE, PAINTED)
    meshes = {
        "painted": storage.Mesh(random_matrix(random, PAINTED, CAGE), None, triangles, random.integers(0, PAINTED, 68), atlas),
        "coarse": storage.Mesh(random_matrix(random, COARSE, CAGE), onto, triangles, random.integers(0, COARSE, 68), None)}
    blendshapes = {"jawOpen": modes(1, CAGE, 9.)[0], "eyeBlinkLeft": modes(1, CAGE, 9.)[0]}
    parts = {name: random.uniform(size=PAINTED) > .5 for name in storage.PARTS}
    return storage.Contents(modes(1, CAGE, 60.)[0], modes(5, CAGE, 2.), modes(4, CAGE, 3.), blendshapes,
                            random.uniform(.2, .8, [PAINTED, 3]), modes(6, PAINTED, .05), parts,
                            random.uniform(-.3, .3, [5, 6]), meshes)


@pytest.fixture
def path(contents, tmp_path):
    storage.write(contents, tmp_path / "embedded.npz")
    return tmp_path / "embedded.npz"


@pytest.mark.parametrize("name", ["painted", "coarse"])
def test_the_file_is_read_as_it_was_written(contents, path, name):
    found, _ = storage.read(name, path)
    mesh = contents.meshes[name]
    matrix, onto = mesh.matrix.toarray(), np.eye(PAINTED) if mesh.color_matrix is None else mesh.color_matrix.toarray()
    np.testing.assert_allclose(found["mean_vertices"], matrix @ contents.mean, atol=1e-4)
    np.testing.assert_allclose(found["mean_colors"], onto @ contents.mean_colors, atol=1e-6)
    for key in ("shape_modes", "expression_modes"):
        np.testing.assert_allclose(found[key], matrix @ getattr(contents, key), atol=storage.MILLIMETERS * .501)
    np.testing.assert_allclose(found["texture_modes"], onto @ contents.texture_modes, atol=storage.SRGB * .501)
    for part, mask in contents.parts.items():
        np.testing.assert_array_equal(found["known_parts"][part], onto @ mask > .5)
    assert list(found["blendshapes"]) == list(contents.blendshapes)
    for label, displacements in contents.blendshapes.items():
        np.testing.assert_allclose(found["blendshapes"][label], matrix @ displacements, atol=storage.MILLIMETERS * .501)
    for key in ("triangles", "landmarks"):
        np.testing.assert_array_equal(found[key], getattr(mesh, key))
    if mesh.uvs is None:
        assert found["uvs"] is None
    else:
        np.testing.assert_array_equal(found["uvs"].uvs, mesh.uvs.uvs)
        np.testing.assert_array_equal(found["uvs"].corners, mesh.uvs.corners)
    np.testing.assert_allclose(storage.read_correlations(path), contents.correlations, atol=2e-4)


def test_what_is_read_makes_a_model(path):
    found, _ = storage.read("coarse", path)
    assert MorphableModel.from_arrays("coarse", **found).sizes == (5, 6, 4)


def test_the_fingerprint_is_that_of_file_and_name(contents, path):
    first, again, other = (storage.read(name, path)[1] for name in ("painted", "painted", "coarse"))
    assert re.fullmatch("[0-9a-f]{16}", first) and first == again != other
    storage.write(contents, path)
    assert storage.read("painted", path)[1] == first
    storage.write(contents._replace(mean=contents.mean + 1.), path)
    assert storage.read("painted", path)[1] != first


def test_modes_beyond_the_integers_are_refused_and_nothing_is_written(contents, tmp_path):
    modes = contents.shape_modes.copy()
    modes[2, 3, 1] = -66.
    with pytest.raises(ValueError, match=re.escape("found values up to 66.0, expected them below 65.534")):
        storage.write(contents._replace(shape_modes=modes), tmp_path / "embedded.npz")
    assert not list(tmp_path.iterdir())


def test_a_file_that_cannot_be_finished_leaves_the_old_one(contents, path, monkeypatch):
    before = path.read_bytes()

    def fail(file, **_):
        file.write(b"half of it")
        raise OSError("No space left on device")

    monkeypatch.setattr(storage.np, "savez_compressed", fail)
    with pytest.raises(OSError, match="No space left"):
        storage.write(contents, path)
    assert [each.name for each in path.parent.iterdir()] == ["embedded.npz"] and path.read_bytes() == before


def broken(path):
    """Asserts the one line."""
    for read in (lambda: storage.read("painted", path), lambda: storage.read_correlations(path)):
        with pytest.raises(ValueError, match="embedded.npz: found no embedded model .*, expected the file that comes with morph3d; "
                                             f"install morph3d again, or make the file anew: {REMEDY}$") as error:
            read()
        assert "\n" not in str(error.value)


def test_a_missing_file(tmp_path):
    broken(tmp_path / "embedded.npz")


@pytest.mark.parametrize("part", [0., .01, .5, .99])
def test_a_file_that_was_cut_short(path, part):
    content = path.read_bytes()
    path.write_bytes(content[:int(part * len(content))])
    broken(path)


def test_another_npz(path):
    with open(path, "wb") as file:
        np.savez(file, mean=np.zeros([3, 3]))
    broken(path)


def test_a_file_of_something_else(path):
    path.write_bytes(b"<!DOCTYPE html>" * 99)
    broken(path)


def test_a_folder_in_its_place(path):
    path.unlink()
    path.mkdir()
    broken(path)


def test_a_single_array(path):
    with open(path, "wb") as file:
        np.save(file, np.zeros([3, 3]))
    broken(path)


def test_damage_anywhere_is_named_or_harmless(contents, path):
    """One byte after another is turned over: what is read then is what was written, or the one line."""
    content, found = path.read_bytes(), 0
    whole = storage.read("painted", path)[0]
    for place in np.random.default_rng(0).choice(len(content), 120, replace=False):
        damaged = bytearray(content)
        damaged[place] ^= 0xff
        path.write_bytes(damaged)
        try:
            again = storage.read("painted", path)[0]
        except ValueError as error:
            assert "found no embedded model" in str(error), error
            found += 1
        else:
            for key in ("mean_vertices", "shape_modes", "texture_modes", "triangles"):
                np.testing.assert_array_equal(again[key], whole[key])
    assert found > 30
