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


def noise(height, width, seed=0):
    return np.random.default_rng(seed).integers(0, 256, [height, width, 3], dtype=np.uint8)


def test_crop_of_points_on_the_template_is_the_photo():
    photo = noise(150, 150)
    np.testing.assert_array_equal(alignment.crop(photo, TEMPLATE, TEMPLATE, 150), photo)


def test_crop_shifts_by_whole_pixels_exactly():
    photo = noise(200, 220)
    np.testing.assert_array_equal(alignment.crop(photo, TEMPLATE + [30., 20.], TEMPLATE, 150), photo[20:170, 30:180])


def test_crop_turns_by_right_angles_exactly():
    photo = noise(150, 150)
    turned = np.stack([150. - TEMPLATE[:, 1], TEMPLATE[:, 0]], -1)  # a quarter turn clockwise about the picture's center
    np.testing.assert_array_equal(alignment.crop(np.rot90(photo, -1).copy(), turned, TEMPLATE, 150), photo)


def test_crop_shrinks_by_averaging_exactly():
    photo = noise(600, 600)
    expected = photo.reshape(150, 4, 150, 4, 3).mean((1, 3))
    assert np.abs(alignment.crop(photo, 4. * TEMPLATE, TEMPLATE, 150) - expected).max() <= .51  # rounding to whole numbers


def test_crop_enlarges_a_ramp_exactly():
    """A linear picture stays linear, so a shift of half a pixel would show everywhere."""
    y, x = np.mgrid[:100, :100] + .5
    photo = np.stack([2. * x, 2. * y, x + y], -1)
    out = alignment.crop(photo.round().astype(np.uint8), TEMPLATE / 2. + 10., TEMPLATE, 150)
    y, x = (np.mgrid[:150, :150] + .5) / 2. + 10.
    assert np.abs(out - np.stack([2. * x, 2. * y, x + y], -1)).max() <= 1.1
    assert np.abs((out - np.stack([2. * x, 2. * y, x + y], -1)).mean((0, 1))).max() < .3  # half a pixel would be 0.5 to 1


@pytest.mark.parametrize("scale", [.4, 1., 2.3, 9.7])
def test_crop_moves_a_blob_where_the_similarity_says(scale):
    matrix = matrix_of(.4, scale, (13.3, 21.7)) @ np.array([[1., 0., 60.], [0., 1., 10.], [0., 0., 1.]])
    place = np.array([80.25, 60.5])  # in the crop
    center = moved(matrix, place)
    size = int(250. * scale) + 60
    y, x = np.mgrid[:size, :size] + .5
    blob = np.exp(-((x - center[0])**2 + (y - center[1])**2) / (2. * (6. * scale)**2))
    photo = np.repeat((255. * blob).round().astype(np.uint8)[..., None], 3, -1)
    out = alignment.crop(photo, moved(matrix, TEMPLATE), TEMPLATE, 150)[..., 0].astype(np.float64)
    y, x = np.mgrid[:150, :150] + .5
    np.testing.assert_allclose([(out * x).sum() / out.sum(), (out * y).sum() / out.sum()], place, atol=.05)


def test_crop_of_a_much_larger_photo_does_not_alias():
    checkers = np.repeat((np.indices([1100, 1100]).sum(0) % 2 * 255).astype(np.uint8)[..., None], 3, -1)
    out = alignment.crop(checkers, 7.3 * TEMPLATE, TEMPLATE, 150)
    assert out.std() < 6. and abs(out.mean() - 127.5) < 2.


def test_crop_mirrors_beyond_the_edges():
    photo = noise(150, 150)
    out = alignment.crop(photo, TEMPLATE - [0., 30.], TEMPLATE, 150)  # the photo begins at row 30 of the crop
    np.testing.assert_array_equal(out[30:], photo[:120])
    np.testing.assert_array_equal(out[:30], photo[:30][::-1])


def test_crop_rejects_coinciding_points():
    with pytest.raises(ValueError, match="points must be five different points to align a face, but are"):
        alignment.crop(noise(50, 50), np.ones([5, 2]), TEMPLATE, 150)
