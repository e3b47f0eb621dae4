"""Frozen face-recognition networks behind one call: images -> Encoding."""
import functools
import hashlib
import importlib
import os
from typing import NamedTuple

import numpy as np
import tensorflow as tf

MODULES = {"dlib": "dlib_resnet", "facenet": "facenet", "nn2": "nn2", "vgg_face": "vgg_face", "saved_model": "saved_model"}
SPECS = "dlib, facenet, facenet:KEY, nn2, vgg_face, saved_model:FOLDER"


class Encoding(NamedTuple):
    """What a recognition network sees in a face."""
    features: tf.Tensor  # [B, F] the layer before the embedding: what the decoder reads
    identity: tf.Tensor  # [B, I] unit length: two pictures of one person have a cosine near 1


class Framing(NamedTuple):
    """How an encoder wants its faces; as the attributes of an Encoder."""
    image_size: int
    template: np.ndarray


class Encoder(tf.Module):
    """A recognition network, differentiable with respect to its images and without trainable variables.

    Attributes:
      name: as in `load`, without the argument.
      image_size: S, the side of its square images in pixels.
      template: [5, 2] float32 NumPy, where its faces have their five points (see alignment.py): x to the right and y down
        in pixels of the S x S image, whose left and upper edges are at 0.
      feature_size, identity_size: F, I.
      network: images [B, S, S, 3] -> (features [B, F], embedding [B, I] of any length).
      version: whatever else decides its encodings, beside all this and the weights.
    """

    def __init__(self, name, image_size, template, network, version=""):
        super().__init__(name)
        self.image_size = image_size
        self.template = template
        self.network = network
        self.version = version
        # Traced once, for every batch. Not by XLA: on CPUs that takes longer, above all backwards.
        self._encode = tf.function(self._encoding, [tf.TensorSpec([None, image_size, image_size, 3])])
        self.feature_size, self.identity_size = (shape[-1] for shape in self._traced().output_shapes)
        for variable in self.variables:
            variable._trainable = False  # so that no tape watches it; TensorFlow and Keras offer this at creation only

    def __call__(self, images):
        """-> Encoding of images [B, S, S, 3], float32 sRGB in 0..1, aligned to the template."""
        images = tf.convert_to_tensor(images, tf.float32)
        size = self.image_size
        if images.shape.rank != 4 or not images.shape[1:].is_compatible_with([size, size, 3]):
            raise ValueError(f"images of the {self.name} encoder must have shape [B, {size}, {size}, 3], "
                             f"but have {images.shape}")
        return self._encode(images)

    @property
    def variables(self):
        """All that its network reads, in the order of reading."""
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

    def _encoding(self, images):
        features, embedding = self.network(images)
        return Encoding(features, tf.math.l2_normalize(embedding, -1))

    def _traced(self):
        return self._encode.get_concrete_function()


def load(spec, weights=None):
    """-> the Encoder of that name; the weights of "dlib" come with a pip package, "facenet" may download its own.

    Args:
      spec: "dlib", "facenet", "facenet:KEY" (see facenet.py), "nn2", "vgg_face" or "saved_model:FOLDER" (any recogniser: see
        saved_model.py).
      weights: a file to take the weights from; by default they are where the encoder's module says.

    Raises:
      ValueError: another spec, or weights that are missing or not what they should be.
    """
    module, settings = _module(spec)
    if weights is not None:
        if "folder" in settings:
            raise ValueError(f"{weights}: no weights file can be given for {spec}: a SavedModel holds its own weights")
        settings["weights"] = weights
    return module.load(**settings)


def located(spec, weights=None):
    """-> spec and weights that mean the same in any working folder."""
    name, colon, folder = spec.partition(":")
    if name == "saved_model" and folder:
        spec = name + colon + os.path.abspath(folder)
    return spec, os.path.abspath(weights) if weights else None


def framing(spec):
    """-> the Framing of the encoder that `load` would give, for which no weights are needed but those in a SavedModel."""
    module, settings = _module(spec)
    if "folder" in settings:
        encoder = module.load(**settings)
        return Framing(encoder.image_size, encoder.template)
    return Framing(module.IMAGE_SIZE, module.TEMPLATE)


def _module(spec):
    """-> the module of an encoder, and the keyword arguments of its `load` that its spec holds."""
    name, colon, argument = spec.partition(":")
    keyword = {"facenet": "key", "saved_model": "folder"}.get(name)
    if name not in MODULES or bool(colon) != bool(argument) or argument and not keyword or name == "saved_model" and not argument:
        raise ValueError(f"unknown encoder {spec!r}: expected one of {SPECS}")
    return importlib.import_module(f"{__name__}.{MODULES[name]}"), {keyword: argument} if argument else {}
