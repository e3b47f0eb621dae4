"""A trained reconstructor as one SavedModel: aligned photos in, coefficients, vertices and colors out."""
import pathlib
import tempfile

import tensorflow as tf

from morph3d.decoder import decode


class Reconstructor(tf.Module):
    """Everything from an aligned photo to a colored mesh; needs neither this package nor the native op once exported.

    Attributes of it and of its SavedModel:
      template: [5, 2] pixels, where the five points of a face belong in a crop.
      triangles: [F, 3] and landmarks [68], of the mesh.
    """

    def __init__(self, encoder, decoder, morphable):
        super().__init__(name="reconstructor")
        self._encoder, self._decoder, self._morphable = encoder, decoder, morphable
        size = encoder.image_size
        self.template = tf.Variable(encoder.template, trainable=False)
        self.triangles = tf.Variable(morphable.triangles, trainable=False)
        self.landmarks = tf.Variable(morphable.landmarks, trainable=False)
        self.__call__ = tf.function(self._reconstruct, [tf.TensorSpec([None, size, size, 3], tf.float32, "crops")])

    def _reconstruct(self, crops):
        """crops [B, S, S, 3] sRGB in 0..1 -> {shape, texture, vertices [B, V, 3] mm, colors [B, V, 3] sRGB in 0..1}."""
        coefficients = decode(self._decoder, self._encoder(crops).features)
        vertices, colors = self._morphable.instance(coefficients)
        return {"shape": coefficients.shape, "texture": coefficients.texture, "vertices": vertices,
                "colors": tf.clip_by_value(colors, 0., 1.)}


def save(reconstructor, folder):
    """Writes the SavedModel into `folder`, whose earlier content is replaced only once the new one is complete."""
    folder = pathlib.Path(folder)
    if folder.exists():
        _require_saved_model(folder)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent) as beside:
        new, old = pathlib.Path(beside, "new"), pathlib.Path(beside, "old")
        tf.saved_model.save(reconstructor, str(new), {"serving_default": reconstructor.__call__})
        if folder.exists():
            folder.rename(old)
        new.rename(folder)


def load(folder):
    """The exported Reconstructor; ValueError if `folder` holds none."""
    _require_saved_model(folder)
    loaded = tf.saved_model.load(str(folder))
    if not hasattr(loaded, "template"):
        raise ValueError(f"{folder}: a SavedModel, but not of a face reconstructor; give a folder that morph3d-export has written")
    return loaded


def _require_saved_model(folder):
    if not (pathlib.Path(folder) / "saved_model.pb").is_file():
        raise ValueError(f"{folder}: holds no saved_model.pb; give a folder that morph3d-export has written")
