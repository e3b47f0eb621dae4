"""FaceNet NN2 (Schroff, Kalenichenko and Philbin 2015, table 2), the encoder of the paper. Nobody publishes its weights.

Against the table:
- "L2" pooling, in 3b, 4a to 4d and 5a, is the root of the mean of squares over 3 x 3; the other blocks take the maximum.
- Each convolution is followed by batch normalization (Ioffe and Szegedy 2015), which lets the network be trained in days instead of
  the 1,000 hours and more of the original. The table's two "norm" layers, responses normalized across neighboring channels, have
  then nothing left to do and are left out. The normalization has an offset in place of the convolution's bias but no scale: every
  path from one convolution to the next is homogeneous, so that scales would change nothing. So the parameters are the table's.
"""
import pathlib
import warnings
from typing import NamedTuple

import keras
import numpy as np
import tensorflow as tf

from morph3d.encoders import facenet
from morph3d.encoders.base import Encoder

IMAGE_SIZE = 224
FEATURES, IDENTITY = 1024, 128
TEMPLATE = facenet.TEMPLATE * np.float32(IMAGE_SIZE / 160.)  # framed like the FaceNet whose weights there are, at 160 pixels


class Inception(NamedTuple):
    """A row of table 2: filters of four branches that are joined, 0 where there is no such layer."""
    name: str
    conv_1: int
    reduce_3: int  # 1 x 1, before the 3 x 3
    conv_3: int
    reduce_5: int  # 1 x 1, before the 5 x 5
    conv_5: int
    pool: str  # "max" or "L2", 3 x 3
    projection: int  # 1 x 1, after the pool
    stride: int = 1


BLOCKS = (
    Inception("3a", 64, 96, 128, 16, 32, "max", 32),
    Inception("3b", 64, 96, 128, 32, 64, "L2", 64),
    Inception("3c", 0, 128, 256, 32, 64, "max", 0, stride=2),
    Inception("4a", 256, 96, 192, 32, 64, "L2", 128),
    Inception("4b", 224, 112, 224, 32, 64, "L2", 128),
    Inception("4c", 192, 128, 256, 32, 64, "L2", 128),
    Inception("4d", 160, 144, 288, 32, 64, "L2", 128),
    Inception("4e", 0, 160, 256, 64, 128, "max", 0, stride=2),
    Inception("5a", 384, 192, 384, 48, 128, "L2", 128),
    Inception("5b", 384, 192, 384, 48, 128, "max", 128),
)


def load(weights=None):
    """The Encoder: 224 px, 1024 features (average pool), 128 numbers of identity.

    Args:
      weights: a Keras weights file (.weights.h5) of `build()`, as morph3d-train-encoder writes it.

    Raises:
      ValueError: no file is given, or it is missing or does not fit the network.
    """
    if weights is None:
        raise ValueError("the nn2 encoder has no weights, since nobody publishes any: train them with morph3d-train-encoder and "
                         "give them with --encoder_weights=FILE")
    path = pathlib.Path(weights)
    if not path.is_file():
        raise ValueError(f"{path}: no such file; expected weights of NN2 as morph3d-train-encoder writes them")
    model = build()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # one for each layer, before the error
            model.load_weights(path)
    except (OSError, ValueError, KeyError) as error:
        raise ValueError(f"{path}: not the Keras weights of NN2, which morph3d-train-encoder writes as nn2.weights.h5 "
                         f"({str(error).partition(chr(10))[0]})") from error
    return Encoder("nn2", IMAGE_SIZE, TEMPLATE, NN2(model))


class NN2(tf.Module):
    """images [B, 224, 224, 3] in 0..1 -> (features [B, 1024], embedding [B, 128] of unit length), never in training mode."""

    def __init__(self, model):
        super().__init__("nn2")
        model.trainable = False
        self.model = model

    def __call__(self, images):
        return tuple(self.model(images, training=False))


def build():
    """An untrained Keras model: images [B, 224, 224, 3] in 0..1 -> [features [B, 1024], identity [B, 128] of unit length].

    Its layers "conv1", "2", "3a" to "5b" and "embedding" end what the rows of table 2 describe.
    """
    images = keras.Input([IMAGE_SIZE, IMAGE_SIZE, 3], name="images")
    x = keras.layers.Rescaling(2., -1., name="rescaling")(images)
    x = _pool("max", 2, "pool1")(_convolve(x, 64, 7, "conv1", stride=2))
    x = _convolve(_convolve(x, 64, 1, "2_reduce"), 192, 3, "2")
    x = _pool("max", 2, "pool2")(x)
    for block in BLOCKS:
        x = _inception(x, block)
    features = keras.layers.GlobalAveragePooling2D(name="features")(x)
    embedding = keras.layers.Dense(IDENTITY, name="embedding")(features)
    return keras.Model(images, [features, keras.layers.UnitNormalization(name="identity")(embedding)], name="nn2")


def _inception(x, block):
    branches = [
        _convolve(_convolve(x, block.reduce_3, 1, f"{block.name}_3_reduce"), block.conv_3, 3, f"{block.name}_3", block.stride),
        _convolve(_convolve(x, block.reduce_5, 1, f"{block.name}_5_reduce"), block.conv_5, 5, f"{block.name}_5", block.stride),
    ]
    if block.conv_1:
        branches.insert(0, _convolve(x, block.conv_1, 1, f"{block.name}_1"))
    pooled = _pool(block.pool, block.stride, f"{block.name}_pool")(x)
    branches.append(_convolve(pooled, block.projection, 1, f"{block.name}_projection") if block.projection else pooled)
    return keras.layers.Concatenate(name=block.name)(branches)


def _convolve(x, filters, size, name, stride=1):
    x = keras.layers.Conv2D(filters, size, stride, "same", use_bias=False, name=f"{name}_convolution")(x)
    x = keras.layers.BatchNormalization(scale=False, name=f"{name}_normalization")(x)
    return keras.layers.ReLU(name=name)(x)


def _pool(kind, stride, name):
    if kind == "max":
        return keras.layers.MaxPooling2D(3, stride, "same", name=name)
    return L2Pooling(stride, name=name)


class L2Pooling(keras.layers.AveragePooling2D):
    """The root of the mean of squares over 3 x 3 (fewer at the edges)."""

    def __init__(self, stride, name):
        super().__init__(3, stride, "same", name=name)

    def call(self, x):
        # Far below what matters; it keeps the gradient finite where ReLU has made a whole window zero.
        return keras.ops.sqrt(super().call(keras.ops.square(x)) + 1e-8)
