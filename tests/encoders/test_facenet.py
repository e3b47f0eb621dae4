"""FaceNet's network and weights as pip package keras-facenet has them: the package is the oracle."""
import urllib.error

import keras
import keras_facenet
import numpy as np
import pytest
import tensorflow as tf
from keras_facenet import embedding_model, inception_resnet_v1, metadata, utils

from morph3d.encoders import facenet, registry
from tests.encoders import facenet_files
from tests.encoders.facenet_files import small_network

KEYS = {"20180402-114759": 512, "20180408-102900": 512, "20170511-185253": 128, "20170512-110547": 128}


def random_images(count=2):
    return np.random.default_rng(0).uniform(size=[count, 160, 160, 3]).astype(np.float32)


@pytest.fixture
def small(monkeypatch):
    """Replaces the package's network."""
    monkeypatch.setattr(inception_resnet_v1, "InceptionResNetV1", small_network)


@pytest.fixture
def cache(monkeypatch, tmp_path):
    """The folder that takes the place of the package's cache."""
    monkeypatch.setattr(facenet, "CACHE", str(tmp_path))
    return tmp_path


def cached_random_weights(key, network, cache, monkeypatch):
    """Puts them where the package would, and makes it believe that they are the right ones."""
    facts = metadata.MODEL_METADATA[key]
    path = cache / key / facts["keras_weights_filename"]
    path.parent.mkdir()
    keras.utils.set_random_seed(int(key[:8]))
    model = network((160, 160, 3), facts["dimensions"])
    statistics = model.get_layer("Bottleneck_BatchNorm")
    statistics.moving_mean.assign(keras.random.normal(statistics.moving_mean.shape, 0., .1))
    statistics.moving_variance.assign(keras.random.uniform(statistics.moving_variance.shape, .1, 1.))
    facenet_files.write(path, model)
    monkeypatch.setitem(facts, "keras_weights_sha256", utils.sha256sum(path))


@pytest.mark.parametrize("network", [small_network, pytest.param(inception_resnet_v1.InceptionResNetV1, marks=pytest.mark.slow)],
                         ids=["small", "whole"])
@pytest.mark.parametrize("key", KEYS)
def test_each_key_gives_what_the_package_does(key, network, cache, monkeypatch):
    for module in embedding_model, inception_resnet_v1:
        monkeypatch.setattr(module, "InceptionResNetV1", network)
    cached_random_weights(key, network, cache, monkeypatch)
    photos = [(255. * image * contrast).astype(np.uint8) for image, contrast in zip(random_images(), (1., .3))]
    expected = keras_facenet.FaceNet(key, cache_folder=str(cache)).embeddings(photos)
    encoder = registry.load(f"facenet:{key}")
    features, identity = encoder(np.stack(photos) / np.float32(255.))
    assert (encoder.feature_size, encoder.identity_size) == (1792, KEYS[key])
    assert features.shape == (2, 1792) and expected.shape == (2, KEYS[key])
    np.testing.assert_allclose(identity, expected, atol=1e-5)
    assert np.abs(expected[0] - expected[1]).max() > .001, "what is alike would be equal whatever is done"


def test_identity_equals_the_packages_network(facenet_encoder, facenet_network):
    images = random_images()
    expected = facenet_network((255. * images - 127.5) / 127.5, training=False)
    np.testing.assert_allclose(facenet_encoder(images).identity, expected, atol=1e-5)
    assert len(facenet_encoder.variables) == len(facenet_network.variables) - 1  # all but the seed of the dropout


def test_a_plain_picture_is_standardized_with_a_finite_gradient():
    images = tf.fill([1, 160, 160, 3], 100.)
    with tf.GradientTape() as tape:
        tape.watch(images)
        standardized = facenet._per_image(images)
        value = tf.reduce_sum(standardized**2) + standardized[0, 0, 0, 0]
    np.testing.assert_allclose(standardized, 0., atol=1e-3)
    assert np.isfinite(tape.gradient(value, images)).all()


def broken_download(url, path, sha256):
    with open(path, "wb") as file:
        file.write(b"half of it")
    raise urllib.error.URLError("no network")


@pytest.mark.parametrize("key", KEYS)
def test_failed_download_says_what_to_fetch_and_leaves_nothing(key, cache, monkeypatch):
    (cache / key).mkdir()
    monkeypatch.setattr(utils, "download_and_verify", broken_download)
    address = f"https://github.com/faustomorales/keras-facenet/releases/download/v0.3.1/{key}-weights.h5"
    with pytest.raises(ValueError) as error:
        registry.load(f"facenet:{key}")
    assert str(error.value) == (
        f"{cache / key / f'{key}-weights.h5'}: FaceNet's weights are not there and could not be downloaded "
        f"(<urlopen error no network>); fetch {address} and put it in {cache / key}")
    assert list((cache / key).iterdir()) == []


def test_damaged_weights_in_the_cache_are_fetched_again(cache, monkeypatch):
    path = cache / facenet.KEY / f"{facenet.KEY}-weights.h5"
    path.parent.mkdir()
    path.write_bytes(b"half of it")
    monkeypatch.setattr(utils, "download_and_verify", broken_download)
    with pytest.raises(ValueError, match=f"{facenet.KEY}-weights.h5: FaceNet's weights are damaged .their SHA-256 is not 8b71e70.*"
                                         "could not be downloaded .*; fetch https://github.com/.* and put it in "):
        registry.load("facenet")
    monkeypatch.setattr(utils, "download_and_verify", lambda url, path, sha256: open(path, "w").write("whole"))
    assert facenet._cached_weights(metadata.MODEL_METADATA[facenet.KEY]) == path
    assert [file.read_text() for file in path.parent.iterdir()] == ["whole"]


def test_a_download_of_something_else_is_not_kept(cache, monkeypatch):
    monkeypatch.setattr(utils.urllib.request, "urlretrieve", lambda url, path: open(path, "w").write("a page that says sorry"))
    with pytest.raises(ValueError, match="not there and could not be downloaded .Error occurred verifying sha256"):
        registry.load("facenet")
    assert list((cache / facenet.KEY).iterdir()) == []


def test_weights_of_another_key(small, tmp_path):
    facenet_files.write(tmp_path / "other.h5", small_network((160, 160, 3), 128))
    with pytest.raises(ValueError, match="other.h5: not the Keras weights of FaceNet 20180402-114759: .*512.*128") as error:
        registry.load("facenet", tmp_path / "other.h5")
    assert "\n" not in str(error.value)


def test_unknown_key():
    with pytest.raises(ValueError, match="unknown FaceNet '2019': expected one of " + ", ".join(KEYS)):
        registry.load("facenet:2019")
