"""Checks of the arrays that meshes and models are made of: shape, finite numbers, colors in range, indices of vertices."""
import numpy as np

BRIGHTEST = 10.  # of sRGB in 0..1, for random models exceed 1 a little; no 8-bit face is as dark


def floats(label, array, shape):
    """The array as float32.

    Args:
      label: begins the error message.
      array: numbers, as an array or what becomes one.
      shape: the shape that it must have, where a letter stands for any length.

    Raises:
      ValueError: it has another shape, or values that are not finite.
    """
    with np.errstate(over="ignore"):  # which ends as infinity, and so in the error below
        array = _shaped(label, array, shape).astype(np.float32, copy=False)
    if not np.isfinite(array).all():
        raise ValueError(f"{label} has {np.sum(~np.isfinite(array))} values that are not finite numbers; see what made them, or "
                         "get the file again")
    return array


def colors(label, array, shape):
    """`floats` of sRGB in 0..1, which a little more or less passes for; ValueError if they are 8-bit."""
    array = floats(label, array, shape)
    brightest = array.max(initial=0.)
    if brightest > BRIGHTEST:
        raise ValueError(f"{label} must be sRGB in 0..1, found up to {brightest:g}; divide 8-bit colors, and modes if there are "
                         "any, by 255")
    return array


def indices(label, array, shape, count):
    """The array as int32: indices, each of which names one of `count` vertices (or of whatever is counted)."""
    array = _shaped(label, array, shape)
    if not np.issubdtype(array.dtype, np.integer):
        raise ValueError(f"{label} must be integers, found {array.dtype}")
    if array.size and not 0 <= array.min() <= array.max() < count:
        raise ValueError(f"{label} must be indices in 0..{count - 1}, found {array.min()}..{array.max()}; indices that start at 1 "
                         "must be lowered by one")
    return array.astype(np.int32, copy=False)


def mask(label, array, count):
    """The array, which must be of truth values, one for each of `count` vertices."""
    array = _shaped(label, array, (count,))
    if array.dtype != bool:
        raise ValueError(f"{label} must be truth values, found {array.dtype}")
    return array


def frozen(array):
    """The array, which nobody can write to; a copy, if somebody could."""
    if array.flags.writeable:
        array = array.copy()
        array.flags.writeable = False
    return array


def _shaped(label, array, shape):
    array = np.asarray(array)
    same = (isinstance(want, str) or want == have for want, have in zip(shape, array.shape, strict=False))
    if array.ndim != len(shape) or not all(same):
        raise ValueError(f"{label} must have shape [{', '.join(map(str, shape))}], found {list(array.shape)}")
    return array
