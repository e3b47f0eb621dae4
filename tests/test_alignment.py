"""Similarities between sets of five points, and cameras framed by them."""
import numpy as np
import pytest
import skimage.transform
import tensorflow as tf

from morph3d import alignment, scene

TEMPLATE = np.float32([(50, 50), (100, 50), (75, 80), (55, 105), (95, 105)])


def matrix_of(angle, scale, shift):
    c, s = scale * np.cos(angle), scale * np.sin(angle)
    return np.array([[c, -s, shift[0]], [s, c, shift[1]]])


def moved(matrix, points):
    return points @ matrix[:, :2].T + matrix[:, 2]


def test_similarity_random_equals_scikit_image():
    rng = np.random.default_rng(0)
    source, target = rng.normal(size=[2, 6, 5, 2]) * 40. + 100.
    # Where the best orthogonal map is a reflection, scikit-image picks the best rotation too.
    expected = [skimage.transform.estimate_transform("similarity", s, t).params[:2] for s, t in zip(source, target)]
    np.testing.assert_allclose(alignment.similarity(source, target), expected, rtol=1e-9, atol=1e-9)


def test_similarity_undoes_a_similarity_for_any_leading_axes():
    rng = np.random.default_rng(1)
    matrices = np.array([[matrix_of(rng.uniform(-3., 3.), rng.uniform(.1, 9.), rng.normal(size=2) * 50.)
                          for _ in range(3)] for _ in range(2)])
    inverse = [[np.linalg.inv(np.vstack([m, [0., 0., 1.]]))[:2] for m in row] for row in matrices]
    source = np.array([[moved(m, TEMPLATE.astype(np.float64)) for m in row] for row in inverse])
    np.testing.assert_allclose(alignment.similarity(source, TEMPLATE.astype(np.float64)), matrices, rtol=1e-9, atol=1e-9)


def test_similarity_never_reflects():
    mirrored = TEMPLATE * [-1., 1.]
    assert np.linalg.det(alignment.similarity(mirrored, TEMPLATE.astype(np.float64))[:, :2]) >= 0.


@pytest.fixture
def tilted_camera():
    framing = np.stack([matrix_of(.2, 1.3, (.1, -.2)), matrix_of(-.7, .8, (-.3, .05))]).astype(np.float32)
    return scene.Camera(tf.constant([.3, .4]), tf.constant(framing))


def pixels_under(camera, device_points, size):
    """By hand: framing of normalized device coordinates, then y down from the upper edge."""
    framed = np.einsum("bij,bnj->bni", camera.framing, np.pad(device_points, [[0, 0], [0, 0], [0, 1]], constant_values=1.))
    return np.stack([framed[..., 0] + 1., 1. - framed[..., 1]], -1) * size / 2.


def test_frame_puts_points_on_the_template(tilted_camera):
    shape = (2. * TEMPLATE / 150. - 1.) * [1., -1.]
    device_points = np.stack([moved(matrix_of(1., .4, (.1, .2)), shape), moved(matrix_of(-.5, 2., (0., 0.)), shape)])
    framed = alignment.frame(tilted_camera, pixels_under(tilted_camera, device_points, 150), TEMPLATE, 150)
    np.testing.assert_allclose(pixels_under(framed, device_points, 150), np.stack([TEMPLATE] * 2), atol=1e-3)
    np.testing.assert_array_equal(framed.field_of_view, tilted_camera.field_of_view)


def test_frame_stops_the_gradient(tilted_camera):
    points = tf.constant(np.stack([TEMPLATE + 3., TEMPLATE * 1.1]))
    with tf.GradientTape() as tape:
        tape.watch([points, tilted_camera.framing])
        total = tf.reduce_sum(alignment.frame(tilted_camera, points, TEMPLATE, 150).framing)
    assert tape.gradient(total, [points, tilted_camera.framing]) == [None, None]
