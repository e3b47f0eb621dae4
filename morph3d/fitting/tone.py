"""How likely colors are in photos of people: the tone of the skin stays near the one that the network has read.

A photo shows tone times light, and which is which it tells by little things, in which photos are not as our renderings: taken at
their word, they make people darker than other photos of the same people do (BUILD_NOTES, The face as it is in its photo).
"""
import numpy as np

from morph3d.training import skin_tone

HELD = 11.  # times what the network's own errors say, the weight of its reading against a photo's


def precision(model, deviations, held=HELD):
    """[T, T], the inverse covariance of the texture coefficients around those that the network has read.

    Args:
      model: LinearModel.
      deviations: [T], by which the network errs, see calibration.py.
      held: times the inverse covariance that the deviations give to tone, the directions of skin_tone.py.
    """
    alike = np.diag(np.float64(deviations)**-2.)
    toned = skin_tone.directions(model.mean, model.landmarks, model.paints)
    return alike + (held - 1.) * toned @ (toned.T @ alike @ toned) @ toned.T
