"""Rasterization against a float64 oracle, TensorFlow Graphics' barycentrics, and the rules of the fill."""
import hypothesis
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import strategies as st

from morph3d.renderer.rasterize import rasterize
from tests.oracles import rasterizer as oracle
from tests.renderer import meshes

TRIANGLE = tf.constant([[0, 1, 2]])


def clip_of(pixels, height, width, z=0.):
    """[V, 2] pixel coordinates (x, y) -> [1, V, 4] clip space with w = 1."""
    pixels = np.asarray(pixels, np.float32)
    device = pixels * [2. / width, 2. / height] - 1.
    return tf.constant(np.insert(device, 2, [[z], [1.]], -1)[None], tf.float32)


@pytest.mark.parametrize("seed", range(5))
def test_ids_barycentrics_and_depth_match_the_equations(seed):
    clip, triangles = meshes.soup(seed)
    raster = rasterize(clip, triangles, 33, 47)
    ids, barycentrics, depth, margin = oracle.rasterize(clip[0], triangles, 33, 47)
    sure = margin > 1e-5
    assert sure.mean() > .99 and .2 < (ids >= 0).mean() < .999
    np.testing.assert_array_equal(raster.triangle_ids[0].numpy()[sure], ids[sure])
    np.testing.assert_array_equal(raster.mask[0], raster.triangle_ids[0] >= 0)
    np.testing.assert_allclose(raster.barycentrics[0].numpy()[sure], barycentrics[sure], atol=2e-6)
    np.testing.assert_allclose(raster.depth[0].numpy()[sure], depth[sure], atol=2e-6)


def test_near_and_far_plane_cut_pixel_by_pixel():
    clip = tf.constant([[[-1., -1., -2., 1.], [1., -1., 2., 1.], [0., 4., 0., 1.]]])  # z = 2 x: seen where |x| <= 1 / 2
    mask = rasterize(clip, TRIANGLE, 64, 64).mask[0].numpy()
    assert mask[2, 16:48].all() and not mask[:, :16].any() and not mask[:, 48:].any()


def test_values_and_gradient_match_tensorflow_graphics(tensorflow_graphics):
    clip, triangles = meshes.soup(7, batch=2)
    weights = tf.random.stateless_normal([2, 24, 40, 3], [1, 2])
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(clip)
        raster = rasterize(clip, triangles, 24, 40)
        ours = tf.reduce_sum(weights * raster.barycentrics)
        expected = rasterize(clip, triangles, 24, 40, gradient="tfg").barycentrics
        theirs = tf.reduce_sum(weights * expected)
    np.testing.assert_allclose(raster.barycentrics, expected, atol=1e-4)
    gradient, reference = tape.gradient(ours, clip).numpy(), tape.gradient(theirs, clip).numpy()
    assert np.abs(reference).max() > 1.
    np.testing.assert_allclose(gradient, reference, atol=2e-4 * np.abs(reference).max())
    np.testing.assert_array_equal(gradient[..., 2], 0.)


def test_gradient_matches_finite_differences_of_the_float64_definition():
    clip, triangles = meshes.soup(3, triangles=1)
    weights = np.random.RandomState(0).randn(16, 16, 3)

    def definition(values, ids):
        x = (np.arange(16) + .5) / 8. - 1.
        pixels = np.stack([np.tile(x, 16), np.repeat(x, 16), np.ones(256)])
        a = np.linalg.solve(values[:, [0, 1, 3]].T, pixels)
        return (weights.reshape(-1, 3).T * a / a.sum(0))[:, ids.reshape(-1) >= 0].sum()

    with tf.GradientTape() as tape:
        tape.watch(clip)
        raster = rasterize(clip, triangles, 16, 16)
        loss = tf.reduce_sum(raster.barycentrics * tf.constant(weights, tf.float32))
    ids, values, expected = raster.triangle_ids.numpy(), clip[0].numpy().astype(np.float64), np.zeros([3, 4])
    for index in np.ndindex(3, 4):
        step = np.zeros([3, 4])
        step[index] = 1e-6
        expected[index] = (definition(values + step, ids) - definition(values - step, ids)) / 2e-6
    np.testing.assert_allclose(tape.gradient(loss, clip)[0], expected, rtol=1e-4, atol=1e-4 * np.abs(expected).max())


