"""Signatures of the exported SavedModel: what TensorFlow Serving, and whoever has only TensorFlow, can call by name.

All take batches of any size, none at all included, and give the same outputs, float32:
  shape [B, S] and texture [B, T]: coefficients of the morphable model, standard normal among people.
  vertices [B, V, 3]: mm; +x the subject's left, +y up, +z out of the face.
  colors [B, V, 3]: sRGB in 0..1.
  landmarks [B, 68, 3]: mm, those vertices that are landmarks, in the order of iBUG.

Their inputs:
  reconstruct_crops, and serving_default, which is the same: crops [B, size, size, 3] float32, sRGB in 0..1, a face on the template.
  reconstruct_encoded: features [B, D] float32, as the network's `encode` gives them; of several photos of a person, their mean.
  reconstruct_image_bytes: photos [B] strings, the bytes of JPEG or PNG files, and points [B, 5, 2] float32, where eye centers, nose
    tip and mouth corners are in each, in pixels; see photos/graph_crops.py.
"""
import tensorflow as tf

from morph3d import images
from morph3d.encoders.base import Framing
from morph3d.photos import graph_crops

DEFAULT = "serving_default"


def of(network):
    """{name: tf.function} for a ReconstructionNetwork, or one that was loaded."""
    size, landmarks = int(network.image_size), network.landmarks.numpy()
    frame = Framing(size, network.template.numpy())
    features, = network.encode.get_concrete_function().outputs

    def named(face):
        return {**face, "landmarks": tf.gather(face["vertices"], landmarks, axis=1)}

    @tf.function(input_signature=[tf.TensorSpec([None, size, size, 3], tf.float32, "crops")])
    def reconstruct_crops(crops):
        return named(network.reconstruct(crops))

    @tf.function(input_signature=[tf.TensorSpec([None, features.shape[1]], tf.float32, "features")])
    def reconstruct_encoded(features):
        return named(network.decode(features))

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, "photos"), tf.TensorSpec([None, 5, 2], tf.float32, "points")])
    def reconstruct_image_bytes(photos, points):
        return named(network.reconstruct(images.to_float(graph_crops.crop_all(photos, points, frame))))

    return {DEFAULT: reconstruct_crops, "reconstruct_crops": reconstruct_crops, "reconstruct_encoded": reconstruct_encoded,
            "reconstruct_image_bytes": reconstruct_image_bytes}
