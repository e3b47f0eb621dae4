"""Any face recognizer, as a SavedModel in one of two formats.

The full format: the signature `serving_default` takes `images` [B, size, size, 3], float32 sRGB in 0..1, and gives `features`
[B, D] and `identity` [B, I] of any length, both float32; to train with, both must be differentiable with respect to the images.
There is a variable `template` [5, 2]: where eye centers, nose tip and mouth corners are in its images, x to the right and y down in
pixels from the upper left edge. So is one written, here for a Keras network that takes 112 x 112 pixels in 0..255:

    class Recognizer(tf.Module):
        def __init__(self):
            super().__init__()
            self.network = network
            self.template = tf.Variable(template, trainable=False)

        @tf.function(input_signature=[tf.TensorSpec([None, 112, 112, 3], tf.float32, "images")])
        def encode(self, images):
            features, identity = self.network(255. * images, training=False)
            return {"features": features, "identity": identity}

    recognizer = Recognizer()
    tf.saved_model.save(recognizer, folder, {"serving_default": recognizer.encode})

The bare format, as recognizers are customarily saved: `faces` [B, size, size, 3], float32 sRGB in 0..255, and `embedding` [B, D] as
the only output, which is features and identity in one. Without a variable `template` it takes 112 x 112 pixels, aligned as usual.
"""
import hashlib
import pathlib
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from morph3d import plain_paths
from morph3d.encoders.base import Encoder, Encoding

SIGNATURE = "serving_default"
EXPECTED = ("images float32 [B, size, size, 3] -> features float32 [B, D], identity float32 [B, I], or "
            "faces float32 [B, size, size, 3] -> embedding float32 [B, D]")


class Format(NamedTuple):
    """The names of what a signature takes and gives, and its largest color."""
    images: str
    features: str
    identity: str
    white: float


FULL, BARE = Format("images", "features", "identity", 1.), Format("faces", "embedding", "embedding", 255.)

# Where recognizers of the bare format have their five points (InsightFace's alignment).
CUSTOMARY_SIZE = 112
CUSTOMARY_TEMPLATE = np.float32([(38.29, 51.70), (73.53, 51.50), (56.03, 71.74), (41.55, 92.37), (70.73, 92.20)])


def load(folder, differentiable=True):
    """-> Encoder of the SavedModel in the folder.

    Args:
      folder: of the SavedModel.
      differentiable: whether to refuse one without gradient with respect to the images.

    Raises:
      ValueError: there is none, or it is not as above.
    """
    folder = pathlib.Path(folder)
    definition = folder / "saved_model.pb"
    if not definition.is_file():
        raise ValueError(f"{folder}: {'holds no saved_model.pb' if folder.is_dir() else 'no such folder'}; expected a SavedModel")
    try:
        with plain_paths.folder(folder) as path:
            loaded = tf.saved_model.load(path)
    except (OSError, RuntimeError, ValueError, tf.errors.OpError) as error:
        raise ValueError(f"{folder}: the SavedModel cannot be read: {str(error).splitlines()[0]}") from error
    form, size = _format(loaded, folder)
    # The graph decides as much as the weights, and may hold them as constants.
    version = hashlib.sha256(definition.read_bytes()).hexdigest()
    encoder = Encoder("saved_model", size, _template(loaded, folder, form, size), SavedNetwork(loaded, form), version)
    if differentiable:
        _require_gradient(encoder, folder)
    return encoder


class SavedNetwork(tf.Module):
    """images [B, size, size, 3] in 0..1 -> (features [B, D], identity [B, I] of any length) by a loaded SavedModel's signature."""

    def __init__(self, loaded, form):
        super().__init__("saved_network")
        self.loaded = loaded  # the signature alone would not keep its variables alive
        self.form = form

    def __call__(self, images):
        outputs = self.loaded.signatures[SIGNATURE](**{self.form.images: self.form.white * images})
        return outputs[self.form.features], outputs[self.form.identity]


def _format(loaded, folder):
    """-> the Format and S of the signature, once that has proved to be as it should."""
    if SIGNATURE not in loaded.signatures:
        raise ValueError(f"{folder}: no signature {SIGNATURE}, but {', '.join(loaded.signatures) or 'none'}; expected {EXPECTED}")
    signature = loaded.signatures[SIGNATURE]
    inputs, outputs = signature.structured_input_signature[1], signature.structured_outputs
    if _assigns(signature):
        raise ValueError(f"{folder}: {SIGNATURE} changes variables, as training does with batch statistics; save it for inference")
    for form in FULL, BARE:
        size = _size(form, inputs, outputs)
        if size:
            return form, size
    raise ValueError(f"{folder}: {SIGNATURE} is {_described(inputs)} -> {_described(outputs)}; expected {EXPECTED}")


def _size(form, inputs, outputs):
    """-> S; None if the signature is not of this format."""
    match _shape(inputs, form.images), _shape(outputs, form.features), _shape(outputs, form.identity):
        case [None, int(height), int(width), 3], [None, int()], [None, int()]:
            fits = height == width and len(inputs) == 1 and (form is FULL or len(outputs) == 1)
            return height if fits else None


def _shape(specs, name):
    """-> list with None for what varies; None if there is no float32 tensor of known rank by that name."""
    spec = specs.get(name)
    return spec.shape.as_list() if spec is not None and spec.dtype == tf.float32 and spec.shape.rank is not None else None


def _described(specs):
    return ", ".join(f"{name} {spec.dtype.name} {spec.shape}" for name, spec in sorted(specs.items())) or "nothing"


def _assigns(signature):
    """Whether any operation writes to a variable, in the functions it calls too."""
    graph = signature.graph.as_graph_def()
    nodes = [*graph.node, *(node for function in graph.library.function for node in function.node_def)]
    return any(node.op.startswith("Assign") for node in nodes)


def _template(loaded, folder, form, size):
    template = getattr(loaded, "template", None)
    if template is None and form is BARE and size == CUSTOMARY_SIZE:
        return CUSTOMARY_TEMPLATE
    if not isinstance(template, tf.Variable) or template.shape != (5, 2):
        found = f"one of shape {template.shape}" if isinstance(template, tf.Variable) else "none"
        found += f", and faces of {size} x {size} pixels instead of {CUSTOMARY_SIZE} x {CUSTOMARY_SIZE}" if form is BARE else ""
        raise ValueError(f"{folder}: expected a variable `template` of shape (5, 2), where five points of a face are in the "
                         f"images, in pixels; found {found}")
    return np.float32(template.numpy())


def _require_gradient(encoder, folder):
    """What cannot be differentiated would train nothing, and say nothing."""
    images = tf.random.stateless_uniform([1, encoder.image_size, encoder.image_size, 3], [0, 0])
    for name in Encoding._fields:
        with tf.GradientTape() as tape:
            tape.watch(images)
            part = getattr(encoder(images), name)
        if not np.any(tape.gradient(part, images)):
            raise ValueError(f"{folder}: {name} has no gradient with respect to the images (are they cast to integers?), so that "
                             f"nothing can be trained through it")