@pytest.mark.parametrize("jitter", [0., .3])
def test_a_pixel_center_on_a_shared_edge_belongs_to_exactly_one_triangle(jitter):
    side = 9  # vertices on pixel centers, so that edges and vertices run through them
    grid = np.stack(np.meshgrid(np.arange(side), np.arange(side)), -1).reshape(-1, 2) + .5
    inner = ((grid > 1.) & (grid < side - 1.)).all(-1, keepdims=True)
    grid = grid + jitter * inner * np.random.RandomState(0).uniform(-1., 1., grid.shape)
    i = np.arange(side * side).reshape(side, side)
    a, b, c, d = i[:-1, :-1].ravel(), i[:-1, 1:].ravel(), i[1:, 1:].ravel(), i[1:, :-1].ravel()
    triangles = np.concatenate([np.stack([a, b, c], -1), np.stack([a, c, d], -1)]).astype(np.int32)
    triangles[::3] = triangles[::3, [0, 2, 1]]  # winding must not matter
    clip = clip_of(grid, side, side)
    count = sum(rasterize(clip, one[None], side, side).mask[0].numpy().astype(int) for one in triangles)
    np.testing.assert_array_equal(count[:-1, :-1], 1)  # the last row and column are right and bottom edges
    np.testing.assert_array_equal(count[-1], 0)
    np.testing.assert_array_equal(count[:, -1], 0)


@pytest.mark.parametrize("spokes", [3, 5, 8])
def test_a_fan_around_a_pixel_center_covers_it_once(spokes):
    angle = np.arange(spokes) * 2. * np.pi / spokes
    points = np.concatenate([[[4.5, 4.5]], 4.5 + 3. * np.stack([np.cos(angle), np.sin(angle)], -1)])
    fan = [[0, 1 + k, 1 + (k + 1) % spokes] for k in range(spokes)]
    owners = [rasterize(clip_of(points, 9, 9), tf.constant([one]), 9, 9).mask[0, 4, 4].numpy() for one in fan]
    assert sum(owners) == 1


def test_the_nearest_triangle_wins_and_of_equals_the_first():
    corners = np.array([[0., 0.], [16., 0.], [0., 16.]])
    clip = tf.concat([clip_of(corners, 8, 8, z) for z in (.5, -.5, -.5)], 1)
    raster = rasterize(clip, tf.reshape(tf.range(9), [3, 3]), 8, 8)
    np.testing.assert_array_equal(raster.triangle_ids, 1)


BAD_VERTICES = {"nan": [np.nan, 0., 0., 1.], "nan w": [0., 0., 0., np.nan], "infinite": [np.inf, 0., 0., 1.],
                "infinite w": [0., 0., 0., np.inf], "infinite all": [np.inf] * 4, "zero w": [0., 0., 0., 0.],
                "zero w, x": [1., 0., 0., 0.], "behind": [0., 0., 0., -1.], "tiny w": [1., 1., 1., 1e-38],
                "denormal w": [0., 0., 0., 1e-45], "far away": [3e38, 0., 0., 1.]}


@pytest.mark.parametrize("vertex", BAD_VERTICES.values(), ids=BAD_VERTICES)
def test_triangles_with_a_bad_vertex_are_dropped_and_the_others_stay(vertex):
    clip, triangles = meshes.soup(1, triangles=6)
    good = rasterize(clip, triangles, 20, 20)
    bad = tf.concat([clip, tf.constant([[vertex]], tf.float32)], 1)
    bad_triangles = tf.concat([triangles, [[0, 1, 18], [18, 4, 5], [18, 18, 18]]], 0)
    with tf.GradientTape() as tape:
        tape.watch(bad)
        raster = rasterize(bad, bad_triangles, 20, 20)
    np.testing.assert_array_equal(raster.triangle_ids, good.triangle_ids)
    np.testing.assert_array_equal(raster.barycentrics, good.barycentrics)
    gradient = tape.gradient(raster.barycentrics, bad, tf.random.stateless_normal([1, 20, 20, 3], [0, 1]))
    assert np.isfinite(gradient).all() and np.abs(gradient).max() > 0. and not gradient[0, -1].numpy().any()


@pytest.mark.parametrize("corners", [[[1, 1], [7, 7], [4, 4]], [[1, 1], [1, 1], [5, 2]], [[3, 3]] * 3,
                                     [[0, 4.5], [8, 4.5], [3, 4.5]]])
def test_triangles_without_area_are_dropped(corners):
    assert not rasterize(clip_of(corners, 8, 8), TRIANGLE, 8, 8).mask.numpy().any()


def test_one_picture_shared_out_between_threads_is_the_same_as_in_a_batch():
    clip, triangles = meshes.soup(5, triangles=30, batch=8)

    def raster_and_gradient(clip):
        with tf.GradientTape() as tape:
            tape.watch(clip)
            raster = rasterize(clip, triangles, 37, 23)
        return *raster, tape.gradient(raster.barycentrics, clip, tf.ones_like(raster.barycentrics))

    together = raster_and_gradient(clip)
    for image in range(8):
        for alone, one_of_many in zip(raster_and_gradient(clip[image:image + 1]), together):
            np.testing.assert_array_equal(alone[0], one_of_many[image])


