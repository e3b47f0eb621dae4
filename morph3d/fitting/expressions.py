"""What expressions are likely in photos: people smile and speak, which is rare among a morphable model's random expressions.

A wide smile lies ten standard deviations and more from the neutral face of the embedded model, so that by the model's own
distribution half a smile is likelier than a whole one, almost whatever a photo shows.
"""
import numpy as np

STRENGTH = .5  # of named blendshapes, the root mean square in photos
CAUTION = .01  # mm^2 that a blendshape may be missed by, for modes that move next to nothing not to be taken


def precision(model, blendshapes):
    """[E, E], the inverse covariance of the expressions of people in photos.

    Args:
      model: LinearModel.
      blendshapes: {name: [V, 3] mm}, displacements at full strength, which people use beside the model's random expressions. Of
        none it is the model's own distribution, the identity.
    """
    modes = model.moves[:model.expression_size, model.skin].reshape(model.expression_size, -1).astype(np.float64)
    covariance = np.eye(len(modes))
    if blendshapes:
        moves = np.array([moves[model.skin].ravel() for moves in blendshapes.values()], np.float64)
        square = modes @ modes.T + CAUTION * modes.shape[1] * covariance
        named = np.linalg.solve(square, modes @ moves.T)
        covariance += STRENGTH**2 * named @ named.T
    return np.linalg.inv(covariance)
