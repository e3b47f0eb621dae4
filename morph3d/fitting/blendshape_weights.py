"""Weights of named blendshapes for an expression, so that other programs can make the same face."""
import numpy as np
from scipy import optimize

CAUTION = 1e-3  # of the mean square of a blendshape: the least that a weight must explain, or of two that do alike both are large


class BlendshapeWeights:
    """What tells the weights of expressions of one morphable model.

    Attributes:
      names: of its blendshapes, in their order.
    """

    def __init__(self, blendshapes, where):
        """
        Args:
          blendshapes: {name: [V, 3] mm}, displacements at full strength.
          where: [V] bool, the vertices that count.
        """
        self.names, self._where = list(blendshapes), where
        self._moves = np.array([moves[where].ravel() for moves in blendshapes.values()], np.float64)
        square = self._moves @ self._moves.T
        self._root = np.linalg.cholesky(square + CAUTION * np.trace(square) / len(square) * np.eye(len(square))).T

    def of(self, displacements):
        """[K] in 0..1, those whose sum is nearest to displacements [V, 3] mm in least squares."""
        wanted = np.linalg.solve(self._root.T, self._moves @ displacements[self._where].ravel())
        return optimize.lsq_linear(self._root, wanted, (0., 1.)).x
