"""The faces that a reconstructor can give, as arrays: what fitting solves its least-squares problems with."""
import dataclasses
import functools

import numpy as np

from morph3d.morphable import parts

NOT_SKIN = "mouth", "scalp", "neck"  # of which a photo tells little: no model has the hair, the collar and the teeth of people
STEP = .25  # standard deviations by which modes are tried: so few that no color is clipped


@dataclasses.dataclass(frozen=True, eq=False)
class LinearModel:
    """vertices = mean + sum expression_i expression_modes_i + sum shape_j shape_modes_j, and colors alike.

    Attributes:
      mean: [V, 3] float32 mm.
      moves: [E + S, V, 3] float32 mm, the modes of expression and then those of shape, a standard deviation each.
      expression_size: E, which may be 0.
      mean_colors: [V, 3] float32 sRGB.
      paints: [T, V, 3] float32 sRGB, the modes of texture.
      triangles: [F, 3] int32.
      landmarks: [68] int32 vertex indices.
    """
    mean: np.ndarray
    moves: np.ndarray
    expression_size: int
    mean_colors: np.ndarray
    paints: np.ndarray
    triangles: np.ndarray
    landmarks: np.ndarray

    @property
    def sizes(self):
        """(E, S, T), the numbers of coefficients."""
        return self.expression_size, len(self.moves) - self.expression_size, len(self.paints)

    def vertices(self, expression, shape):
        """[V, 3] float32 mm of coefficients [E] and [S]."""
        return self.mean + np.tensordot(np.float32(np.concatenate([expression, shape])), self.moves, 1)

    def points(self, numbers, expression, shape):
        """`vertices` of some numbers [N] alone, [N, 3] float32 mm: of few in a hundredth of the time."""
        return self.mean[numbers] + self.moves_by_vertex[numbers] @ np.float32(np.concatenate([expression, shape]))

    def colors(self, texture):
        """[V, 3] float32 sRGB, clipped to 0..1, of coefficients [T]."""
        return np.clip(self.mean_colors + np.tensordot(np.float32(texture), self.paints, 1), 0., 1.)

    @functools.cached_property
    def parts(self):
        """{name: [V] bool}, see morphable/parts.py."""
        return parts.find(self.mean, self.triangles, self.landmarks)

    def among(self, *names):
        """[V] bool, the vertices of the parts of these names."""
        return np.any([self.parts[name] for name in names], axis=0)

    @functools.cached_property
    def skin(self):
        """[V] bool, the vertices of the face with eyes and ears, whose color is compared with a photo's."""
        return ~self.among(*NOT_SKIN)

    @functools.cached_property
    def skin_triangles(self):
        """[F] bool, the triangles all of whose vertices are `skin`."""
        return self.skin[self.triangles].all(1)

    # By vertex, so that the modes of what a pixel sees lie together in memory.

    @functools.cached_property
    def moves_by_vertex(self):
        """[V, 3, E + S] float32 mm."""
        return np.ascontiguousarray(self.moves.transpose(1, 2, 0))

    @functools.cached_property
    def paints_by_vertex(self):
        """[V, 3, T] float32 sRGB."""
        return np.ascontiguousarray(self.paints.transpose(1, 2, 0))


def of(reconstructor):
    """The LinearModel of a Reconstructor, read off its network, which is linear in the coefficients."""
    network, mean = reconstructor.network, reconstructor.mean_face
    expression = np.zeros([0, *mean.vertices.shape], np.float32)
    if hasattr(network, "expression_modes"):
        expression = network.expression_modes.numpy().astype(np.float32)
    return LinearModel(mean.vertices, np.concatenate([expression, reconstructor.modes("vertices")]), len(expression), mean.colors,
                       reconstructor.modes("colors", STEP), mean.triangles, network.landmarks.numpy())
