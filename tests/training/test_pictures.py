"""Pictures for TensorBoard: photos beside their faces, meshes, distributions."""
import types

import numpy as np
import tensorflow as tf

from morph3d import images
from morph3d.decoder import decode
from morph3d.training import checkpoints, loop, pictures
from tests.training.events import Events
from tests.training.tiny_training import build, two_stages


def test_faces_come_as_pictures_and_as_meshes_every_few_steps_and_at_the_end(tiny_model, tiny_encoder, tmp_path):
    model = build(tiny_model, tiny_encoder, (0, 7))
    saved = checkpoints.Checkpoints(tmp_path / "checkpoints", model.decoder, model.optimizer)
    crops = np.random.default_rng(0).integers(256, size=[5, 32, 32, 3], dtype=np.uint8)
    features, writer = tiny_encoder(images.to_float(crops)).features, tf.summary.create_file_writer(str(tmp_path / "log"))
    loop.run(model, two_stages(tiny_model, tiny_encoder, (0, 7))[1], saved, [
        pictures.Pictures(writer, saved, tiny_model, tiny_encoder, features, crops, features, 3)])
    events = Events(tmp_path / "log")
    assert events.steps("photo and face") == events.steps("face_VERTEX") == events.steps("coefficients/shape") == [3, 6, 7]
    assert events.plugin("face_VERTEX") == events.plugin("face_COLOR") == "mesh"
    faces = decode(model.decoder, features)
    vertices, colors = tiny_model.instance(faces)
    np.testing.assert_allclose(events.last("face_VERTEX"), vertices[:3], atol=1e-3)
    np.testing.assert_allclose(events.last("face_COLOR") / 255., np.clip(colors[:3], 0., 1.), atol=.003)
    np.testing.assert_array_equal(events.last("face_FACE")[2], tiny_model.triangles)
    width, height, *encoded = events.last("photo and face")
    assert (int(width), int(height), len(encoded)) == (3 * 32, 32, 5)  # the photo, the face, and the face turned
    drawn = np.stack([tf.io.decode_png(picture) for picture in encoded])
    np.testing.assert_array_equal(drawn[:, :, :32], crops)
    assert drawn[:, :, 32:64].std() > 5. and np.abs(drawn[:, :, 32:64].astype(int) - drawn[:, :, 64:]).mean() > 5.
    values = faces.shape.numpy()
    left, right, counts = events.last("coefficients/shape").T
    assert counts.sum() == values.size and left[0] <= values.min() + 1e-5 and right[-1] >= values.max() - 1e-5


def test_the_densities_are_those_of_the_coefficients():
    """The curve of the standard normal, over a histogram that is where the coefficients are."""
    def picture(shift):
        parts = [tf.random.stateless_normal([50, 40], [seed, 0]) + shift for seed in (0, 1)]
        return pictures.distribution_picture(types.SimpleNamespace(shape=parts[0], texture=parts[1])).numpy()

    centered, shifted = picture(0.), picture(2.)
    assert centered.shape == shifted.shape == (300, 800, 3) and centered.dtype == np.uint8
    bars = np.uint8([31, 119, 180])  # matplotlib's first color
    columns = [np.nonzero((np.abs(drawn[:, :400].astype(int) - bars).max(-1) < 40).sum(0) > 5)[0] for drawn in (centered, shifted)]
    assert columns[1].mean() > columns[0].mean() + 40.
