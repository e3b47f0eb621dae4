"""Validation on unseen synthetic faces."""
import numpy as np
import tensorflow as tf

from morph3d import decoder
from morph3d.data.synthetic_store import EncodedFaces
from morph3d.morphable import coefficients
from morph3d.training import validation


def test_errors_are_mean_distances_of_vertices(tiny_model, tiny_encoder):
    network = decoder.build(tiny_encoder.feature_size, 4, 3, hidden=(8,))
    people = coefficients.sample(tiny_model, 70, 5)
    faces = EncodedFaces(tf.random.stateless_normal([70, tiny_encoder.feature_size], [1, 2]), people.shape, people.texture)
    decoder.spread(network, faces.features)
    read, mean = (decoder.decode(network, faces.features, decoder.RENDERINGS, choice).shape.numpy() for choice in (False, True))
    truth = people.shape.numpy()
    basis = tiny_model.shape_basis.numpy().reshape(4, -1, 3)
    expected = {name: np.linalg.norm(np.einsum("ns,svc->nvc", shape - truth, basis), axis=-1).mean()
                for name, shape in {"read": read, "expected": mean, "mean face": 0. * read}.items()}
    found = validation.vertex_errors(network, tiny_model, faces)
    assert found.keys() == expected.keys()
    for name, error in found.items():
        np.testing.assert_allclose(error, expected[name], rtol=1e-4)
    assert len(set(np.round(list(found.values()), 3))) == 3


def test_unseen_faces_are_others_than_those_of_the_training(tiny_model, tiny_encoder, tmp_path, monkeypatch):
    monkeypatch.setattr(validation, "UNSEEN", 128)
    unseen = validation.unseen_faces(tmp_path, tiny_model, tiny_encoder, 0)
    seen = validation.SyntheticStore(tmp_path / "synthetic_faces", tiny_model, tiny_encoder, 128, 0).first(128)
    assert unseen.shape.shape == seen.shape.shape == (128, 4) and not np.isin(unseen.shape, seen.shape).any()
