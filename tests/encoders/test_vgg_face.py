"""The files are written in the published layouts, with few filters; the oracle is written with NumPy and SciPy alone."""
import numpy as np
import pytest
import scipy.io
import scipy.signal

from morph3d.encoders import registry, vgg_face
from tests.encoders import vgg_files
from tests.encoders.vgg_files import AVERAGE, FILTERS, LAYERS


def passing(channel):
    """A network that hands one color of the picture through to every feature, and nothing else."""
    weights = {}
    for name in LAYERS:
        kernel = np.zeros(vgg_files.kernel_shape(name), np.float32)
        middle = kernel.shape[0] // 2
        kernel[middle, middle, channel if name == "conv1_1" else 0] = 1.
        weights[name] = kernel, np.zeros(FILTERS, np.float32)
    return weights


def oracle(picture, weights):
    """fc7 of a picture [224, 224, 3] in 0..255: correlation, ReLU, maximum of 2 x 2, matrices."""
    x = picture.astype(np.float64) - AVERAGE
    for name in LAYERS[:13]:
        kernel, bias = weights[name]
        x = np.stack([sum(scipy.signal.correlate2d(x[..., i], kernel[..., i, out], "same") for i in range(x.shape[-1])) + bias[out]
                      for out in range(FILTERS)], -1)
        x = np.maximum(x, 0.)
        if name in vgg_files.POOLED:
            x = np.max([x[i::2, j::2] for i in (0, 1) for j in (0, 1)], 0)
    for name in "fc6", "fc7":
        kernel, bias = weights[name]
        x = np.maximum(np.einsum("yxi,yxio->o", x, kernel) + bias, 0.)[None, None]
    return x[0, 0]


@pytest.fixture(scope="module", params=["old", "new"])
def encoder(request, tmp_path_factory):
    path = tmp_path_factory.mktemp("vgg") / "net.mat"
    return registry.load("vgg_face", vgg_files.write(path, vgg_files.random_weights(), request.param))


def test_both_layouts_equal_the_oracle(encoder):
    pictures = np.random.default_rng(1).integers(0, 256, [2, 224, 224, 3])
    expected = np.stack([oracle(picture, vgg_files.random_weights()) for picture in pictures])
    assert (expected > 0.).any() and (expected == 0.).any(), "the ReLU must have something to do"
    features, identity = encoder(pictures / np.float32(255.))
    np.testing.assert_allclose(features, expected, rtol=1e-4, atol=1e-4 * expected.max())
    np.testing.assert_allclose(identity, expected / np.linalg.norm(expected, axis=-1, keepdims=True), atol=1e-4)


@pytest.mark.parametrize("channel", [0, 1, 2])
def test_pictures_kernels_and_the_average_are_red_green_blue(tmp_path, channel):
    network = registry.load("vgg_face", vgg_files.write(tmp_path / "net.mat", passing(channel), "new"))
    color = np.float32([250., 200., 150.])
    picture = np.broadcast_to(color / 255., [1, 224, 224, 3])
    np.testing.assert_allclose(network(picture).features, np.full([1, FILTERS], (color - AVERAGE)[channel]), rtol=1e-4)
    swapped = network(picture[..., ::-1]).features
    np.testing.assert_allclose(swapped, np.full([1, FILTERS], (color[::-1] - AVERAGE)[channel]), rtol=1e-4)


def test_an_average_of_every_pixel_is_subtracted_where_it_belongs(tmp_path):
    average = np.broadcast_to(AVERAGE, [224, 224, 3]) + np.linspace(-50., 50., 224, dtype=np.float32)[:, None, None]
    network = registry.load("vgg_face", vgg_files.write(tmp_path / "net.mat", passing(0), "old", average))
    # The five maxima of 2 x 2 let the highest value of the 32 x 32 pixels in the middle through: there the average is the least.
    expected = 250. - average[96, 0, 0]
    np.testing.assert_allclose(network(np.full([1, 224, 224, 3], 250. / 255.)).features[0, 0], expected, rtol=1e-4)


def test_an_average_in_another_order_of_colors_is_refused(tmp_path):
    path = vgg_files.write(tmp_path / "caffe.mat", passing(0), "new", AVERAGE[::-1].reshape(1, 1, 3))
    with pytest.raises(ValueError, match=r"caffe.mat: the average image .* color \(93.6, 104.8, 129.2\); expected red"):
        registry.load("vgg_face", path)


def test_the_network_is_that_of_the_paper():
    sizes = dict(zip(LAYERS, [64, 64, 128, 128, 256, 256, 256, 512, 512, 512, 512, 512, 512, 4096, 4096]))
    kernels, channels = {}, 3
    for name, filters in sizes.items():
        kernels[name], channels = (*vgg_files.kernel_shape(name)[:2], channels, filters), filters
    # 138,357,544 of VGG-16 less the 4,097,000 of its last layer, which the descriptor does without.
    assert sum(np.prod(shape) + shape[3] for shape in kernels.values()) == 138_357_544 - 4_097_000
    assert list(vgg_face.KERNEL_SIZES) == list(sizes)
    assert all(vgg_face.KERNEL_SIZES[name] == shape[0] for name, shape in kernels.items())


def test_a_mat_of_other_variables(tmp_path):
    scipy.io.savemat(tmp_path / "faces.mat", {"faces": np.zeros(3)})
    with pytest.raises(ValueError, match="faces.mat: not a network in MatConvNet's layout"):
        registry.load("vgg_face", tmp_path / "faces.mat")


def test_a_missing_layer_is_named(tmp_path):
    weights = vgg_files.random_weights()
    del weights["conv4_2"]
    with pytest.raises(ValueError, match="net.mat: found 15 layers with weights, but no conv4_2; expected conv1_1, conv1_2, "):
        registry.load("vgg_face", vgg_files.write(tmp_path / "net.mat", weights, "old"))


@pytest.mark.parametrize("name, kernel, biases, found", [
    ("conv2_1", [5, 5, 4, 4], 4, r"conv2_1 has a kernel of shape \[5, 5, 4, 4\] and 4 biases; expected \[3, 3, 4, filters\]"),
    ("conv3_2", [3, 3, 6, 4], 4, r"conv3_2 has a kernel of shape \[3, 3, 6, 4\] and 4 biases; expected \[3, 3, 4, filters\]"),
    ("fc6", [6, 6, 4, 4], 4, r"fc6 has a kernel of shape \[6, 6, 4, 4\] and 4 biases; expected \[7, 7, 4, filters\]"),
    ("fc7", [1, 1, 4, 4], 5, r"fc7 has a kernel of shape \[1, 1, 4, 4\] and 5 biases; expected .* as many biases as filters")])
def test_wrong_shapes_are_named(tmp_path, name, kernel, biases, found):
    weights = vgg_files.random_weights()
    weights[name] = np.zeros(kernel, np.float32), np.zeros(biases, np.float32)
    with pytest.raises(ValueError, match=f"net.mat: {found}"):
        registry.load("vgg_face", vgg_files.write(tmp_path / "net.mat", weights, "new"))
