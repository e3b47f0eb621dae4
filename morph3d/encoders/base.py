"""A frozen face-recognition network behind one call: images -> Encoding."""
import functools
import hashlib
from typing import NamedTuple

import numpy as np
import tensorflow as tf


class Encoding(NamedTuple):
    """The encoding of a face by a recognition network."""
    features: tf.Tensor  # [B, D] what the decoder reads: the layer before the embedding, and perhaps colors (skin_color.py)
    identity: tf.Tensor  # [B, I] unit length: two pictures of one person have a cosine near 1


class Framing(NamedTuple):
    """The framing of faces that an encoder wants; as the attributes of an Encoder."""
    image_size: int
    template: np.ndarray


class Encoder(tf.Module):
    """A recognition network, differentiable with respect to its images and without trainable variables.

    Attributes:
      name: as in `registry.load`, without the argument.
      image_size: the side of its square images in pixels.
      template: [5, 2] float32 NumPy, where its faces have their five points (see alignment.py): x to the right and y down
        in pixels of the image, whose left and upper edges are at 0.
      feature_size, identity_size: D, I.
      network: images [B, image_size, image_size, 3] -> (features [B, D], embedding [B, I] of any length).
      version: whatever else decides its encodings, beside all this and the weights.
      recognizer: the fingerprint of the recognition network alone, where the features hold something beside its own.
    """

    def __init__(self, name, image_size, template, network, version="", recognizer=None):
        super().__init__(name)
        self.image_size = image_size
        self.template = template
        self.network = network
        self.version = version
        self._recognizer = recognizer
        # Traced once, for every batch. Not by XLA: on CPUs that takes longer, above all backward.
        self._encode = tf.function(self._encoding, [tf.TensorSpec([None, image_size, image_size, 3])], autograph=False)
        self.feature_size, self.identity_size = (shape[-1] for shape in self._traced().output_shapes)
        for variable in self.variables:
            variable._trainable = False  # so that no tape watches it; TensorFlow and Keras offer this at creation only

    def __call__(self, images):
        """The Encoding of images [B, image_size, image_size, 3], float32 sRGB in 0..1, aligned to the template."""
        images = tf.convert_to_tensor(images, tf.float32)
        size = self.image_size
        if images.shape.rank != 4 or not images.shape[1:].is_compatible_with([size, size, 3]):
            raise ValueError(f"images of the {self.name} encoder must have shape [B, {size}, {size}, 3], "
                             f"but have {images.shape}")
        return self._encode(images)

    @property
    def variables(self):
        """All variables that its network reads, in the order of reading."""
        traced = self._traced()
        by_handle = {id(variable.handle): variable for variable in traced.variables}  # in no order
        return tuple(by_handle[id(captured)] for captured in traced.captured_inputs if id(captured) in by_handle)

    @functools.cached_property
    def fingerprint(self):
        """12 hexadecimal digits of the SHA-256 of all that decides an encoding: only encodings of equal ones can be mixed."""
        digest = hashlib.sha256(repr((self.name, self.image_size, self.version)).encode())
        constants = [tensor for tensor in self._traced().captured_inputs if tensor.dtype != tf.resource]
        for part in (self.template, *constants, *self.variables):
            part = np.asarray(part)
            digest.update(repr((part.shape, part.dtype.str)).encode() + part.tobytes())
        return digest.hexdigest()[:12]

    @property
    def recognizer(self):
        return self._recognizer or self.fingerprint

    def _encoding(self, images):
        features, embedding = self.network(images)
        return Encoding(features, tf.math.l2_normalize(embedding, -1))

    def _traced(self):
        return self._encode.get_concrete_function()
