"""Frozen face-recognition networks behind one call: images -> Encoding."""
import importlib
from typing import NamedTuple

import tensorflow as tf

MODULES = {"dlib": "dlib_resnet", "facenet": "facenet"}


class Encoding(NamedTuple):
    """What a recognition network sees in a face."""
    features: tf.Tensor  # [B, F] the layer before the embedding: what the decoder reads
    identity: tf.Tensor  # [B, I] unit length: two pictures of one person have a cosine near 1


class Encoder(tf.Module):
    """A recognition network, differentiable with respect to its images and without trainable variables.

    Attributes:
      name: as in `load`.
      image_size: S, the side of its square images in pixels.
      template: [5, 2] float32 NumPy, where its faces have their five points (see alignment.py): x to the right and y down
        in pixels of the S x S image, whose left and upper edges are at 0.
      feature_size, identity_size: F, I.
      network: images [B, S, S, 3] -> (features [B, F], embedding [B, I] of any length).
    """

    def __init__(self, name, image_size, template, network):
        super().__init__(name)
        self.image_size = image_size
        self.template = template
        self.network = network
        features, embedding = tf.function(network).get_concrete_function(
            tf.TensorSpec([None, image_size, image_size, 3])).output_shapes
        self.feature_size, self.identity_size = features[-1], embedding[-1]

    def __call__(self, images):
        """-> Encoding of images [B, S, S, 3], float32 sRGB in 0..1, aligned to the template."""
        images = tf.convert_to_tensor(images, tf.float32)
        size = self.image_size
        if images.shape.rank != 4 or not images.shape[1:].is_compatible_with([size, size, 3]):
            raise ValueError(f"images of the {self.name} encoder must have shape [B, {size}, {size}, 3], "
                             f"but have {images.shape}")
        features, embedding = self.network(images)
        return Encoding(features, tf.math.l2_normalize(embedding, -1))


def load(name, **settings):
    """-> the Encoder "dlib" (its weights come with a pip package) or "facenet" (may download; see facenet.load).

    Args:
      name: "dlib" or "facenet".
      **settings: keyword arguments of `load` in that encoder's module.

    Raises:
      ValueError: an unknown name, or weights that are missing or not what they should be.
    """
    if name not in MODULES:
        raise ValueError(f"unknown encoder {name!r}: expected one of {', '.join(sorted(MODULES))}")
    return importlib.import_module(f"{__name__}.{MODULES[name]}").load(**settings)
