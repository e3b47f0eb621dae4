"""ONNX and LiteRT files compute what TensorFlow does, by our program and by the public converter."""
import os
import pathlib
import subprocess
import sys

import numpy as np
import pytest
import skimage.data
import tensorflow as tf

from morph3d import decoder, images
from morph3d.inference import conversion, export, reconstructor
from morph3d.photos import crops, decoding, face_detection

ROOT = pathlib.Path(__file__).parents[2]
TOLERANCE = 1e-4  # of the largest value of each output
OUTPUTS = {"shape", "texture", "vertices", "colors", "landmarks"}


@pytest.fixture(scope="module")
def network(tiny_model, tiny_encoder):
    """With weights in all layers: those of what is added begin with zeros."""
    decoding = decoder.build(tiny_encoder.feature_size, 4, 3, hidden=(16,))
    random = np.random.default_rng(0)
    for variable in decoding.variables:
        variable.assign(random.uniform(.2, .6, variable.shape))
    return export.ReconstructionNetwork(tiny_encoder, decoding, tiny_model)


@pytest.fixture(scope="module")
def seen():
    """[3, 32, 32, 3], parts of a photo."""
    astronaut = skimage.data.astronaut()
    return images.to_float(np.stack([images.resize(astronaut[top:top + 200, 120:320], 32) for top in (0, 60, 150)])).numpy()


def litert(content, given):
    """What LiteRT's interpreter makes of crops."""
    return tf.lite.Interpreter(model_content=content).get_signature_runner("serving_default")(crops=given)


def onnx(path, given):
    runtime = pytest.importorskip("onnxruntime").InferenceSession(str(path))
    names = [output.name for output in runtime.get_outputs()]
    return dict(zip(names, runtime.run(names, {"crops": given})))


def assert_same(found, network, given):
    expected = {name: value.numpy() for name, value in network.reconstruct(given).items()}
    expected["landmarks"] = expected["vertices"][:, network.landmarks.numpy()]
    assert set(found) == OUTPUTS
    for name, value in found.items():
        np.testing.assert_allclose(value, expected[name], rtol=0., atol=TOLERANCE * np.abs(expected[name]).max(), err_msg=name)


@pytest.mark.parametrize("keys", [None, ["serving_default"], ["reconstruct_crops"]])
def test_the_public_converter_takes_our_saved_model_as_it_is(network, saved, seen, keys):
    content = tf.lite.TFLiteConverter.from_saved_model(str(saved), keys).convert()
    runner = tf.lite.Interpreter(model_content=content).get_signature_runner()
    assert_same(runner(crops=seen[:1]), network, seen[:1])


@pytest.mark.parametrize("count", [1, 3])
def test_litert_gives_what_tensorflow_does(network, seen, tmp_path, count):
    conversion.save_litert(network, tmp_path / "network.tflite")
    assert_same(litert((tmp_path / "network.tflite").read_bytes(), seen[:count]), network, seen[:count])


def test_onnx_gives_what_tensorflow_does_for_every_batch(network, seen, tmp_path):
    pytest.importorskip("tf2onnx")
    conversion.save_onnx(network, tmp_path / "network.onnx")
    for count in 1, 3:
        assert_same(onnx(tmp_path / "network.onnx", seen[:count]), network, seen[:count])
    assert {value.shape[0] for value in onnx(tmp_path / "network.onnx", seen[:0]).values()} == {0}


def test_a_network_that_was_saved_converts_like_the_one_it_was(network, saved, seen, tmp_path):
    pytest.importorskip("tf2onnx")
    loaded = export.load(saved)
    conversion.save_onnx(loaded, tmp_path / "network.onnx")
    conversion.save_litert(loaded, tmp_path / "network.tflite")
    assert_same(onnx(tmp_path / "network.onnx", seen), network, seen)
    assert_same(litert((tmp_path / "network.tflite").read_bytes(), seen), network, seen)


def test_without_tf2onnx_the_extra_is_named_and_nothing_written(network, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "tf2onnx", None)
    with pytest.raises(ImportError, match=r"^tf2onnx is not installed: .*`pip install '\.\[export\]'`"):
        conversion.save_onnx(network, tmp_path / "new" / "network.onnx")
    assert not any(tmp_path.iterdir())


def test_a_conversion_that_fails_leaves_what_was_there(network, tmp_path, monkeypatch):
    (tmp_path / "network.tflite").write_text("old")
    monkeypatch.setattr(tf.lite.TFLiteConverter, "from_concrete_functions", lambda *_: pytest.fail("no luck"))
    with pytest.raises(pytest.fail.Exception, match="no luck"):
        conversion.save_litert(network, tmp_path / "network.tflite")
    assert [path.read_text() for path in tmp_path.iterdir()] == ["old"]


def program(*arguments):
    command = [sys.executable, "-m", "morph3d", "export", *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, env={**os.environ, "CUDA_VISIBLE_DEVICES": "-1"})


def test_the_program_writes_the_format_asked_for(network, saved, seen, tmp_path):
    result = program(f"--model={saved}", "--format=litert", f"--output={tmp_path / 'a.tflite'}")
    assert result.returncode == 0 and result.stderr.splitlines()[-1] == f"exported: {tmp_path / 'a.tflite'}"
    assert_same(litert((tmp_path / "a.tflite").read_bytes(), seen), network, seen)
    assert [path.name for path in tmp_path.iterdir()] == ["a.tflite"]


@pytest.mark.parametrize("arguments, words", [
    (["--output=a"], "Exactly one of (run, model) must have a value"),
    (["--model=shipped", "--run=a"], "Exactly one of (run, model) must have a value"),
    (["--model=shipped", "--format=torch"], "value should be one of <savedmodel|onnx|litert>"),
    (["--model=shipped", "--checkpoint=c"], "error: --checkpoint=c: it is one of a run; give --run in place of --model")])
def test_flags_that_do_not_fit_are_named(arguments, words):
    result = program(*arguments)
    assert result.returncode != 0 and words in " ".join(result.stderr.split()) and "Traceback" not in result.stderr


def test_an_output_that_cannot_be_written_is_one_line(saved, tmp_path):
    (tmp_path / "file").write_text("mine")
    result = program(f"--model={saved}", f"--output={tmp_path / 'file' / 'out'}")
    words = f"error: {tmp_path / 'file' / 'out'}: cannot be written ({tmp_path / 'file'}: File exists); make "
    assert result.returncode == 1 and result.stderr.startswith(words) and result.stderr.count("\n") == 1
    assert (tmp_path / "file").read_text() == "mine" and [path.name for path in tmp_path.iterdir()] == ["file"]


@pytest.mark.slow
def test_the_shipped_network_converts_and_agrees_on_real_faces(data_folder, tmp_path):
    shipped = reconstructor.load()
    paths = sorted((data_folder / "photos" / "test").glob("*/*"))[:12]
    faces = [(photo, face_detection.detect(photo)) for photo in map(decoding.read, paths)]
    given = images.to_float(np.stack([crops.crop(*face, shipped) for face in faces if face[1] is not None][:4])).numpy()
    shipped.save(tmp_path / "saved_model")
    public = tf.lite.TFLiteConverter.from_saved_model(str(tmp_path / "saved_model")).convert()
    assert_same(litert(public, given), shipped.network, given)
    conversion.save_onnx(shipped.network, tmp_path / "network.onnx")
    assert_same(onnx(tmp_path / "network.onnx", given), shipped.network, given)
