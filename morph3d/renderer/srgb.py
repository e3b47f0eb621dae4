"""The sRGB transfer curve (IEC 61966-2-1), both pieces exact, with finite gradients everywhere.

A plain power has an infinite derivative at 0, which turns training into NaN.
"""
from morph3d.renderer import backends


def linear_from_srgb(encoded, backend="auto"):
    """[...] float32 sRGB -> linear light in 0..1. What leaves 0..1 is clipped and gives no gradient."""
    return backends.ops(backend).morph3d_linear_from_srgb(encoded)


def srgb_from_linear(linear, backend="auto"):
    """[...] float32 linear light -> sRGB in 0..1. What leaves 0..1 is clipped and gives no gradient."""
    return backends.ops(backend).morph3d_srgb_from_linear(linear)
