"""The signatures of an exported network: for any batch, where there is no morph3d, for loaders without Python, and legible."""
import os
import subprocess
import sys

import numpy as np
import pytest
import skimage.data
import tensorflow as tf

from morph3d import decoder, images
from morph3d.inference import export, signatures
from morph3d.photos import crops

OUTPUTS = {"shape": [4], "texture": [3], "vertices": [642, 3], "colors": [642, 3], "landmarks": [68, 3]}
POINTS = np.float32([(200, 110), (250, 110), (225, 140), (205, 170), (245, 170)])  # about where the astronaut's are


@pytest.fixture(scope="module")
def network(tiny_model, tiny_encoder):
    return export.ReconstructionNetwork(tiny_encoder, decoder.build(tiny_encoder.feature_size, 4, 3, hidden=(16,)), tiny_model)


@pytest.fixture(scope="module")
def inputs(network, tiny_encoder):
    """{signature: its inputs}, of three darker and darker astronauts."""
    photos = [np.uint8(skimage.data.astronaut() * light) for light in (1., .8, .6)]
    seen = images.to_float(np.stack([crops.crop(photo, POINTS, tiny_encoder) for photo in photos])).numpy()
    return {"reconstruct_crops": {"crops": seen}, "serving_default": {"crops": seen},
            "reconstruct_encoded": {"features": network.encode(seen).numpy()},
            "reconstruct_image_bytes": {"photos": np.array([images.png(photo) for photo in photos], object),
                                        "points": np.repeat(POINTS[None], 3, 0)}}


def test_all_give_the_face_that_the_network_does(network, saved, inputs):
    loaded = tf.saved_model.load(str(saved))
    assert set(loaded.signatures) == set(inputs)
    expected = network.reconstruct(inputs["reconstruct_crops"]["crops"])
    expected["landmarks"] = expected["vertices"].numpy()[:, network.landmarks.numpy()]
    for name, given in inputs.items():
        found = loaded.signatures[name](**{key: tf.constant(value) for key, value in given.items()})
        assert set(found) == set(OUTPUTS)
        for key, value in found.items():
            scale = np.abs(expected[key]).max()
            np.testing.assert_allclose(value, expected[key], atol=(2e-2 if "bytes" in name else 1e-5) * scale, err_msg=name + key)


FOREIGN = """
import sys
class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("morph3d", "cv2"):
            raise ImportError(f"{name} is not here")
sys.meta_path.insert(0, Blocked())
import numpy as np, tensorflow as tf
loaded = tf.saved_model.load(sys.argv[1])
given = np.load(sys.argv[2], allow_pickle=True).item()
found = {(name, size): {key: value.numpy() for key, value in loaded.signatures[name](
    **{key: tf.constant(value[:size], tf.string if value.dtype == object else None) for key, value in inputs.items()}).items()}
    for name, inputs in given.items() for size in (0, 1, 3)}
np.save(sys.argv[2], found)
print(*(name for name in ("morph3d", "cv2") if name in sys.modules))
"""


def test_they_work_where_there_is_no_morph3d_for_every_batch(saved, inputs, tmp_path):
    np.save(tmp_path / "both.npy", inputs)
    result = subprocess.run([sys.executable, "-I", "-c", FOREIGN, saved, tmp_path / "both.npy"], cwd=tmp_path, capture_output=True,
                            text=True, env={**os.environ, "CUDA_VISIBLE_DEVICES": "-1"})
    assert result.returncode == 0 and result.stdout.strip() == "", result.stderr
    found = np.load(tmp_path / "both.npy", allow_pickle=True).item()
    assert set(found) == {(name, size) for name in inputs for size in (0, 1, 3)}
    for (name, size), face in found.items():
        assert {key: list(value.shape) for key, value in face.items()} == {key: [size, *shape] for key, shape in OUTPUTS.items()}
        for key, value in face.items():
            np.testing.assert_allclose(value, found[name, 3][key][:size], rtol=1e-4, atol=1e-4)
            assert np.isfinite(value).all()


def test_a_loader_that_knows_no_objects_restores_all_variables(network, saved, inputs):
    """TensorFlow Serving's and C++'s way: a session runs the graph's own operation that restores, and then a signature."""
    with tf.compat.v1.Session(graph=tf.Graph()) as session:
        definition = tf.compat.v1.saved_model.load(session, ["serve"], str(saved)).signature_def["serving_default"]
        given = inputs["serving_default"]["crops"]
        shape = session.run(definition.outputs["shape"].name, {definition.inputs["crops"].name: given})
    np.testing.assert_allclose(shape, network.reconstruct(given)["shape"].numpy(), atol=1e-5)


def test_no_operation_of_python_or_of_this_project_is_in_it(saved):
    loaded = tf.saved_model.load(str(saved))
    for name, signature in loaded.signatures.items():
        graph = signature.graph.as_graph_def()
        used = {node.op for nodes in (graph.node, *(function.node_def for function in graph.library.function)) for node in nodes}
        assert used and not {operation for operation in used if "PyFunc" in operation or "Morph" in operation}, name


def test_saved_model_cli_names_what_goes_in_and_comes_out(saved):
    command = [sys.executable, "-m", "tensorflow.python.tools.saved_model_cli", "show", "--dir", saved, "--all"]
    environment = {**os.environ, "CUDA_VISIBLE_DEVICES": "-1"}
    text = subprocess.run(command, capture_output=True, text=True, check=True, env=environment).stdout
    parts = {part.partition("'")[0]: part for part in text.partition("Concrete Functions")[0].split("signature_def['")[1:]}
    wanted = {"serving_default": ["crops"], "reconstruct_crops": ["crops"], "reconstruct_encoded": ["features"],
              "reconstruct_image_bytes": ["photos", "points"]}
    assert wanted.keys() == parts.keys() - {"__saved_model_init_op"}
    for name, given in wanted.items():
        before, after = parts[name].split("The given SavedModel SignatureDef contains the following output(s):")
        assert [line.split("'")[1] for line in before.splitlines() if "inputs['" in line] == given
        assert [line.split("'")[1] for line in after.splitlines() if "outputs['" in line] == sorted(OUTPUTS)
        assert "shape: (-1, 642, 3)" in after


def test_a_loaded_network_has_them_again_when_it_is_saved(network, saved, inputs, tmp_path):
    export.save(export.load(saved), tmp_path / "again")
    loaded = tf.saved_model.load(str(tmp_path / "again"))
    assert set(loaded.signatures) == set(inputs) and signatures.DEFAULT in loaded.signatures
    given = inputs["reconstruct_encoded"]["features"]
    found = loaded.signatures["reconstruct_encoded"](features=tf.constant(given))
    np.testing.assert_allclose(found["vertices"], network.decode(given)["vertices"], atol=1e-3)
