"""The exported SavedModel does what the parts do, and is replaced only by a complete one."""
import numpy as np
import pytest
import tensorflow as tf

from morph3d import decoder
from morph3d.inference import export, faces


@pytest.fixture(scope="module")
def parts(tiny_model, tiny_encoder):
    return tiny_encoder, decoder.build(tiny_encoder.feature_size, 4, 3, hidden=(16,)), tiny_model


@pytest.fixture(scope="module")
def saved(parts, tmp_path_factory):
    folder = tmp_path_factory.mktemp("export") / "saved_model"
    export.save(export.Reconstructor(*parts), folder)
    return folder


def test_outputs_are_those_of_the_parts(parts, saved):
    encoder, network, model = parts
    crops = np.random.default_rng(0).random([3, 32, 32, 3], np.float32)
    face = export.load(saved)(crops)
    expected = decoder.decode(network, encoder(crops).features)
    vertices, colors = model.instance(expected)
    for name, value in {"shape": expected.shape, "texture": expected.texture, "vertices": vertices,
                        "colors": np.clip(colors, 0., 1.)}.items():
        np.testing.assert_allclose(face[name], value, atol=1e-3 if name == "vertices" else 1e-5)


def test_it_carries_its_mesh_and_framing(parts, saved):
    encoder, _, model = parts
    loaded = export.load(saved)
    np.testing.assert_array_equal(loaded.template, encoder.template)
    np.testing.assert_array_equal(loaded.triangles, model.triangles)
    np.testing.assert_array_equal(loaded.landmarks, model.landmarks)
    assert faces.crop_size(loaded) == 32


def test_the_serving_signature_takes_any_number_of_crops(saved):
    signature = tf.saved_model.load(str(saved)).signatures["serving_default"]
    assert signature(crops=tf.zeros([5, 32, 32, 3]))["vertices"].shape[0] == 5


def test_saving_again_replaces_and_leaves_nothing_beside(parts, saved):
    export.save(export.Reconstructor(*parts), saved)
    assert [path.name for path in saved.parent.iterdir()] == ["saved_model"]


def test_a_folder_of_something_else_is_neither_read_nor_overwritten(parts, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "diary.txt").write_text("dear")
    with pytest.raises(ValueError, match="mine: holds no saved_model.pb"):
        export.load(tmp_path / "mine")
    with pytest.raises(ValueError, match="mine: holds no saved_model.pb"):
        export.save(export.Reconstructor(*parts), tmp_path / "mine")
    assert (tmp_path / "mine" / "diary.txt").read_text() == "dear"
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


def test_another_saved_model_is_refused(tmp_path):
    tf.saved_model.save(tf.Module(), str(tmp_path))
    with pytest.raises(ValueError, match="not of a face reconstructor"):
        export.load(tmp_path)
