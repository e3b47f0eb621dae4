"""Inception-ResNet-v1 trained as a FaceNet, as pip package keras-facenet builds it, with the weights of David Sandberg's facenet.

The paper takes another FaceNet, NN2 (section 3.1; nn2.py), whose weights nobody publishes: of what can be had this is the nearest.
"""
import pathlib

import numpy as np
import tensorflow as tf

from morph3d import atomic_files
from morph3d.encoders.base import Encoder

KEY = "20180402-114759"  # 512 numbers of identity, trained on VGGFace2
CACHE = "~/.keras-facenet"  # the package's own

IMAGE_SIZE = 160
# These networks were trained and validated on MTCNN's box, widened by 16 photo pixels on each side (a "margin of 32") and resized
# to 160 x 160. There MTCNN's five points have these means, made symmetric, over 1,937 photos of Labeled Faces in the Wild. The
# resizing does not keep proportions (a box of 124 x 155 pixels becomes a square), so that a similarity can only come near.
TEMPLATE = np.float32([(53.2, 65.1), (106.8, 65.1), (80., 90.3), (56.1, 111.9), (103.9, 111.9)])


def load(key=KEY, weights=None):
    """-> Encoder: 160 px, 1792 features (global average pool), 512 numbers of identity (128 for the keys of 2017).

    The weights are taken from keras-facenet's cache folder, and downloaded to it if they are not there.

    Args:
      key: one of keras-facenet's.
      weights: a Keras weights file (.h5) to take instead, whatever its checksum.

    Raises:
      ValueError: an unknown key; weights that are missing and cannot be downloaded, or that do not fit the network.
    """
    from keras_facenet import inception_resnet_v1, metadata
    if key not in metadata.MODEL_METADATA:
        raise ValueError(f"unknown FaceNet {key!r}: expected one of {', '.join(metadata.MODEL_METADATA)}")
    facts = metadata.MODEL_METADATA[key]
    path = pathlib.Path(weights) if weights else _cached_weights(facts)
    if not path.is_file():
        raise ValueError(f"{path}: no such file; expected Keras weights of FaceNet {key}")
    model = inception_resnet_v1.InceptionResNetV1((IMAGE_SIZE, IMAGE_SIZE, 3), facts["dimensions"])
    try:
        model.load_weights(path)
    except (OSError, ValueError, KeyError) as error:
        raise ValueError(f"{path}: not the Keras weights of FaceNet {key}: {_first_line(error)}") from error
    return Encoder("facenet", IMAGE_SIZE, TEMPLATE, FaceNet(model, facts["fixed_image_standardization"]))


class FaceNet(tf.Module):
    """images [B, 160, 160, 3] in 0..1 -> (pooled features [B, 1792], embedding [B, I] of any length).

    Args:
      model: keras-facenet's InceptionResNetV1 with weights.
      fixed_standardization: whether the network takes (x - 127.5) / 127.5 of x in 0..255; else each image is standardized.
    """

    def __init__(self, model, fixed_standardization):
        super().__init__("facenet")
        import keras
        outputs = [model.get_layer(name).output for name in ("AvgPool", "Bottleneck_BatchNorm")]
        self.model = keras.Model(model.inputs, outputs)
        self.model.trainable = False
        self._fixed_standardization = fixed_standardization

    def __call__(self, images):
        standardize = _fixed if self._fixed_standardization else _per_image
        return tuple(self.model(standardize(255. * images), training=False))


def _fixed(x):
    return (x - 127.5) / 127.5


def _per_image(x):
    """Mean 0 and standard deviation 1; plain pictures are divided by little instead of nothing, and have a finite gradient."""
    mean, variance = tf.nn.moments(x, [1, 2, 3], keepdims=True)
    return (x - mean) * tf.math.rsqrt(tf.maximum(variance, 1. / np.prod(x.shape[1:])))


def _cached_weights(facts):
    """-> the path of the weights in the cache folder, downloaded if they are not there or damaged."""
    from keras_facenet import utils
    path = pathlib.Path(CACHE).expanduser() / facts["dir_name"] / facts["keras_weights_filename"]
    sha256 = facts["keras_weights_sha256"]
    if not path.is_file():
        _download(facts["keras_weights_url"], path, sha256, "not there")
    elif utils.sha256sum(path) != sha256:
        _download(facts["keras_weights_url"], path, sha256, f"damaged (their SHA-256 is not {sha256})")
    return path


def _download(url, path, sha256, reason):
    """A whole and right file at the path, or none and a ValueError."""
    from keras_facenet import utils
    try:
        with atomic_files.replacing(path) as beside:
            utils.download_and_verify(url, str(beside), sha256)
    except (OSError, AssertionError) as error:  # the package asserts the checksum
        raise ValueError(f"{path}: FaceNet's weights are {reason} and could not be downloaded ({_first_line(error)}); "
                         f"fetch {url} and put it in {path.parent}") from error


def _first_line(error):
    return (str(error).splitlines() or [type(error).__name__])[0]