def test_gradient_is_the_same_in_every_run():
    clip, triangles = meshes.soup(6, triangles=40, batch=4)
    upstream = tf.random.stateless_normal([4, 32, 32, 3], [3, 4])
    gradients = []
    for _ in range(3):
        with tf.GradientTape() as tape:
            tape.watch(clip)
            barycentrics = rasterize(clip, triangles, 32, 32).barycentrics
        gradients.append(tape.gradient(barycentrics, clip, upstream).numpy())
    assert all((gradient == gradients[0]).all() for gradient in gradients)


def test_empty_batches_and_meshes():
    assert rasterize(tf.zeros([0, 3, 4]), TRIANGLE, 4, 5).triangle_ids.shape == [0, 4, 5]
    assert not rasterize(tf.zeros([2, 0, 4]), tf.zeros([0, 3], tf.int32), 4, 5).mask.numpy().any()


@pytest.mark.parametrize("index", [-1, 3, 2**31 - 1])
def test_an_index_out_of_range_is_refused(index):
    with pytest.raises(tf.errors.InvalidArgumentError, match=rf"triangles must lie in \[0, 3\), but found {index}"):
        rasterize(tf.ones([1, 3, 4]), tf.constant([[0, 1, index]]), 4, 4)


@pytest.mark.parametrize("clip, triangles, message", [
    ([3, 4], [1, 3], r"clip must have the shape \[B, V, 4\], but it has shape \[3,4\]"),
    ([1, 3, 3], [1, 3], r"clip must have the shape \[B, V, 4\], but it has shape \[1,3,3\]"),
    ([1, 3, 4], [1, 4], r"triangles must have the shape \[F, 3\], but it has shape \[1,4\]")])
def test_a_wrong_shape_is_refused(clip, triangles, message):
    with pytest.raises(tf.errors.InvalidArgumentError, match=message):
        rasterize(tf.ones(clip), tf.zeros(triangles, tf.int32), 4, 4)


def test_a_picture_too_large_is_refused():
    message = "height and width must be at most 16384, but are 4 and 20000"
    with pytest.raises(tf.errors.InvalidArgumentError, match=message):
        rasterize(tf.ones([1, 3, 4]), TRIANGLE, 4, 20000)


def test_shapes_are_known_while_tracing_with_an_unknown_batch():
    shapes = []

    @tf.function(input_signature=[tf.TensorSpec([None, None, 4]), tf.TensorSpec([None, 3], tf.int32)])
    def traced(clip, triangles):
        raster = rasterize(clip, triangles, 5, 7)
        shapes.extend([raster.triangle_ids.shape, raster.barycentrics.shape, raster.mask.shape])
        return raster.triangle_ids

    traced.get_concrete_function()
    assert [shape.as_list() for shape in shapes] == [[None, 5, 7], [None, 5, 7, 3], [None, 5, 7]]
    with pytest.raises((ValueError, tf.errors.InvalidArgumentError), match="must be 4|must have the shape"):
        tf.function(lambda clip: rasterize(clip, TRIANGLE, 5, 7)).get_concrete_function(tf.TensorSpec([None, None, 3]))


SPECIAL = [0., 1., -1., .5, np.nan, np.inf, -np.inf, 1e30, -1e-30, 1e6]
COORDINATE = st.one_of(st.floats(-2., 2., width=32), st.sampled_from(SPECIAL))


@hypothesis.settings(max_examples=80, derandomize=True)
@hypothesis.given(st.lists(st.lists(COORDINATE, min_size=4, max_size=4), min_size=3, max_size=8), st.data())
def test_any_soup_gives_a_sound_raster_and_a_sound_gradient(vertices, data):
    index = st.integers(0, len(vertices) - 1)
    triangles = tf.constant(data.draw(st.lists(st.lists(index, min_size=3, max_size=3), min_size=1, max_size=6)))
    clip = tf.constant([vertices], tf.float32)
    with tf.GradientTape() as tape:
        tape.watch(clip)
        raster = rasterize(clip, triangles, 8, 9)
    barycentrics, mask = raster.barycentrics.numpy(), raster.mask.numpy()
    assert (barycentrics >= 0.).all() and raster.triangle_ids.numpy().max() < len(triangles)
    np.testing.assert_allclose(barycentrics.sum(-1), mask, atol=1e-6)
    seen = np.take(clip[0].numpy(), np.take(triangles, raster.triangle_ids.numpy()[mask], 0), 0)
    assert np.isfinite(seen).all() and (seen[..., 3] > 0.).all()
    assert not np.isnan(tape.gradient(raster.barycentrics, clip, tf.ones_like(raster.barycentrics))).any()
