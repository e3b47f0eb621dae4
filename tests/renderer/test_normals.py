"""Vertex normals against TensorFlow Graphics' and against mathematics."""
import numpy as np
import pytest
import tensorflow as tf

from morph3d.renderer.normals import vertex_normals
from tests.renderer import meshes


def test_value_and_gradient_match_tensorflow_graphics(tensorflow_graphics):
    from tensorflow_graphics.geometry.representation.mesh import normals as tfg_normals
    vertices, triangles = meshes.bumpy_head()
    vertices = tf.stack([vertices, vertices[:, ::-1] * 2.])
    upstream = tf.random.stateless_normal(vertices.shape, [1, 2])
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(vertices)
        ours = vertex_normals(vertices, triangles)
        theirs = tfg_normals.vertex_normals(vertices, tf.stack([triangles, triangles]))
    np.testing.assert_allclose(ours, theirs, atol=1e-5)
    gradient, expected = (tape.gradient(normals, vertices, upstream) for normals in (ours, theirs))
    np.testing.assert_allclose(gradient, expected, atol=1e-4 * np.abs(expected).max())


def test_normals_point_outwards_turn_with_the_mesh_and_ignore_its_size():
    vertices, triangles = meshes.bumpy_head()
    normals = vertex_normals(vertices[None], triangles)[0].numpy()
    assert (np.sum(normals * vertices, -1) > 0.).all()
    np.testing.assert_allclose(np.linalg.norm(normals, axis=-1), 1., atol=1e-6)
    turn = np.array([[0., 0., 1.], [1., 0., 0.], [0., 1., 0.]], np.float32)
    turned = vertex_normals(1e-3 * vertices[None] @ turn.T, triangles)
    np.testing.assert_allclose(turned[0], normals @ turn.T, atol=1e-4)


def test_degenerate_vertices_have_no_normal_and_no_gradient():
    vertices = tf.constant([[[0., 0., 0.], [1., 0., 0.], [0., 1., 0.], [5., 5., 5.], [np.nan, 0., 0.], [2., 0., 0.]]])
    triangles = tf.constant([[0, 1, 2], [0, 1, 5], [3, 3, 3], [0, 2, 4]])  # sound, flat, a point, not finite
    with tf.GradientTape() as tape:
        tape.watch(vertices)
        normals = vertex_normals(vertices, triangles)
    np.testing.assert_array_equal(normals[0], [[0., 0., 1.]] * 3 + [[0.] * 3] * 3)
    gradient = tape.gradient(normals, vertices, tf.ones_like(normals))[0].numpy()
    assert np.isfinite(gradient).all() and gradient[:3].any() and not gradient[3:5].any()


@pytest.mark.parametrize("vertices, index, message", [
    ([1, 3, 3], 3, r"triangles must lie in \[0, 3\), but found 3"),
    ([3, 3], 0, r"vertices must have the shape \[B, V, 3\], but it has shape \[3,3\]")])
def test_bad_input_is_refused(vertices, index, message):
    with pytest.raises(tf.errors.InvalidArgumentError, match=message):
        vertex_normals(tf.ones(vertices), tf.constant([[0, 1, index]]))
