"""The network that comes with the project: written and read, as near as halves are, and refused where it cannot be right."""
import numpy as np
import pytest
import skimage.data

import morph3d
from morph3d import decoder, morphable
from morph3d.encoders import registry
from morph3d.inference import shipped

MADE_WITH = {"encoder": "dlib", "color_features": True, "morphable_model": "embedded-7k"}


@pytest.fixture(scope="module")
def encoder():
    return registry.load("dlib", color_features=True)


@pytest.fixture(scope="module")
def model():
    return morphable.load("embedded-7k")


@pytest.fixture(scope="module")
def network(encoder, model):
    built = decoder.build(encoder.feature_size, *model.sizes[:2])
    features = np.random.default_rng(0).normal(size=[64, encoder.feature_size]).astype(np.float32)
    decoder.standardize(built, features, 2. * features + 1.)
    decoder.spread(built, features)
    return built


@pytest.fixture
def path(tmp_path, network, encoder, model):
    shipped.write(network, MADE_WITH, [encoder.fingerprint, model.fingerprint], tmp_path / "network.npz")
    return tmp_path / "network.npz"


@pytest.fixture
def installed(monkeypatch, encoder, model):
    """Encoder and model are those of the fixtures, loaded once; -> what they were asked for by."""
    asked = []
    monkeypatch.setattr(registry, "load", lambda *spec, **options: asked.append((spec, options)) or encoder)
    monkeypatch.setattr(morphable, "load", lambda *spec: asked.append(spec) or model)
    return asked


def test_what_was_written_is_read_with_three_digits(path, network, installed):
    loaded = shipped.load(path)
    features = np.random.default_rng(1).normal(size=[5, network.inputs[0].shape[1]]).astype(np.float32)
    for renderings in False, True:
        for expected in False, True:
            wanted = decoder.decode(network, features, int(renderings), expected)
            found = loaded.read(features, renderings, expected)
            for name in "shape", "texture":
                value = getattr(wanted, name)
                np.testing.assert_allclose(found[name], value, atol=4e-3 * np.abs(value).max())
    assert sorted(installed, key=len) == [("embedded-7k",), (("dlib",), {"color_features": True})]
    assert path.stat().st_size < 6e6


@pytest.mark.parametrize("harm", [lambda path: path.unlink(), lambda path: path.write_bytes(b"no zip"),
                                  lambda path: path.write_bytes(path.read_bytes()[:9000])])
def test_a_missing_or_damaged_file_is_named_with_the_remedy(path, harm, installed):
    harm(path)
    with pytest.raises(ValueError, match=r"network\.npz: found no trained network .*install morph3d again"):
        shipped.load(path)


def test_another_encoder_or_model_than_in_training_is_refused(path, network, installed, tmp_path):
    shipped.write(network, MADE_WITH, ["0123456789ab", "c" * 16], path)
    with pytest.raises(ValueError, match=r"trained with dlib and embedded-7k of the fingerprints 0123456789ab, c{16}, but those "
                                         r"installed have [0-9a-f]{12}, [0-9a-f]{16}; install morph3d again"):
        shipped.load(path)


@pytest.mark.skipif(not shipped.PATH.exists(), reason="no trained network is shipped yet")
def test_the_astronauts_face_is_had_without_training():
    face = morph3d.load_reconstructor().reconstruct(skimage.data.astronaut())
    assert np.isfinite(face.vertices).all() and np.abs(face.shape).max() > .5
    assert shipped.PATH.stat().st_size <= 6e6
