"""Phong's reflection model at every pixel, in linear light (paper, section 3.2.2)."""
from morph3d.renderer import backends

# Chosen by eye on skin: a soft highlight on forehead, nose and cheekbones.
SPECULAR = .12
SHININESS = 12.


def shade(albedo, normals, positions, lights, specular=SPECULAR, shininess=SHININESS, backend="auto"):
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
      backend: see backends.ops.

    Returns:
      [B, H, W, 3] linear light, not clipped.

    Raises:
      InvalidArgumentError or ValueError: a wrong shape, or a constant out of range.
    """
    return backends.ops(backend).morph3d_shade(albedo, normals, positions, *lights, specular=specular, shininess=shininess)
