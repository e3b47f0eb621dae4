"""The VGG-Face descriptor (Parkhi, Vedaldi and Zisserman 2015), a VGG-16: an encoder to evaluate with.

Its authors publish it for MatConvNet, in two layouts: struct `net` with fields `layers` and `normalization` (vgg_face.mat), and
variables `layers` and `meta`, whose field is `normalization` (vgg-face.mat). In both, layers{i} has `name` and
`weights` {kernel [row, column, in, out], bias [out, 1]}. Pictures are RGB in 0..255; ports to BGR have the mean reversed as well.
"""
import pathlib

import numpy as np
import scipy.io
import tensorflow as tf

from morph3d.encoders.base import Encoder

ADDRESS = "https://www.robots.ox.ac.uk/~vgg/software/vgg_face/src/vgg_face_matconvnet.tar.gz"
IMAGE_SIZE = 224
MEAN_COLOR = (129.1863, 104.7624, 93.5940)  # RGB, of the photos it was trained on

BLOCKS = (2, 2, 3, 3, 3)  # 3 x 3 convolutions, before the picture is halved
CONVOLUTIONS = tuple(f"conv{block}_{i}" for block, count in enumerate(BLOCKS, 1) for i in range(1, count + 1))
KERNEL_SIZES = {name: 3 for name in CONVOLUTIONS} | {"fc6": IMAGE_SIZE // 2**len(BLOCKS), "fc7": 1}

# The authors crop a square around the face box, 1.1 times as wide as the box is on the average of width and height. In that square
# around MTCNN's boxes, its five points have these means, made symmetric, over 647 photos of Labeled Faces in the Wild. (The
# authors used another detector, whose boxes are assumed to be alike.)
TEMPLATE = np.float32([(72.8, 84.9), (151.2, 84.9), (112., 131.5), (76.9, 170.7), (147.1, 170.7)])


def load(weights=None):
    """The Encoder: 224 px; features (4096) are the activations of fc7 after its ReLU, identity the same as a unit vector.

    Args:
      weights: vgg_face.mat or vgg-face.mat.

    Raises:
      ValueError: no file is given, or it is missing or of something else.
    """
    if weights is None:
        raise ValueError(f"the vgg_face encoder needs vgg_face.mat: fetch {ADDRESS}, unpack it, and give the file in its folder "
                         f"data with --encoder_weights=FILE")
    return Encoder("vgg_face", IMAGE_SIZE, TEMPLATE, VGG16(*read(weights)))


class VGG16(tf.Module):
    """images [B, 224, 224, 3] in 0..1 -> (fc7 [B, D], the same).

    Args:
      kernels: {name: [row, column, in, out]}, of the names in KERNEL_SIZES.
      biases: {name: [out]}.
      average: [3] or [224, 224, 3] RGB in 0..255, which the network subtracts.
    """

    def __init__(self, kernels, biases, average):
        super().__init__("vgg_face")
        self.kernels = {name: tf.Variable(kernel, trainable=False) for name, kernel in kernels.items()}
        self.biases = {name: tf.Variable(bias, trainable=False) for name, bias in biases.items()}
        self.average = tf.constant(average)

    def __call__(self, images):
        x = 255. * images - self.average
        for name in CONVOLUTIONS:
            if name.endswith("_1") and name != "conv1_1":
                x = tf.nn.max_pool2d(x, 2, 2, "VALID")
            x = tf.nn.relu(tf.nn.conv2d(x, self.kernels[name], 1, "SAME") + self.biases[name])
        x = tf.nn.max_pool2d(x, 2, 2, "VALID")
        for name in ("fc6", "fc7"):  # a kernel as large as the picture is a matrix
            kernel = self.kernels[name]
            x = tf.reshape(x, [-1, np.prod(kernel.shape[:3])])
            x = tf.nn.relu(x @ tf.reshape(kernel, [-1, kernel.shape[3]]) + self.biases[name])
        return x, x


def read(path):
    """-> kernels, biases, average as VGG16 takes them, from either layout; numbers of filters are those of the file.

    Raises:
      ValueError: naming the file, what was found and what was expected.
    """
    path = pathlib.Path(path)
    if not path.is_file():
        raise ValueError(f"{path}: no such file; expected vgg_face.mat, from {ADDRESS}")
    try:
        layers, average = _unpack(scipy.io.loadmat(path, variable_names=["net", "layers", "meta"]))
    except Exception as error:  # SciPy raises of every kind for what is no such file
        raise ValueError(f"{path}: not a network in MatConvNet's layout ({str(error).partition(chr(10))[0]}); expected "
                         f"vgg_face.mat, from {ADDRESS}") from error
    kernels, biases, channels = {}, {}, 3
    for name, size in KERNEL_SIZES.items():
        if name not in layers:
            raise ValueError(f"{path}: found {len(layers)} layers with weights, but no {name}; expected {', '.join(KERNEL_SIZES)}")
        kernel, bias = layers[name]
        if kernel.ndim != 4 or kernel.shape[:3] != (size, size, channels) or bias.size != kernel.shape[3]:
            raise ValueError(f"{path}: {name} has a kernel of shape {list(kernel.shape)} and {bias.size} biases; expected "
                             f"[{size}, {size}, {channels}, filters] and as many biases as filters")
        kernels[name], biases[name], channels = np.float32(kernel), np.float32(bias).ravel(), kernel.shape[3]
    return kernels, biases, _checked_average(path, average)


def _unpack(content):
    """The variables of a .mat -> {name: (kernel, bias)}, averageImage."""
    if "net" in content:
        network = described = content["net"][0, 0]
    else:
        network, described = content, content["meta"][0, 0]
    layers = [layer[0, 0] for layer in network["layers"][0]]
    weighted = [layer for layer in layers if "weights" in layer.dtype.names and layer["weights"].size]
    return {layer["name"].item(): layer["weights"][0, :2] for layer in weighted}, described["normalization"][0, 0]["averageImage"]


def _checked_average(path, average):
    """averageImage as [3] or [224, 224, 3]; its mean color tells whether the file is for RGB."""
    average = np.float32(average)
    if average.size == 3:
        average = average.ravel()
    color = average.reshape(-1, average.shape[-1]).mean(0)
    if average.shape not in [(3,), (IMAGE_SIZE, IMAGE_SIZE, 3)] or np.abs(color - MEAN_COLOR).max() > 1.:
        found, expected = (", ".join(f"{value:.1f}" for value in values) for values in (color, MEAN_COLOR))
        raise ValueError(f"{path}: the average image has shape {list(average.shape)} and color ({found}); "
                         f"expected red, green and blue ({expected})")
    return average
