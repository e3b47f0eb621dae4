"""Phong's reflection model at every pixel, in linear light (paper, section 3.2.2)."""
import tensorflow as tf

from morph3d.renderer import native

# Chosen by eye on skin: a soft highlight on forehead, nose and cheekbones.
SPECULAR = .12
SHININESS = 12.


def shade(albedo, normals, positions, lights, specular=SPECULAR, shininess=SHININESS):
    """Ambient, diffuse and specular reflection of point lights, seen by a camera at the origin.

    I = Ka Kd + sum over lights I_l (Kd n.l + Ks max(r.v, 0)^shininess) [n.l > 0], r = 2 (n.l) n - l, Ks = c - c Kd.
    Lights do not fall off with distance; nothing casts a shadow; a light behind the surface gives nothing.
    Differentiable with respect to all tensors; directions of length 0 are 0 and give no gradient.

    Args:
      albedo: [B, H, W, 3] diffuse reflectance Kd, linear, 0..1.
      normals: [B, H, W, 3] world space, any length; 0 (as the background's) is lit by the ambient light alone.
      positions: [B, H, W, 3] mm, world space.
      lights: PointLights of B pictures, any number of lights.
      specular: the paper's constant c, in 0..1.
      shininess: Phong's exponent, at least 1.

    Returns:
      [B, H, W, 3] linear light, not clipped.

    Raises:
      InvalidArgumentError or ValueError: a wrong shape, or a constant out of range.
    """
    return native.ops().morph3d_shade(albedo, normals, positions, lights.positions, lights.intensities, lights.ambient,
                                      specular=specular, shininess=shininess)


@tf.RegisterGradient("Morph3dShade")
def _shade_gradient(op, gradient):
    return native.ops().morph3d_shade_grad(*op.inputs, gradient, specular=op.get_attr("specular"),
                                           shininess=op.get_attr("shininess"))
