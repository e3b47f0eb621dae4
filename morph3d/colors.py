"""Color spaces in NumPy, for painting, files and measurements; renderer/srgb.py has the differentiable curve."""
import numpy as np


def linear_from_srgb(encoded):
    """[...] sRGB-encoded values -> linear light, by both pieces of the curve of IEC 61966-2-1; nothing is clipped."""
    return np.where(encoded <= .04045, encoded / 12.92, ((np.maximum(encoded, .04045) + .055) / 1.055)**2.4)


def srgb_from_linear(linear):
    """[...] linear light -> sRGB-encoded values, the inverse of `linear_from_srgb`; nothing is clipped."""
    return np.where(linear <= .0031308, 12.92 * linear, 1.055 * np.maximum(linear, .0031308)**(1. / 2.4) - .055)
