"""Interpolation against gather-and-sum in TensorFlow's own operations."""
import numpy as np
import pytest
import tensorflow as tf

from morph3d.renderer.interpolate import interpolate
from morph3d.renderer.rasterize import Raster, rasterize
from tests.renderer import meshes


def reference(attributes, raster, triangles):
    corners = tf.gather(triangles, tf.maximum(raster.triangle_ids, 0))
    values = tf.gather(attributes, corners, batch_dims=1)  # [B, H, W, 3, C]
    return tf.reduce_sum(values * raster.barycentrics[..., None], -2) * tf.cast(raster.mask, tf.float32)[..., None]


@pytest.mark.parametrize("channels", [1, 3, 5, 6, 9, 40])
def test_value_and_gradients_match_gather_and_sum(channels):
    clip, triangles = meshes.soup(2, triangles=20, batch=3)
    raster = rasterize(clip, triangles, 30, 41)
    attributes = tf.random.stateless_normal([3, 60, channels], [0, 1])
    upstream = tf.random.stateless_normal([3, 30, 41, channels], [2, 3])
    with tf.GradientTape(persistent=True) as tape:
        tape.watch([attributes, raster.barycentrics])
        ours, expected = interpolate(attributes, raster, triangles), reference(attributes, raster, triangles)
    np.testing.assert_allclose(ours, expected, atol=2e-6)
    for source in (attributes, raster.barycentrics):
        gradient, right = tape.gradient(ours, source, upstream), tape.gradient(expected, source, upstream)
        if source is raster.barycentrics:
            right *= tf.cast(raster.mask, tf.float32)[..., None]
        np.testing.assert_allclose(gradient, right, rtol=1e-4, atol=2e-5 * np.abs(right).max())


def test_a_plane_is_interpolated_with_perspective():
    clip = tf.constant([[[-1., -1., 0., 1.], [4., -4., 0., 4.], [-1., 1., 0., 1.]]])  # w from 1 to 4
    triangles = tf.constant([[0, 1, 2]])
    w = interpolate(clip[..., 3:], rasterize(clip, triangles, 8, 8), triangles)[0, 0, :, 0].numpy()
    x = (np.arange(8) + .5) / 4. - 1.
    linear = np.interp(x, [-1., 1.], [1., 1. / 4.])  # 1 / w is linear in the picture
    np.testing.assert_allclose(1. / w[:7], linear[:7], rtol=1e-5)


def test_the_background_is_zero_and_gives_no_gradient():
    nothing = Raster(tf.fill([1, 4, 4], -1), tf.ones([1, 4, 4, 3]), tf.zeros([1, 4, 4], tf.bool), tf.ones([1, 4, 4]))
    attributes = tf.ones([1, 3, 2])
    with tf.GradientTape() as tape:
        tape.watch([attributes, nothing.barycentrics])
        out = interpolate(attributes, nothing, tf.constant([[0, 1, 2]]))
    assert not out.numpy().any()
    assert not any(gradient.numpy().any() for gradient in tape.gradient(out, [attributes, nothing.barycentrics]))


@pytest.mark.parametrize("index", [-2, 1])
def test_a_triangle_id_out_of_range_is_refused(index):
    raster = Raster(tf.fill([1, 4, 4], index), tf.ones([1, 4, 4, 3]), tf.ones([1, 4, 4], tf.bool), tf.ones([1, 4, 4]))
    with pytest.raises(tf.errors.InvalidArgumentError, match=rf"triangle_ids must lie in \[-1, 1\), but found {index}"):
        interpolate(tf.ones([1, 3, 2]), raster, tf.constant([[0, 1, 2]]))


def test_another_batch_is_refused():
    raster = Raster(tf.fill([2, 4, 4], 0), tf.ones([2, 4, 4, 3]), tf.ones([2, 4, 4], tf.bool), tf.ones([2, 4, 4]))
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"triangle_ids must have the shape \[B=1, H, W\]"):
        interpolate(tf.ones([1, 3, 2]), raster, tf.constant([[0, 1, 2]]))
