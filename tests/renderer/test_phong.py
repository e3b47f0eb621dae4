"""Phong's model against the equations in float64 and against TensorFlow Graphics' lobe."""
import numpy as np
import pytest
import tensorflow as tf

from morph3d.renderer import phong
from morph3d.scene import PointLights
from tests.oracles import shading


def buffers(lights=3):
    """Random surfaces one meter before the camera, and lights all around; no light grazes a surface."""
    random = np.random.RandomState(0)
    albedo = random.uniform(.1, .9, [2, 6, 5, 3])
    normals = random.randn(2, 6, 5, 3) * 3.
    positions = random.uniform(-100., 100., [2, 6, 5, 3]) - [0., 0., 1000.]
    return albedo, normals, positions, random.randn(2, lights, 3) * 1000., random.uniform(0., 1., [2, lights, 3]), \
        random.uniform(0., .5, [2, 3])


def ours(albedo, normals, positions, *lights):
    return phong.shade(albedo, normals, positions, PointLights(*lights), specular=.3, shininess=7.)


@pytest.mark.parametrize("lights", [0, 1, 3])
def test_value_and_gradients_match_the_equations_in_float64(lights):
    exact = [tf.constant(value) for value in buffers(lights)]
    rounded = [tf.cast(value, tf.float32) for value in exact]
    upstream = tf.random.stateless_normal([2, 6, 5, 3], [1, 2])
    with tf.GradientTape(persistent=True) as tape:
        tape.watch([exact, rounded])
        expected, value = shading.phong(*exact, specular=.3, shininess=7.), ours(*rounded)
    np.testing.assert_allclose(value, expected, rtol=1e-4, atol=1e-5)
    right = tape.gradient(expected, exact, tf.cast(upstream, tf.float64), tf.UnconnectedGradients.ZERO)
    for gradient, reference in zip(tape.gradient(value, rounded, upstream), right, strict=True):
        if reference.shape.num_elements():
            np.testing.assert_allclose(gradient, reference, rtol=1e-3, atol=1e-4 * np.abs(reference).max())


def test_the_highlight_is_tensorflow_graphics_lobe(tensorflow_graphics):
    from tensorflow_graphics.rendering.reflectance import phong as tfg_phong
    _, normals, positions, where, *_ = buffers(1)
    black = tf.zeros([2, 6, 5, 3])  # Kd = 0: what is left is c times the lobe
    lights = PointLights(tf.constant(where, tf.float32), tf.ones([2, 1, 3]), tf.zeros([2, 3]))
    value = phong.shade(black, tf.constant(normals, tf.float32), tf.constant(positions, tf.float32), lights, .5, 4.)
    normal, view = (vector / np.linalg.norm(vector, axis=-1, keepdims=True) for vector in (normals, -positions))
    incoming = positions - where[:, :, None]
    incoming /= np.linalg.norm(incoming, axis=-1, keepdims=True)
    lobe = tfg_phong.brdf(incoming, view, normal, np.full([2, 6, 5, 1], 4.), np.full([2, 6, 5, 3], .5),
                          brdf_normalization=False)
    assert np.max(lobe) > .1
    np.testing.assert_allclose(value, lobe, atol=1e-5)


def test_a_light_behind_the_surface_gives_nothing_and_no_gradient():
    shape = [1, 1, 1, 3]
    intensities = tf.ones([1, 1, 3])
    with tf.GradientTape() as tape:
        tape.watch(intensities)
        value = phong.shade(tf.fill(shape, .5), tf.reshape([0., 0., 1.], shape), tf.reshape([0., 0., -1000.], shape),
                            PointLights(tf.constant([[[0., 0., -3000.]]]), intensities, tf.fill([1, 3], .25)))
    np.testing.assert_array_equal(value, tf.fill(shape, .125))
    assert not tape.gradient(value, intensities).numpy().any()


@pytest.mark.parametrize("normal, position, light", [([0., 0., 0.], [0., 0., 0.], [0., 0., 0.]),
                                                     ([0., 0., 1.], [0., 0., 0.], [0., 0., 9.]),
                                                     ([0., 0., 1.], [0., 0., -9.], [0., 0., -9.]),
                                                     ([1e-30, 0., 0.], [1e-30, 0., 0.], [1e30, 0., 0.])])
def test_gradients_are_finite_where_directions_vanish(normal, position, light):
    inputs = [tf.fill([1, 1, 1, 3], .5), tf.reshape(normal, [1, 1, 1, 3]), tf.reshape(position, [1, 1, 1, 3]),
              tf.reshape(light, [1, 1, 3]), tf.ones([1, 1, 3]), tf.ones([1, 3])]
    with tf.GradientTape() as tape:
        tape.watch(inputs)
        value = ours(*inputs)
    assert np.isfinite(value).all()
    assert all(np.isfinite(gradient).all() for gradient in tape.gradient(value, inputs))


def test_bad_constants_and_shapes_are_refused():
    inputs = [tf.constant(value, tf.float32) for value in buffers()]
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"shininess be at least 1, but they are 0\.3 and 0\.5"):
        phong.shade(*inputs[:3], PointLights(*inputs[3:]), specular=.3, shininess=.5)
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"ambient must have the shape \[B=2, 3\], but it has"):
        phong.shade(*inputs[:3], PointLights(*inputs[3:5], tf.ones([2, 4])))
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"normals must have the shape \[B=2, H=6, W=5, 3\]"):
        phong.shade(inputs[0], inputs[1][:1], inputs[2], PointLights(*inputs[3:]))
