"""The exported SavedModel does what its parts do, anywhere, and is replaced only by a complete one."""
import os
import pathlib
import shutil
import subprocess
import sys

import numpy as np
import pytest
import tensorflow as tf

from morph3d import decoder
from morph3d.inference import export, reconstructor
from morph3d.mesh import uv_atlas
from morph3d.morphable.model import MorphableModel


@pytest.fixture(scope="module")
def parts(tiny_model, tiny_encoder):
    return tiny_encoder, decoder.build(tiny_encoder.feature_size, 4, 3, hidden=(16,)), tiny_model


@pytest.fixture(scope="module")
def network(parts):
    return export.ReconstructionNetwork(*parts)


@pytest.fixture(scope="module")
def saved(network, tmp_path_factory):
    folder = tmp_path_factory.mktemp("export") / "saved_model"
    export.save(network, folder)
    return folder


@pytest.mark.parametrize("is_saved", [False, True])
def test_outputs_are_those_of_the_parts(parts, network, saved, is_saved):
    encoder, decoding, model = parts
    crops = np.random.default_rng(0).random([3, 32, 32, 3], np.float32)
    made = export.load(saved) if is_saved else network
    face = made.reconstruct(crops)
    expected = decoder.decode(decoding, encoder(crops).features)
    vertices, colors = model.instance(expected)
    for name, value in {"shape": expected.shape, "texture": expected.texture, "vertices": vertices,
                        "colors": np.clip(colors, 0., 1.)}.items():
        np.testing.assert_allclose(face[name], value, atol=1e-3 if name == "vertices" else 1e-5)
        np.testing.assert_allclose(made.decode(made.encode(crops))[name], face[name], atol=1e-3 if name == "vertices" else 1e-5)
    again = made.instance(face["shape"], face["texture"])
    for name in "vertices", "colors":
        np.testing.assert_allclose(again[name], face[name], atol=1e-3)


@pytest.mark.parametrize("renderings", [False, True])
def test_it_reads_renderings_as_such_and_gives_expected_faces(parts, tmp_path, renderings):
    encoder, _, model = parts
    decoding = decoder.build(encoder.feature_size, 4, 3, hidden=(16,))
    features = 3. * np.random.default_rng(0).random([5, encoder.feature_size], np.float32)
    decoder.standardize(decoding, features + 1., 2. * features)
    decoder.spread(decoding, features)
    export.save(export.ReconstructionNetwork(encoder, decoding, model), tmp_path / "network")
    loaded = export.load(tmp_path / "network")
    found = {}
    for expected in False, True:
        face = loaded.read(features, tf.constant(renderings), tf.constant(expected))
        domain = decoder.RENDERINGS if renderings else decoder.PHOTOS
        found[expected] = coefficients = decoder.decode(decoding, features, domain, expected)
        for name, value in zip(("shape", "texture", "vertices"), (*coefficients[:2], model.instance(coefficients)[0])):
            np.testing.assert_allclose(face[name], value, atol=1e-3 if name == "vertices" else 1e-5)
    assert np.abs(found[False].shape - found[True].shape).max() > .01
    other = decoder.decode(decoding, features, decoder.PHOTOS if renderings else decoder.RENDERINGS)
    assert np.abs(found[False].shape - other.shape).max() > .01


def test_the_modes_are_stored_once(parts, network, tmp_path):
    """Several of its functions compute faces; a Basel Face Model's modes are 250 MB."""
    encoder, decoding, model = parts
    large = model.decimated(300)
    export.save(export.ReconstructionNetwork(encoder, decoding, large), tmp_path / "small")
    export.save(network, tmp_path / "large")
    size = {name: sum(path.stat().st_size for path in (tmp_path / name).rglob("*")) for name in ("small", "large")}
    fewer = 642 - large.mean_vertices.shape[0]
    assert size["large"] - size["small"] < 1.5 * fewer * 3 * 4 * (1 + 4 + 1 + 3 + 2)


def test_it_carries_its_mesh_and_framing(parts, saved):
    encoder, _, model = parts
    loaded = export.load(saved)
    assert int(loaded.image_size) == 32
    np.testing.assert_array_equal(loaded.template, encoder.template)
    np.testing.assert_array_equal(loaded.triangles, model.triangles)
    np.testing.assert_array_equal(loaded.landmarks, model.landmarks)
    assert loaded.encoder_fingerprint.numpy().decode() == encoder.fingerprint


def test_it_carries_the_uvs_of_its_mesh_or_none(parts, saved, tmp_path):
    encoder, decoding, model = parts
    assert not hasattr(export.load(saved), "uvs") and reconstructor.load(saved).mean_face.uvs is None
    atlas = uv_atlas.build(model.mean)
    textured = MorphableModel(model.name, model.mean_vertices, model.mean_colors, model.shape_basis, model.texture_basis,
                              model.expression_basis, model.triangles, model.landmarks, uvs=atlas)
    export.save(export.ReconstructionNetwork(encoder, decoding, textured), tmp_path / "saved_model")
    for got, expected in zip(reconstructor.load(tmp_path / "saved_model").mean_face.mesh.uvs, atlas, strict=True):
        np.testing.assert_array_equal(got, expected)


