"""Phong's reflection model; see renderer/phong.py."""
import tensorflow as tf

from morph3d.renderer.portable import checks
from morph3d.renderer.portable.directions import direction, dot


def morph3d_shade(albedo, normals, positions, light_positions, light_intensities, ambient, specular, shininess):
    """[B, H, W, 3] buffers, [B, L, 3] lights, [B, 3] ambient light -> [B, H, W, 3] linear light."""
    checks.require(0. <= specular <= 1. <= shininess, "specular must lie in [0, 1] and shininess be at least 1, "
                   f"but they are {specular} and {shininess}")
    albedo = checks.floats("albedo", albedo, "B H W 3")
    batch, height, width, _ = albedo.shape
    normals = checks.floats("normals", normals, "B H W 3", B=batch, H=height, W=width)
    positions = checks.floats("positions", positions, "B H W 3", B=batch, H=height, W=width)
    light_positions = checks.floats("light positions", light_positions, "B L 3", B=batch)
    intensities = checks.floats("light intensities", light_intensities, "B L 3", B=batch, L=light_positions.shape[1])
    ambient = checks.floats("ambient", ambient, "B 3", B=batch)
    diffuse, mirror = _factors(normals, positions, light_positions[:, None, None], shininess)
    diffuse = tf.reduce_sum(diffuse * intensities[:, None, None], -2) + ambient[:, None, None]
    mirror = tf.reduce_sum(mirror * intensities[:, None, None], -2)
    return albedo * diffuse + specular * (1. - albedo) * mirror


def _factors(normals, positions, light_positions, shininess):
    """How much of each light is reflected diffusely and as by a mirror, [B, H, W, L, 1] each.

    A direction of length 0 gives nothing; nothing is raised to a power that is not positive.
    """
    normal, view = direction(normals)[0][..., None, :], direction(-positions)[0][..., None, :]
    light = direction(light_positions - positions[..., None, :])[0]  # [B, H, W, L, 3]
    cosine = dot(normal, light)
    mirrored = 2. * cosine * dot(normal, view) - dot(light, view)
    glossy = (cosine > 0.) & (mirrored > 0.)
    return tf.nn.relu(cosine), tf.where(glossy, tf.where(glossy, mirrored, 1.)**shininess, 0.)
