"""A linear model of faces: a mean and modes of shape and color (paper, section 3.2, equation 1, after Blanz and Vetter 1999).

    vertices = mean + sum_i shape_i shape_mode_i + sum_k expression_k expression_mode_k
    colors   = mean + sum_j texture_j texture_mode_j

A mode is a component times its standard deviation (a column of the paper's P times the entry of its W), so that all coefficients
of the population are standard normal.
"""
import functools
import hashlib
import types
from collections.abc import Mapping
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import ArrayLike

from morph3d.mesh import arrays
from morph3d.mesh.mesh import Mesh
from morph3d.mesh.uv_atlas import Atlas
from morph3d.morphable import basis, landmarks
from morph3d.morphable.coefficients import Coefficients, sample


def digest(*parts: Any) -> str:
    """16 hexadecimal digits of arrays or tensors."""
    found = hashlib.sha256()
    for part in parts:
        found.update(str(part.shape).encode() + np.asarray(part).tobytes())
    return found.hexdigest()[:16]


class MorphableModel:
    """Faces of one topology. Made by `from_arrays` or read from a file; nothing in it is trainable, and nothing should be changed.

    The arrays are plain tensors of a plain object. So graphs that use them refer to the one copy, and neither checkpoints nor
    Keras layers that hold the model carry its bases (318 MB of a Basel model); a SavedModel that computes faces does, once.

    Attributes:
      name: the model's name, any text.
      mean_vertices: [V, 3] mm; +x the subject's left, +y up, +z out of the face.
      mean_colors: [V, 3] sRGB-encoded reflectances in 0..1.
      shape_basis: [S, 3 V] mm per standard deviation, xyz interleaved; float32, or what `stored_as` says.
      texture_basis: [T, 3 V] sRGB per standard deviation, rgb interleaved.
      expression_basis: [E, 3 V] mm per standard deviation; E may be 0.
      triangles: [F, 3] int32 vertex indices, counter-clockwise seen from outside.
      landmarks: [68] int32 vertex indices in the order of iBUG and Multi-PIE (morphable/landmarks.py).
      blendshapes: {name: [V, 3] float32 mm}, named displacements at full strength, beside the expression modes; see
        morphable/blendshapes.py. Empty where a model has none.
      uvs: where the triangles lie in a texture, an Atlas of them, or None.
      known_parts: {name: [V] bool}, the `parts` that its maker knows better than the landmarks tell; mostly empty.

    >>> pyramid = np.float32([[0, 0, 60], [80, 0, 0], [-80, 0, 0], [0, 100, 0]])
    >>> model = MorphableModel.from_arrays(
    ...     "pyramids", mean_vertices=pyramid, shape_modes=.1 * pyramid[None], mean_colors=np.full([4, 3], .5),
    ...     texture_modes=np.full([1, 4, 3], .1), expression_modes=None,
    ...     triangles=np.array([[0, 1, 3], [0, 3, 2], [0, 2, 1], [1, 2, 3]]), landmarks=np.zeros(68, int))
    >>> model
    MorphableModel('pyramids', 4 vertices, 1 shape, 1 texture, 0 expression coefficients)
    >>> model.mean
    Mesh(4 vertices, 4 triangles, colors)
    >>> vertices, colors = model.instance(model.sample(n=2, seed=7))
    >>> vertices.shape
    TensorShape([2, 4, 3])
    """

    def __init__(self, name: str, mean_vertices: Any, mean_colors: Any, shape_basis: Any, texture_basis: Any, expression_basis: Any,
                 triangles: Any, landmarks: Any, blendshapes: Mapping[str, np.ndarray] | None = None,
                 uvs: Atlas | None = None, known_parts: Mapping[str, np.ndarray] | None = None) -> None:
        self.name = name
        self.mean_vertices = tf.convert_to_tensor(mean_vertices)
        self.mean_colors = tf.convert_to_tensor(mean_colors)
        self.shape_basis = tf.convert_to_tensor(shape_basis)
        self.texture_basis = tf.convert_to_tensor(texture_basis)
        self.expression_basis = tf.convert_to_tensor(expression_basis)
        self.triangles = tf.convert_to_tensor(triangles)
        self.landmarks = tf.convert_to_tensor(landmarks)
        self.blendshapes: Mapping[str, np.ndarray] = types.MappingProxyType(
            {label: arrays.frozen(shape) for label, shape in (blendshapes or {}).items()})
        self.uvs = uvs
        self.known_parts: Mapping[str, np.ndarray] = types.MappingProxyType(
            {label: arrays.frozen(mask) for label, mask in (known_parts or {}).items()})

    @classmethod
    def from_arrays(cls, name: str, mean_vertices: ArrayLike, shape_modes: ArrayLike, mean_colors: ArrayLike,
                    texture_modes: ArrayLike, expression_modes: ArrayLike | None, triangles: ArrayLike,
                    landmarks: ArrayLike, blendshapes: Mapping[str, ArrayLike] | None = None,
                    uvs: Atlas | None = None, known_parts: Mapping[str, np.ndarray] | None = None) -> "MorphableModel":
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
          blendshapes: {name: [V, 3] mm}, or None.
          uvs: an Atlas of the triangles, or None.
          known_parts: {"eyes" and the like: [V] bool}, or None.

        Raises:
          ValueError: an array has another shape, a value that is not finite, or an index that names no vertex; the colors
            are 8-bit; or the atlas is that of other triangles.
        """
        if expression_modes is None:
            expression_modes = np.zeros([0, *np.shape(mean_vertices)], np.float32)
        vertices = arrays.floats(f"{name}: mean_vertices", mean_vertices, ("V", 3))
        count = len(vertices)
        colors = arrays.colors(f"{name}: mean_colors", mean_colors, (count, 3))
        shape, texture, expression = (
            arrays.floats(f"{name}: {label}", modes, (size, count, 3)).reshape(-1, 3 * count)
            for label, modes, size in (("shape_modes", shape_modes, "S"), ("texture_modes", texture_modes, "T"),
                                       ("expression_modes", expression_modes, "E")))
        corners = arrays.indices(f"{name}: triangles", triangles, ("F", 3), count)
        return cls(name, vertices, colors, shape, texture, expression, corners,
                   arrays.indices(f"{name}: landmarks", landmarks, (68,), count),
                   {label: arrays.floats(f"{name}: blendshape {label}", displacements, (count, 3))
                    for label, displacements in (blendshapes or {}).items()},
                   None if uvs is None else uvs.checked(corners, f"{name}: "),
                   {label: arrays.mask(f"{name}: known part {label}", mask, count) for label, mask in (known_parts or {}).items()})

    def __repr__(self) -> str:
        sizes = ", ".join(f"{size} {part}" for size, part in zip(self.sizes, ("shape", "texture", "expression"), strict=True))
        return f"MorphableModel({self.name!r}, {self.mean_vertices.shape[0]:,} vertices, {sizes} coefficients)"

    @property
    def shape_size(self) -> int:
        return self.shape_basis.shape[0]

    @property
    def texture_size(self) -> int:
        return self.texture_basis.shape[0]

    @property
    def expression_size(self) -> int:
        return self.expression_basis.shape[0]

    @property
    def sizes(self) -> tuple[int, int, int]:
        """(S, T, E): the numbers of shape, texture and expression coefficients."""
        return self.shape_size, self.texture_size, self.expression_size

    @property
    def mean(self) -> Mesh:
        """The face of all-zero coefficients, as a Mesh of NumPy arrays."""
        return Mesh(self.mean_vertices.numpy(), self.triangles.numpy(), self.mean_colors.numpy(), self.uvs)

    @functools.cached_property
    def fingerprint(self) -> str:
        """16 hexadecimal digits that differ between models: a checkpoint keeps them to know its model again."""
        return digest(self.mean_vertices, self.mean_colors, *self._bases, self.triangles, self.landmarks)

    @functools.cached_property
    def parts(self) -> Mapping[str, np.ndarray]:
        """The parts of the face: {name: [V] bool}, from "eyes" to "neck", and "face"; see morphable/parts.py."""
        from morph3d.morphable import parts  # here, for it is much code that faces do without
        return parts.find(self.mean_vertices.numpy(), self.triangles.numpy(), self.landmarks.numpy(), self.known_parts)

    def landmark(self, name: str) -> int:
        """The vertex of a landmark, such as "center.nose.tip"; names as in landmarks.NAMES.

        Raises:
          ValueError: there is no landmark of that name; the message lists similar ones.
        """
        return int(self.landmarks[landmarks.number(name)])

    def sample(self, n: int, seed: Any) -> Coefficients:
        """Coefficients of n random faces, standard normal; seed is an integer or two, see coefficients.sample."""
        return sample(self, n, seed)

    def instance(self, coefficients: Coefficients) -> tuple[tf.Tensor, tf.Tensor]:
        """The faces of the coefficients.

        Args:
          coefficients: Coefficients; [B, n] with n at most the model's size each, what is missing at the end is zero.

        Returns:
          vertices [B, V, 3] mm and colors [B, V, 3] sRGB. The colors are linear in the coefficients and not clipped:
          the tails of the distribution leave 0..1 a little.

        Raises:
          ValueError: there are more coefficients than modes.
        """
        vertices = self.mean_vertices + basis.combine("shape", coefficients.shape, self.shape_basis)
        if coefficients.expression is not None:
            vertices += basis.combine("expression", coefficients.expression, self.expression_basis)
        return vertices, self.mean_colors + basis.combine("texture", coefficients.texture, self.texture_basis)

    def project(self, vertices: Any, colors: Any = None) -> Coefficients:
        """The coefficients of the faces nearest to the given ones, in the sense of least squares: the inverse of `instance`.

        Shape and expression are solved for jointly. Where modes are linearly dependent many coefficients give the same face,
        and these are the ones of least norm, the likeliest. What is left over, `vertices - instance(...)`, is orthogonal to all
        modes; beware that it is not noise alone, if the faces are not aligned with the model's mean.

        The first call computes and keeps the matrix of the modes' inner products: one to three seconds for 498 modes of 53,149
        vertices on two cores, where later calls take a tenth to a quarter of a second.

        Args:
          vertices: [B, V, 3] mm, in the model's topology.
          colors: [B, V, 3] sRGB; None: the texture coefficients are zero.

        Returns:
          Coefficients, float32, [B, S], [B, T] and [B, E].

        Raises:
          ValueError: the faces have another number of vertices.
        """
        residual = self._minus("vertices", vertices, self.mean_vertices)
        found = basis.least_squares(residual, [self.shape_basis, self.expression_basis], self._geometry_inverse)
        shape, expression = tf.split(found, [self.shape_size, self.expression_size], 1)
        if colors is None:
            return Coefficients(shape, tf.zeros([tf.shape(shape)[0], self.texture_size]), expression)
        residual = self._minus("colors", colors, self.mean_colors)
        return Coefficients(shape, basis.least_squares(residual, [self.texture_basis], self._texture_inverse), expression)

    def stored_as(self, dtype: tf.DType | str) -> "MorphableModel":
        """The same model with its bases in tf.float16, tf.bfloat16 or tf.float32: half the memory, and faces still in float32.

        Random faces of ICT-FaceKit move by 0.0015 mm (root mean square over the vertices) in float16 and 0.012 mm in bfloat16,
        at most by 0.02 and 0.14 mm: take float16, the more accurate. Measured on two cores with 53,149 vertices and 498 modes,
        `instance` takes no longer than in float32 for 16 faces, twice as long with its gradient, and three times as long for a
        single face. The fingerprint stays, for coefficients mean the same faces.

        Raises:
          ValueError: another type.
        """
        if tf.as_dtype(dtype) not in (tf.float16, tf.bfloat16, tf.float32):
            raise ValueError(f"found {tf.as_dtype(dtype).name}, expected float16, bfloat16 or float32 for the bases of {self.name}")
        shape, texture, expression = (tf.cast(modes, dtype) for modes in self._bases)
        stored = MorphableModel(self.name, self.mean_vertices, self.mean_colors, shape, texture, expression, self.triangles,
                                self.landmarks, self.blendshapes, self.uvs, self.known_parts)
        stored.fingerprint = self.fingerprint
        return stored

    def decimated(self, n: int) -> "MorphableModel":
        """A coarser model of about n vertices, for which coefficients mean the same faces; see mesh/decimation.py.

        Each of its vertices stays for all coefficients at one place of this model's surface, and the 68 landmarks and all
        borders are kept as they are. Blendshapes come along, texture coordinates do not.

        Raises:
          ValueError: n is more than the model's vertices, or too few for its borders, landmarks and form.
        """
        from morph3d.mesh import decimation
        mesh = decimation.decimate(self.mean_vertices.numpy(), self.triangles.numpy(), self.landmarks.numpy(), n)
        mean_vertices, mean_colors = (mesh.carry(mean.numpy()) for mean in (self.mean_vertices, self.mean_colors))
        shape, texture, expression = (mesh.carry_basis(modes) for modes in self._bases)
        return MorphableModel(f"{self.name}, {len(mean_vertices)} vertices", mean_vertices, mean_colors, shape, texture, expression,
                              mesh.triangles, mesh.landmarks,
                              {label: mesh.carry(displacements) for label, displacements in self.blendshapes.items()}, None,
                              {label: mesh.carry(mask[:, None])[:, 0] > .5 for label, mask in self.known_parts.items()})

    @property
    def _bases(self) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        return self.shape_basis, self.texture_basis, self.expression_basis

    # NumPy arrays, computed outside of whatever graph is being traced, so that they can be kept.
    @functools.cached_property
    def _geometry_inverse(self) -> np.ndarray:
        with tf.init_scope():
            return basis.inverse_gram(self.shape_basis, self.expression_basis)

    @functools.cached_property
    def _texture_inverse(self) -> np.ndarray:
        with tf.init_scope():
            return basis.inverse_gram(self.texture_basis)

    def _minus(self, label: str, faces: Any, mean: tf.Tensor) -> tf.Tensor:
        faces = tf.convert_to_tensor(faces, tf.float32)
        if faces.shape.rank != 3 or not faces.shape[1:].is_compatible_with(mean.shape):
            raise ValueError(f"{label} must be [batch, {mean.shape[0]}, 3], faces in the topology of {self.name}; found "
                             f"{faces.shape}")
        return faces - mean
