"""Phong's reflection model at every pixel, in linear light (paper, section 3.2.2)."""
import tensorflow as tf

# Chosen by eye on skin: a soft highlight on forehead, nose and cheekbones.
SPECULAR = .12
SHININESS = 12.


def shade(albedo, normals, positions, lights, specular=SPECULAR, shininess=SHININESS):
    """Ambient, diffuse and specular reflection of point lights, seen by a camera at the origin.

    I = Ka Kd + sum over lights I_l (Kd max(n.l, 0) + Ks max(r.v, 0)^shininess [n.l > 0]), r = 2 (n.l) n - l, Ks = c - c Kd.
    Lights do not fall off with distance; nothing casts a shadow; a light behind the surface gives nothing.

    Args:
      albedo: [B, H, W, 3] diffuse reflectance Kd, linear, 0..1.
      normals: [B, H, W, 3] world space, any length; 0 gives ambient light only.
      positions: [B, H, W, 3] mm, world space.
      lights: PointLights; their number must be known.
      specular: the paper's constant c, in 0..1.
      shininess: Phong's exponent, at least 1.

    Returns:
      [B, H, W, 3] linear light, not clipped.
    """
    normals, view = _unit(normals), _unit(-positions)
    normal_view = _dot(normals, view)
    diffuse, highlight = lights.ambient[:, None, None], 0.
    for where, intensity in zip(tf.unstack(lights.positions, axis=1), tf.unstack(lights.intensities, axis=1)):
        light = _unit(where[:, None, None] - positions)
        cosine = tf.maximum(_dot(normals, light), 0.)
        mirrored = tf.maximum(2. * cosine * normal_view - _dot(light, view), 0.)
        gloss = tf.where(cosine > 0., mirrored**shininess, 0.)
        diffuse += intensity[:, None, None] * cosine
        highlight += intensity[:, None, None] * gloss
    return albedo * diffuse + specular * (1. - albedo) * highlight


def _dot(a, b):
    return tf.reduce_sum(a * b, -1, keepdims=True)


def _unit(vector):
    """The direction of [..., 3]; 0, with a finite gradient, for the zero vector."""
    return vector * tf.math.rsqrt(tf.maximum(_dot(vector, vector), 1e-12))
