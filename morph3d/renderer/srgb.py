"""The sRGB transfer curve (IEC 61966-2-1), both pieces exact, with finite gradients everywhere.

A plain power has an infinite derivative at 0, which turns training into NaN.
"""
import tensorflow as tf

from morph3d.renderer import native


def linear_from_srgb(encoded):
    """[...] float32 sRGB -> linear light in 0..1. What leaves 0..1 is clipped and gives no gradient."""
    return native.ops().morph3d_linear_from_srgb(encoded)


def srgb_from_linear(linear):
    """[...] float32 linear light -> sRGB in 0..1. What leaves 0..1 is clipped and gives no gradient."""
    return native.ops().morph3d_srgb_from_linear(linear)


@tf.RegisterGradient("Morph3dLinearFromSrgb")
def _linear_from_srgb_gradient(op, gradient):
    return native.ops().morph3d_linear_from_srgb_grad(op.inputs[0], gradient)


@tf.RegisterGradient("Morph3dSrgbFromLinear")
def _srgb_from_linear_gradient(op, gradient):
    return native.ops().morph3d_srgb_from_linear_grad(op.inputs[0], gradient)
