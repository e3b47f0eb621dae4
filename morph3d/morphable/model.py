"""A linear model of faces: a mean and modes of shape and colour (paper, section 3.1; Blanz and Vetter 1999).

    vertices = mean + sum_i shape_i shape_mode_i + sum_k expression_k expression_mode_k
    colors   = mean + sum_j texture_j texture_mode_j

The modes carry their standard deviations, so that all coefficients of the population are standard normal.
"""
import hashlib

import numpy as np
import tensorflow as tf


class MorphableModel(tf.Module):
    """Faces of one topology. Made by `from_arrays`; nothing in it is trainable.

    Attributes:
      name: the model's name, any text.
      mean_vertices: [V, 3] mm; +x the subject's left, +y up, +z out of the face.
      mean_colors: [V, 3] sRGB-encoded reflectances in 0..1.
      shape_basis: [S, 3 V] mm per standard deviation, xyz interleaved.
      texture_basis: [T, 3 V] sRGB per standard deviation, rgb interleaved.
      expression_basis: [E, 3 V] mm per standard deviation; E may be 0.
      triangles: [F, 3] int32 vertex indices, counter-clockwise seen from outside.
      landmarks: [68] int32 vertex indices in the order of iBUG and Multi-PIE (morphable/landmarks.py).
    """

    def __init__(self, name, mean_vertices, mean_colors, shape_basis, texture_basis, expression_basis, triangles,
                 landmarks):
        super().__init__("morphable_model")  # TensorFlow wants an identifier here, and the names of models are none
        self._title = name
        self._fingerprint = None
        # Constants, not variables: a checkpoint of a training run must not carry 300 MB of Basel bases.
        self.mean_vertices = tf.constant(mean_vertices, tf.float32)
        self.mean_colors = tf.constant(mean_colors, tf.float32)
        self.shape_basis = tf.constant(shape_basis, tf.float32)
        self.texture_basis = tf.constant(texture_basis, tf.float32)
        self.expression_basis = tf.constant(expression_basis, tf.float32)
        self.triangles = tf.constant(triangles, tf.int32)
        self.landmarks = tf.constant(landmarks, tf.int32)

    @classmethod
    def from_arrays(cls, name, mean_vertices, shape_modes, mean_colors, texture_modes, expression_modes, triangles,
                    landmarks):
        """A model from NumPy arrays, checked.

        Args:
          name: the model's name, any text; it begins the error messages.
          mean_vertices: [V, 3] mm.
          shape_modes: [S, V, 3] mm, one standard deviation each.
          mean_colors: [V, 3] sRGB in 0..1.
          texture_modes: [T, V, 3] sRGB, one standard deviation each.
          expression_modes: [E, V, 3] mm, one standard deviation each, or None.
          triangles: [F, 3] vertex indices.
          landmarks: [68] vertex indices.

        Raises:
          ValueError: an array has another shape, a value that is not finite, or an index that names no vertex; or the
            colours are 8-bit.
        """
        if expression_modes is None:
            expression_modes = np.zeros([0, *np.shape(mean_vertices)], np.float32)
        vertices = _floats(name, "mean_vertices", mean_vertices, ("V", 3))
        count = len(vertices)
        colors = _floats(name, "mean_colors", mean_colors, (count, 3))
        if colors.max() > 10.:  # a little above 1 is tolerated: random models, as tests use, are not careful
            raise ValueError(f"{name}: mean_colors must be sRGB in 0..1, found up to {colors.max():g}; divide 8-bit "
                             "colours, mean and modes, by 255")
        modes = [_floats(name, label, array, (size, count, 3)).reshape(-1, 3 * count) for label, array, size in
                 (("shape_modes", shape_modes, "S"), ("texture_modes", texture_modes, "T"),
                  ("expression_modes", expression_modes, "E"))]
        return cls(name, vertices, colors, *modes, _indices(name, "triangles", triangles, ("F", 3), count),
                   _indices(name, "landmarks", landmarks, (68,), count))

    @property
    def name(self):
        return self._title

    @property
    def shape_size(self):
        return self.shape_basis.shape[0]

    @property
    def texture_size(self):
        return self.texture_basis.shape[0]

    @property
    def expression_size(self):
        return self.expression_basis.shape[0]

    @property
    def sizes(self):
        """(S, T, E): the numbers of shape, texture and expression coefficients."""
        return self.shape_size, self.texture_size, self.expression_size

    @property
    def fingerprint(self):
        """16 hexadecimal digits that differ between models: a checkpoint keeps them to know its model again."""
        if self._fingerprint is None:
            digest = hashlib.sha256()
            for array in (self.mean_vertices, self.mean_colors, self.shape_basis, self.texture_basis,
                          self.expression_basis, self.triangles, self.landmarks):
                digest.update(str(array.shape).encode() + array.numpy().tobytes())
            self._fingerprint = digest.hexdigest()[:16]
        return self._fingerprint

    def instance(self, coefficients):
        """The faces of the coefficients.

        Args:
          coefficients: Coefficients; [B, n] with n at most the model's size each, what is missing at the end is zero.

        Returns:
          vertices [B, V, 3] mm and colors [B, V, 3] sRGB. The colours are linear in the coefficients and not clipped:
          the tails of the distribution leave 0..1 a little.

        Raises:
          ValueError: there are more coefficients than modes.
        """
        vertices = self.mean_vertices + _combine("shape", coefficients.shape, self.shape_basis)
        if coefficients.expression is not None:
            vertices += _combine("expression", coefficients.expression, self.expression_basis)
        return vertices, self.mean_colors + _combine("texture", coefficients.texture, self.texture_basis)


def _combine(label, coefficients, basis):
    """[B, n] coefficients and [N, 3 V] modes -> [B, V, 3], the sum of the first n modes."""
    coefficients = tf.convert_to_tensor(coefficients, tf.float32)
    given, size = coefficients.shape[-1], basis.shape[0]
    if coefficients.shape.rank != 2 or (given or 0) > size:
        raise ValueError(f"{label} coefficients must be [batch, n] with n at most {size}, the model's {label} size; "
                         f"found {coefficients.shape}")
    if given != size:
        basis = basis[:tf.shape(coefficients)[1]]
    return tf.reshape(coefficients @ basis, [-1, basis.shape[1] // 3, 3])


def _floats(name, label, array, shape):
    """The array as float32, if it has the shape (a letter stands for any length) and finite values."""
    array = np.asarray(array)
    _check_shape(name, label, array, shape)
    array = array.astype(np.float32)
    if not np.isfinite(array).all():
        raise ValueError(f"{name}: {label} has {np.sum(~np.isfinite(array))} values that are not finite numbers; "
                         "the file is damaged, get it again")
    return array


def _indices(name, label, array, shape, count):
    """The array as int32, if it has the shape and every entry names one of `count` vertices."""
    array = np.asarray(array)
    _check_shape(name, label, array, shape)
    if not np.issubdtype(array.dtype, np.integer):
        raise ValueError(f"{name}: {label} must be integers, found {array.dtype}")
    if array.size and not 0 <= array.min() <= array.max() < count:
        raise ValueError(f"{name}: {label} must be vertex indices in 0..{count - 1}, found {array.min()}.."
                         f"{array.max()}; indices that start at 1 must be lowered by one")
    return array.astype(np.int32)


def _check_shape(name, label, array, shape):
    same = (isinstance(want, str) or want == have for want, have in zip(shape, array.shape, strict=False))
    if array.ndim != len(shape) or not all(same):
        expected = ", ".join(map(str, shape))
        raise ValueError(f"{name}: {label} must have shape [{expected}], found {list(array.shape)}")
