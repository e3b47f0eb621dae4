import numpy as np
import pytest

from morph3d.fitting import calibration, linear_model
from morph3d.inference import reconstructor
from morph3d.photos import dense_landmarks

# MediaPipe's numbers of points that the 68 landmarks name too: corners of eyes and mouth, the tip of the nose.
SAME = {33: 36, 133: 39, 362: 42, 263: 45, 61: 48, 291: 54}


@pytest.fixture(scope="module")
def shipped():
    loaded = reconstructor.load()
    return loaded, linear_model.of(loaded)


@pytest.mark.slow
def test_places_are_near_the_landmarks_of_the_same_name(shipped, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    found = calibration.of(*shipped)
    model = shipped[1]
    assert found.vertices.shape == found.off.shape == (dense_landmarks.COUNT,)
    for dense, landmark in SAME.items():
        apart = np.linalg.norm(model.mean[found.vertices[dense]] - model.mean[model.landmarks[landmark]])
        assert apart < 7., (dense, apart)
    right, left = model.mean[found.vertices[[33, 263]]]
    np.testing.assert_allclose(right, left * [-1., 1., 1.], atol=6.)
    assert 1. < np.median(found.off) < 4.
    assert found.shape.min() > .2 and .8 < found.shape.mean() < 1.1 and found.texture[0] < .9
    again = calibration.of(*shipped)  # out of the cache
    np.testing.assert_array_equal(again.vertices, found.vertices)
    assert len(list(tmp_path.rglob("*.npz"))) == 1