def test_it_is_loaded_where_there_is_no_morph3d(network, saved, tmp_path):
    code = f"""
import sys
sys.modules["morph3d"] = None  # whose import then fails
import numpy as np, tensorflow as tf
model = tf.saved_model.load({str(saved)!r})
face = model.signatures["serving_default"](crops=tf.fill([5, 32, 32, 3], .3))
np.save({str(tmp_path / 'vertices.npy')!r}, face["vertices"])
try:
    import morph3d
except ImportError:
    print("alone")
"""
    result = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True,
                            env={**os.environ, "CUDA_VISIBLE_DEVICES": "-1"})
    assert result.stdout.strip() == "alone", result.stderr
    expected = network.reconstruct(tf.fill([5, 32, 32, 3], .3))["vertices"]
    np.testing.assert_allclose(np.load(tmp_path / "vertices.npy"), expected, atol=1e-3)


@pytest.mark.parametrize("name", ["runs [1]", "a*b", "what?", "M\u00e4rz {2}"])
def test_folders_may_have_any_name(network, tmp_path, name):
    export.save(network, tmp_path / name / "saved_model")
    loaded = export.load(tmp_path / name / "saved_model")
    assert loaded.reconstruct(tf.zeros([1, 32, 32, 3]))["vertices"].shape == (1, 642, 3)


def test_saving_again_replaces_and_leaves_nothing_beside(network, saved):
    (saved / "of_the_old_one").touch()
    export.save(network, saved)
    assert not (saved / "of_the_old_one").exists()
    assert [path.name for path in saved.parent.iterdir()] == ["saved_model"]


@pytest.mark.parametrize("failing", [1, 2])
def test_whichever_rename_fails_the_old_one_is_still_there(network, saved, tmp_path, monkeypatch, failing):
    folder = tmp_path / "saved_model"
    shutil.copytree(saved, folder)
    (folder / "of_the_old_one").touch()
    calls, rename = [], os.rename

    def fails_once(source, target):
        calls.append(source)
        if len(calls) == failing:
            raise OSError("no luck")
        rename(source, target)

    monkeypatch.setattr(os, "rename", fails_once)
    monkeypatch.setattr(pathlib.Path, "rename", fails_once)
    with pytest.raises(OSError, match="no luck"):
        export.save(network, folder)
    assert (folder / "of_the_old_one").exists() and export.load(folder)
    assert [path.name for path in tmp_path.iterdir()] == ["saved_model"]


def test_a_folder_of_something_else_is_neither_read_nor_overwritten(network, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "diary.txt").write_text("dear")
    with pytest.raises(ValueError, match="mine: holds no saved_model.pb"):
        export.load(tmp_path / "mine")
    with pytest.raises(ValueError, match="mine: holds no saved_model.pb"):
        export.save(network, tmp_path / "mine")
    assert (tmp_path / "mine" / "diary.txt").read_text() == "dear"
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


def test_another_saved_model_is_refused(tmp_path):
    tf.saved_model.save(tf.Module(), str(tmp_path))
    with pytest.raises(ValueError, match="not of a face reconstructor"):
        export.load(tmp_path)


def test_a_damaged_saved_model_is_named(saved, tmp_path):
    folder = tmp_path / "saved_model"
    shutil.copytree(saved, folder)
    (folder / "saved_model.pb").write_bytes(b"\x01" * 100)
    with pytest.raises(ValueError, match="saved_model: the SavedModel cannot be read .*; export it again"):
        export.load(folder)


@pytest.mark.parametrize("file, rest", [("saved_model.pb", .5), ("variables/variables.data-00000-of-00001", .5),
                                        ("variables/variables.index", 0.), ("variables/variables.data-00000-of-00001", 0.)])
def test_a_saved_model_that_was_cut_off_is_named(saved, tmp_path, file, rest):
    folder = tmp_path / "saved_model"
    shutil.copytree(saved, folder)
    content = (folder / file).read_bytes()
    (folder / file).write_bytes(content[:int(rest * len(content))])
    with pytest.raises(ValueError, match="saved_model: the SavedModel cannot be read .*; export it again"):
        export.load(folder)


def test_what_tensorflow_says_of_a_damaged_saved_model_names_its_own_file(saved, tmp_path):
    folder = tmp_path / "saved_model"
    shutil.copytree(saved, folder)
    (folder / "variables" / "variables.data-00000-of-00001").unlink()
    with pytest.raises(ValueError, match=f"cannot be read .{folder}/variables/variables.data-00000-of-00001; No such file"):
        export.load(folder)


def test_a_saved_model_of_which_a_bit_has_changed_is_named(saved, tmp_path):
    folder = tmp_path / "saved_model"
    shutil.copytree(saved, folder)
    content = (folder / "saved_model.pb").read_bytes()
    (folder / "saved_model.pb").write_bytes(content.replace(b"image_size", b"image_sizf"))
    with pytest.raises(ValueError, match="saved_model: the SavedModel cannot be read .*; export it again"):
        export.load(folder)


def test_on_a_full_disk_nothing_is_left(network, tmp_path, monkeypatch):
    def full(*_):
        raise tf.errors.ResourceExhaustedError(None, None, "/a/tmp1/new/saved_model.pb.tmp2; No space left on device")

    monkeypatch.setattr(tf.saved_model, "save", full)
    with pytest.raises(OSError, match="^No space left on device$"):
        export.save(network, tmp_path / "saved_model")
    assert list(tmp_path.iterdir()) == []


def test_where_nothing_can_be_written_nothing_is(network, tmp_path):
    (tmp_path / "file").write_text("mine")
    with pytest.raises(OSError, match="File exists"):
        export.save(network, tmp_path / "file" / "saved_model")
    assert [path.read_text() for path in tmp_path.iterdir()] == ["mine"]
