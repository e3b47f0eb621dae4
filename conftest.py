"""What every test and every example in a docstring may ask for."""
import os
import pathlib

import hypothesis
import pytest

hypothesis.settings.register_profile("untimed", deadline=None)  # the first example may trace a graph, and others run beside it
hypothesis.settings.load_profile("untimed")
pytest_plugins = ["tests.models"]


@pytest.fixture(scope="session")
def data_folder():
    """The folder with the real photographs, morphable models and the scan that the project may not contain."""
    folder = os.environ.get("MORPH3D_DATA", "")
    if not pathlib.Path(folder, "photos").is_dir():
        pytest.skip("MORPH3D_DATA does not name the folder with the real data")
    return pathlib.Path(folder)


@pytest.fixture(scope="session")
def npm(request):
    """A function from names of npm packages, NAME@VERSION, to a folder in which Node finds them; without them a test is skipped."""
    import re
    import shutil
    import subprocess

    def install(*packages):
        if not shutil.which("npm"):
            pytest.skip("needs npm (Debian's package npm)")
        # A folder for each set: npm removes what it was not asked for.
        folder = request.config.cache.mkdir(re.sub(r"[^\w.]", "_", "_".join(["npm", *packages])))
        command = ["npm", "install", "--no-save", "--no-audit", "--no-fund", "--fetch-retries=0", "--prefix", folder, *packages]
        try:
            subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)
        except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
            pytest.skip(f"{', '.join(packages)} cannot be had from npm: {error}")
        return folder

    return install


@pytest.fixture(scope="session")
def tiny_model():
    """A MorphableModel of an ellipsoid, for tests of what uses models: 4 shape, 3 texture and 2 expression modes."""
    import numpy as np
    import trimesh

    from morph3d.morphable.model import MorphableModel
    sphere = trimesh.creation.icosphere(3)
    directions = np.asarray(sphere.vertices, np.float32)
    # The face is the front, z > 0; landmarks lie where the six parts of a face are, as directions (x, y).
    angle = np.linspace(0., 2. * np.pi, 6, endpoint=False)
    eye = np.stack([-.12 * np.cos(angle), .05 * np.sin(angle)], 1)
    lips = np.linspace(0., 2. * np.pi, 20, endpoint=False)
    where = np.concatenate([
        np.stack([np.linspace(-.8, .8, 17), -.7 + .5 * np.linspace(-1., 1., 17)**2], 1),  # jaw
        np.stack([np.linspace(-.5, .5, 10), np.full(10, .45)], 1),  # brows
        np.stack([np.zeros(4), np.linspace(.3, 0., 4)], 1), np.stack([np.linspace(-.15, .15, 5), np.full(5, -.1)], 1),  # nose
        eye + [-.33, .3], eye + [.33, .3],
        np.stack([-.28 * np.cos(lips), -.42 + .1 * np.sin(lips)], 1)])
    points = np.concatenate([where, np.sqrt(1. - (where**2).sum(1, keepdims=True))], 1)
    landmarks = np.argmin(np.linalg.norm(directions - points[:, None], axis=-1), 1).astype(np.int32)
    rng = np.random.default_rng(0)

    def smooth_modes(count, scale):
        return scale * np.stack([np.sin(directions @ rng.normal(0., 2., [3, 3])) for _ in range(count)])

    return MorphableModel.from_arrays(
        "tiny", directions * [80., 110., 95.], smooth_modes(4, 4.), np.full_like(directions, .5), smooth_modes(3, .1),
        smooth_modes(2, 2.), np.asarray(sphere.faces, np.int32), landmarks)


@pytest.fixture(scope="session")
def tiny_encoder():
    """A frozen encoder of 32-pixel pictures: fixed random projections of what an 8 x 8 thumbnail shows."""
    import numpy as np
    import tensorflow as tf

    from morph3d.encoders.base import Encoder
    rng = np.random.default_rng(1)
    to_features = tf.constant(rng.normal(0., .2, [192, 24]).astype(np.float32))
    to_embedding = tf.constant(rng.normal(0., .3, [24, 8]).astype(np.float32))

    def network(images):
        thumbnails = tf.reshape(tf.nn.avg_pool2d(images - .5, 4, 4, "VALID"), [-1, 192])
        features = tf.nn.relu(thumbnails @ to_features)
        return features, features @ to_embedding

    template = np.float32([[10., 11.], [22., 11.], [16., 16.], [12., 22.], [20., 22.]])
    return Encoder("tiny", 32, template, network)


@pytest.fixture(scope="session")
def judge(tiny_encoder):
    """Not the encoder of the tiny reconstructor: it looks at mean colors only, around those of a face."""
    import keras

    from morph3d.encoders.base import Encoder

    def network(pictures):
        colors = keras.ops.mean(pictures[:, 12:20, 12:20], (1, 2)) - .45
        return colors, colors

    return Encoder("colors", 32, tiny_encoder.template, network)


@pytest.fixture(scope="session")
def tiny_reconstructor(tiny_model, tiny_encoder):
    """A Reconstructor of the tiny model and encoder with an untrained decoder."""
    import keras

    from morph3d import decoder
    from morph3d.inference.export import ReconstructionNetwork
    from morph3d.inference.reconstructor import Reconstructor
    keras.utils.set_random_seed(0)
    network = decoder.build(tiny_encoder.feature_size, tiny_model.shape_size, tiny_model.texture_size, hidden=(16,))
    return Reconstructor(ReconstructionNetwork(tiny_encoder, network, tiny_model))


@pytest.fixture(autouse=True)
def examples(request, monkeypatch, tmp_path):
    """The world of the examples in docstrings: a folder with me.jpg, and a `reconstructor`."""
    if isinstance(request.node, pytest.DoctestItem):
        import skimage.data

        from morph3d import images
        images.write_png(tmp_path / "me.jpg", skimage.data.astronaut())
        monkeypatch.chdir(tmp_path)
        request.getfixturevalue("doctest_namespace")["reconstructor"] = request.getfixturevalue("tiny_reconstructor")
