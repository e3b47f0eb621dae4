"""The judge: one that training never saw, and what it is shown."""
import numpy as np
import pytest
import skimage.data

from morph3d import images
from morph3d.encoders import registry
from morph3d.encoders.base import Encoder
from morph3d.evaluation import judges
from morph3d.inference import reconstructor


@pytest.fixture
def other_encoder(tiny_encoder):
    return Encoder("tiny", 32, tiny_encoder.template, tiny_encoder.network, version="another")


def test_the_recognizer_of_training_is_refused_unless_it_is_allowed(tiny_reconstructor, tiny_encoder, other_encoder, monkeypatch):
    faces = {"mine": tiny_reconstructor}
    monkeypatch.setattr(registry, "load", lambda spec, differentiable: {"tiny": tiny_encoder, "other": other_encoder}[spec])
    assert judges.load("other", faces) is other_encoder
    assert judges.load("tiny", {}) is judges.load("tiny", faces, training_recognizer=True) is tiny_encoder
    with pytest.raises(ValueError, match="^tiny: the recognizer that mine was trained with, so no independent judge; give another"):
        judges.load("tiny", faces)


def test_an_exported_network_knows_its_recognizer(tiny_reconstructor, tiny_encoder, other_encoder, tmp_path):
    tiny_reconstructor.save(tmp_path / "network")
    faces = {"exported": reconstructor.load(tmp_path / "network"), "mine": tiny_reconstructor}
    assert judges.trained_with(tiny_encoder, faces) == ["exported", "mine"]
    assert judges.trained_with(other_encoder, faces) == []


def test_the_rendering_is_framed_as_the_judge_wants_it(tiny_reconstructor, tiny_encoder):
    """The tiny head is a gray ellipsoid whose nose is at the template's, on gray."""
    face = tiny_reconstructor.reconstruct(skimage.data.astronaut())
    vertices, colors = face.vertices[None], face.colors[None]
    drawn = judges.frontal(tiny_reconstructor.network, vertices, colors, tiny_encoder)
    assert drawn.shape == (1, 32, 32, 3) and drawn.dtype == np.float32
    twice = judges.frontal(tiny_reconstructor.network, vertices.repeat(2, 0), colors.repeat(2, 0), tiny_encoder)
    np.testing.assert_array_equal(images.to_pixels(twice[1]), images.to_pixels(drawn[0]))
    background = images.to_pixels(drawn[0]) == 128
    assert background[0, 0].all() and not background[16, 16].all()
