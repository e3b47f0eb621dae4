"""A trained network as one SavedModel: aligned photos in, coefficients, vertices and colors out."""
import os
import pathlib
import shutil
import tempfile
import uuid

import numpy as np
import tensorflow as tf

from morph3d import plain_paths
from morph3d.decoder import PHOTOS, RENDERINGS, readings
from morph3d.inference import signatures
from morph3d.morphable.coefficients import Coefficients

PARTS = ("image_size", "template", "triangles", "landmarks", "encoder_fingerprint", "encode", "decode", "read", "reconstruct",
         "instance")


class ReconstructionNetwork(tf.Module):
    """The network from an aligned photo to a colored mesh; needs neither this package nor the native op once exported.

    Attributes of it and of its SavedModel:
      image_size: the side of the square crops in pixels.
      template: [5, 2] pixels, where the five points of a face belong in a crop.
      triangles: [F, 3] and landmarks [68], of the mesh.
      uvs: [U, 2] and corners [F, 3], the Atlas of the mesh; not there where the morphable model has none.
      blendshapes: [N, V, 3] float16 mm and blendshape_names [N], see morphable/blendshapes.py; not there where the model has none.
      expression_modes: [E, V, 3] float16 mm, the model's, one standard deviation each; not there where it has none.
      encoder_fingerprint: text, the `recognizer` of its Encoder: whether another is the one that it was trained with.
      encode: crops [B, size, size, 3] sRGB in 0..1 -> features [B, D].
      decode: features -> {shape [B, S], texture [B, T], vertices [B, V, 3] mm, colors [B, V, 3] sRGB in 0..1}.
      read: features; whether they are of `renderings` of the morphable model, not of photos; and whether the `expected` face is
        wanted, which is nearer in millimeters and less like the person -> the same. `decode` reads photos, and gives faces that
        differ as people do.
      reconstruct: crops -> the same, `decode` of `encode`.
      instance: shape [B, S] and texture [B, T] -> {vertices, colors}; of zeros it is the mean face.
    """

    def __init__(self, encoder, decoder, morphable):
        super().__init__(name="reconstruction_network")
        # In a closure and not as attributes: Keras would export each of its variables as two, of which functions read the one and
        # checkpoints restore the other, so that only Python could load them. Their variables themselves are attributes.
        self._parts = lambda: (encoder, decoder, morphable)
        self._weights = [*encoder.variables, *(variable.value for variable in decoder.variables)]
        size = encoder.image_size
        self.image_size = tf.Variable(size, trainable=False)
        self.template = tf.Variable(encoder.template, trainable=False)
        self.triangles = tf.Variable(morphable.triangles, trainable=False)
        self.landmarks = tf.Variable(morphable.landmarks, trainable=False)
        if morphable.uvs:
            self.uvs, self.corners = (tf.Variable(part, trainable=False) for part in morphable.uvs)
        if morphable.blendshapes:
            # Halves: displacements of at most some cm, to some hundredths of a millimeter.
            self.blendshapes = tf.Variable(np.stack(list(morphable.blendshapes.values())), trainable=False, dtype=tf.float16)
            self.blendshape_names = tf.Variable(list(morphable.blendshapes), trainable=False)
        if morphable.expression_size:
            modes = tf.reshape(morphable.expression_basis, [morphable.expression_size, -1, 3])
            self.expression_modes = tf.Variable(tf.cast(modes, tf.float16), trainable=False)
        self.encoder_fingerprint = tf.Variable(encoder.recognizer, trainable=False)
        crops, features, shape, texture = (
            tf.TensorSpec([None, *rest], tf.float32, name) for name, *rest in (
                ("crops", size, size, 3), ("features", encoder.feature_size), ("shape", morphable.shape_size),
                ("texture", morphable.texture_size)))
        self.encode = tf.function(lambda crops: encoder(crops).features, [crops], autograph=False)
        choices = [tf.TensorSpec([], tf.bool, name) for name in ("renderings", "expected")]
        self.read = tf.function(self._read, [features, *choices], autograph=False)
        self.decode = tf.function(lambda features: self._read(features, False, False), [features], autograph=False)
        self.reconstruct = tf.function(lambda crops: self._read(encoder(crops).features, False, False), [crops], autograph=False)
        self.instance = tf.function(self._instance, [shape, texture], autograph=False)
        self.serve = self.reconstruct  # by this name LiteRT's converter knows that of several signatures serving_default is meant

    def _read(self, features, renderings, expected):
        domain = tf.where(renderings, RENDERINGS, PHOTOS)
        read, nearest = readings(self._parts()[1], features, domain)
        shape, texture = (tf.where(expected, *pair) for pair in zip(nearest[:2], read[:2]))
        return {"shape": shape, "texture": texture, **self._instance(shape, texture)}

    def _instance(self, shape, texture):
        vertices, colors = self._parts()[2].instance(Coefficients(shape, texture, None))
        return {"vertices": vertices, "colors": tf.clip_by_value(colors, 0., 1.)}


def save(network, folder):
    """Writes a ReconstructionNetwork as a SavedModel into `folder`, replacing one there only once the new one is complete.

    Raises:
      ValueError: the folder holds something else.
      OSError: it cannot be written.
    """
    folder = pathlib.Path(folder)
    if folder.exists():
        _require_saved_model(folder)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent) as beside:
        new = pathlib.Path(beside, "new")
        try:
            tf.saved_model.save(network, str(new), signatures.of(network))
        except tf.errors.OpError as error:
            raise OSError(error.message.rpartition("; ")[2]) from error  # after the path of a file beside
        _replace(folder, new)


def _replace(folder, new):
    """Puts the folder `new` in the place of another, which stays on the disk, if under a hidden name, whatever fails."""
    old = folder.with_name(f".{uuid.uuid4().hex}.{folder.name}")
    if folder.exists():
        os.rename(folder, old)
    try:
        os.rename(new, folder)
    except OSError:
        if old.exists():
            os.rename(old, folder)
        raise
    shutil.rmtree(old, ignore_errors=True)


def load(folder):
    """The ReconstructionNetwork that was saved in a folder.

    Raises:
      ValueError: there is none, or it cannot be read.
    """
    folder = pathlib.Path(folder)
    _require_saved_model(folder)
    with plain_paths.folder(folder) as path:
        try:
            loaded = tf.saved_model.load(path)
        except MemoryError:
            raise
        except Exception as error:  # a damaged one raises nearly anything
            reason = str(error).partition("\n")[0].replace(path, str(folder))
            raise ValueError(f"{folder}: the SavedModel cannot be read ({reason}); export it again with morph3d-export") from error
    missing = [name for name in PARTS if not hasattr(loaded, name)]
    if missing:
        raise ValueError(f"{folder}: a SavedModel without {', '.join(missing)}, so not of a face reconstructor of this version; "
                         "export it again with morph3d-export")
    return loaded


def _require_saved_model(folder):
    if not (folder / "saved_model.pb").is_file():
        raise ValueError(f"{folder}: holds no saved_model.pb; give a folder that morph3d-export has written")
