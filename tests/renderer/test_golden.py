"""Whole pictures as they were when somebody looked at them (tests/golden)."""
import numpy as np
import pytest
import tensorflow as tf

from tests.golden import make


@pytest.mark.parametrize("backend", ["native", "tensorflow"])
@pytest.mark.parametrize("picture", make.PICTURES, ids=lambda picture: picture.__name__)
def test_pictures_look_as_they_did(picture, backend):
    """But for one pixel in a thousand, within 1 / 255: rounding may decide otherwise at an edge on another machine."""
    expected = tf.io.decode_png(make.path_of(picture).read_bytes(), 3).numpy().astype(int)
    difference = np.abs(make.draw(picture, backend).numpy() - expected).max(-1)
    assert np.mean(difference > 1) <= 1e-3, f"{np.sum(difference > 1)} pixels differ, by up to {difference.max()} / 255"
    assert len(np.unique(expected.reshape(-1, 3), axis=0)) > 100  # something is in the picture


def test_every_golden_picture_is_tested():
    assert sorted(path.name for path in make.FOLDER.glob("*.png")) == sorted(make.path_of(one).name for one in make.PICTURES)
