"""Color spaces in NumPy, for painting, files and measurements; renderer/srgb.py has the differentiable curve."""
import numpy as np


def linear_from_srgb(encoded):
    """[...] sRGB-encoded values -> linear light, by both pieces of the curve of IEC 61966-2-1; nothing is clipped."""
    return np.where(encoded <= .04045, encoded / 12.92, ((np.maximum(encoded, .04045) + .055) / 1.055)**2.4)


def srgb_from_linear(linear):
    """[...] linear light -> sRGB-encoded values, the inverse of `linear_from_srgb`; nothing is clipped."""
    return np.where(linear <= .0031308, 12.92 * linear, 1.055 * np.maximum(linear, .0031308)**(1. / 2.4) - .055)


# IEC 61966-2-1: linear sRGB -> CIE XYZ, whose rows add up to the white point D65 (CIE 15).
_XYZ_FROM_LINEAR = np.array([[.4124, .3576, .1805], [.2126, .7152, .0722], [.0193, .1192, .9505]])
_KNEE = 6. / 29.  # of CIE 15's cube root: below its cube the curve is a straight line


def linear_from_xyz(relative):
    """[..., 3] CIE XYZ, each relative to that of the white D65 -> [..., 3] linear sRGB; nothing is clipped."""
    return relative * _XYZ_FROM_LINEAR.sum(1) @ np.linalg.inv(_XYZ_FROM_LINEAR).T


def lab_from_srgb(encoded):
    """[..., 3] sRGB-encoded values in 0..1 -> [..., 3] float64 CIELAB (CIE 15): L* in 0..100, a* and b*, of the white D65."""
    relative = linear_from_srgb(np.asarray(encoded, np.float64)) @ _XYZ_FROM_LINEAR.T / _XYZ_FROM_LINEAR.sum(1)
    root = np.where(relative > _KNEE**3, np.cbrt(relative), relative / (3. * _KNEE**2) + 4. / 29.)
    x, y, z = np.moveaxis(root, -1, 0)
    return np.stack([116. * y - 16., 500. * (x - y), 200. * (y - z)], -1)
