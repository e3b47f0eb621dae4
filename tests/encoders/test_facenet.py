import urllib.error

import h5py
import numpy as np
import pytest
import tensorflow as tf
from keras_facenet import inception_resnet_v1, metadata, utils

from morph3d import encoders
from morph3d.encoders import facenet


@pytest.fixture(scope="module")
def network():
    """The package's own network with random weights: the oracle."""
    tf.keras.utils.set_random_seed(0)
    return inception_resnet_v1.InceptionResNetV1((160, 160, 3), 512)


@pytest.fixture(scope="module")
def weights(network, tmp_path_factory):
    path = tmp_path_factory.mktemp("facenet") / "random-weights.h5"
    write_legacy_weights(path, network)
    return path


@pytest.fixture(scope="module")
def encoder(weights):
    return encoders.load("facenet", weights=weights)


def write_legacy_weights(path, model):
    """HDF5 as Keras 2 wrote it, and as the package's downloads are: a group a layer, the order in attributes."""
    with h5py.File(path, "w") as file:
        file.attrs["layer_names"] = [layer.name.encode() for layer in model.layers]
        file.attrs["backend"], file.attrs["keras_version"] = b"tensorflow", b"2.2.4"
        for layer in model.layers:
            group = file.create_group(layer.name)
            names = [f"{layer.name}/{weight.name}:0".encode() for weight in layer.weights]
            group.attrs["weight_names"] = names
            for name, weight in zip(names, layer.weights):
                group[name.decode()] = weight.numpy()


def random_images(count=2):
    return np.random.default_rng(0).uniform(size=[count, 160, 160, 3]).astype(np.float32)


def test_identity_equals_the_packages_network(encoder, network):
    images = random_images()
    expected = network((255. * images - 127.5) / 127.5, training=False)
    features, identity = encoder(images)
    np.testing.assert_allclose(identity, expected, atol=1e-5)
    np.testing.assert_allclose(np.linalg.norm(identity, axis=-1), 1., atol=1e-5)
    assert features.shape == (2, encoder.feature_size) == (2, 1792) and encoder.identity_size == 512


def test_networks_of_2017_standardise_each_image(network):
    image = random_images(1)
    x = 255. * image
    expected = network((x - x.mean()) / x.std(), training=False)
    _, embedding = facenet.FaceNet(network, fixed_standardization=False)(image)
    np.testing.assert_allclose(tf.math.l2_normalize(embedding, -1), expected, atol=1e-5)


def test_gradient_reaches_the_images_and_nothing_trains(encoder):
    images = tf.constant(random_images(1))
    with tf.GradientTape() as tape:
        tape.watch(images)
        loss = tf.reduce_sum(encoder(images).identity[:, :8])
    gradient = tape.gradient(loss, images).numpy()
    assert np.isfinite(gradient).all() and np.abs(gradient).max() > 0.
    assert encoder.trainable_variables == () and encoder.network.model.trainable_variables == []


def test_weights_are_looked_for_in_the_packages_cache(weights, monkeypatch, tmp_path):
    key = facenet.KEY
    folder = tmp_path / key
    folder.mkdir()
    (folder / metadata.MODEL_METADATA[key]["keras_weights_filename"]).symlink_to(weights)
    monkeypatch.setattr(facenet, "CACHE", str(tmp_path))
    assert facenet._cached_weights(metadata.MODEL_METADATA[key]).resolve() == weights


def test_failed_download_says_what_to_fetch_and_leaves_nothing(monkeypatch, tmp_path):
    def download(url, path, sha256):
        with open(path, "wb") as file:
            file.write(b"half of it")
        raise urllib.error.URLError("no network")

    monkeypatch.setattr(facenet, "CACHE", str(tmp_path))
    (tmp_path / facenet.KEY).mkdir()
    monkeypatch.setattr(utils, "download_and_verify", download)
    with pytest.raises(ValueError, match=r"fetch https://github.com/.*20180402-114759-weights.h5 and put it in ") as error:
        encoders.load("facenet")
    assert str(tmp_path / facenet.KEY) in str(error.value) and "no network" in str(error.value)
    assert "\n" not in str(error.value)
    assert list((tmp_path / facenet.KEY).iterdir()) == []


def test_download_is_kept_under_its_own_name(monkeypatch, tmp_path):
    monkeypatch.setattr(utils, "download_and_verify", lambda url, path, sha256: open(path, "wb").close())
    facenet._download("https://example.org/w.h5", tmp_path / "w.h5", "0")
    assert [path.name for path in tmp_path.iterdir()] == ["w.h5"]


@pytest.mark.parametrize("name", ["text.h5", "text.txt"])
def test_a_file_of_something_else(tmp_path, name):
    (tmp_path / name).write_text("these are no weights")
    with pytest.raises(ValueError, match=f"{name}: not the Keras weights of FaceNet 20180402-114759"):
        encoders.load("facenet", weights=tmp_path / name)


def test_missing_file(tmp_path):
    with pytest.raises(ValueError, match="none.h5: no such file; expected Keras weights of FaceNet"):
        encoders.load("facenet", weights=tmp_path / "none.h5")


def test_unknown_key():
    with pytest.raises(ValueError, match="unknown FaceNet '2019': expected one of 20180402-114759, "):
        encoders.load("facenet", key="2019")


def test_template_keeps_left_and_right():
    left_eye, right_eye, nose, left_mouth, right_mouth = facenet.TEMPLATE
    np.testing.assert_allclose(left_eye[0] + right_eye[0], 160., atol=.1)
    np.testing.assert_allclose(left_mouth[0] + right_mouth[0], 160., atol=.1)
    assert left_eye[0] < nose[0] < right_eye[0] and left_eye[1] < nose[1] < left_mouth[1] < 160.
