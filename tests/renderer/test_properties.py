"""What holds of any raster, of what is interpolated over it, and of any mesh's normals."""
import hypothesis
import numpy as np
import tensorflow as tf
import trimesh
from hypothesis import strategies as st

from morph3d import scene as scenes
from morph3d.renderer import transforms
from morph3d.renderer.interpolate import interpolate
from morph3d.renderer.normals import vertex_normals
from morph3d.renderer.rasterize import rasterize
from tests.renderer import meshes

SIDE = 32  # a power of two, so that the pixels' centers are exact in clip space
ONE_TRIANGLE = tf.constant([[0, 1, 2]])
SOUPS = st.builds(meshes.soup, st.integers(0, 2**32 - 1), st.integers(1, 20))
QUARTER_PIXELS = st.integers(-32, 4 * SIDE + 32)
examples = hypothesis.settings(max_examples=30, derandomize=True)


def raster_and_gradient(clip, triangles):
    """-> Raster, and the gradient [V, 4] of its barycentrics with fixed weights."""
    with tf.GradientTape() as tape:
        tape.watch(clip)
        raster = rasterize(clip, triangles, SIDE, SIDE)
    upstream = tf.random.stateless_normal([1, SIDE, SIDE, 3], [1, 2])
    return raster, tape.gradient(raster.barycentrics, clip, upstream)[0].numpy()


def assert_same_bits(raster, other):
    tf.nest.map_structure(np.testing.assert_array_equal, raster, other)


def assert_close(gradient, expected):
    np.testing.assert_allclose(gradient, expected, rtol=0., atol=1e-5 * np.abs(expected).max())


def clip_at(pixels, z=0., w=1.):
    """Points in pixels [..., 2] -> clip space [..., 4]."""
    device = np.asarray(pixels) * (2. / SIDE) - 1.
    z, w = (np.broadcast_to(value, device.shape[:-1])[..., None] for value in (z, w))
    return np.concatenate([device * w, z * w, w], -1).astype(np.float32)


@examples
@hypothesis.given(SOUPS, st.data())
def test_a_positive_factor_on_a_vertex_moves_no_pixel(soup, data):
    """Powers of two, which round nothing. The weights follow: a vertex twice as large weighs half as much."""
    clip, triangles = soup
    raster = rasterize(clip, triangles, SIDE, SIDE)
    assert_same_bits(rasterize(clip * 2.**data.draw(st.integers(-30, 30)), triangles, SIDE, SIDE), raster)
    count = clip.shape[1]
    factors = 2.**np.array(data.draw(st.lists(st.integers(-8, 8), min_size=count, max_size=count)))
    scaled = rasterize(clip * tf.constant(factors[None, :, None], tf.float32), triangles, SIDE, SIDE)
    np.testing.assert_array_equal(scaled.triangle_ids, raster.triangle_ids)
    np.testing.assert_array_equal(scaled.depth, raster.depth)
    seen = raster.mask.numpy()
    expected = raster.barycentrics.numpy()[seen] / factors[triangles.numpy()[raster.triangle_ids.numpy()[seen]]]
    np.testing.assert_allclose(scaled.barycentrics.numpy()[seen], expected / expected.sum(-1, keepdims=True), atol=1e-6)


@examples
@hypothesis.given(SOUPS, st.data())
def test_the_order_of_triangles_only_names_them(soup, data):
    clip, triangles = soup
    order = np.array(data.draw(st.permutations(range(len(triangles)))))
    raster, gradient = raster_and_gradient(clip, triangles)
    shuffled, its_gradient = raster_and_gradient(clip, tf.gather(triangles, order))
    names = np.append(order, -1)  # so that the background, -1, stays what it is
    assert_same_bits(shuffled._replace(triangle_ids=names[shuffled.triangle_ids]), raster)
    assert_close(its_gradient, gradient)


@examples
@hypothesis.given(SOUPS, st.data())
def test_the_order_of_vertices_changes_nothing(soup, data):
    clip, triangles = soup
    order = np.array(data.draw(st.permutations(range(clip.shape[1]))))
    raster, gradient = raster_and_gradient(clip, triangles)
    renamed = tf.constant(np.argsort(order)[triangles], tf.int32)
    shuffled, its_gradient = raster_and_gradient(tf.gather(clip, order, axis=1), renamed)
    assert_same_bits(shuffled, raster)
    assert_close(its_gradient, gradient[order])


@examples
@hypothesis.given(SOUPS, st.data())
def test_the_order_of_a_triangles_corners_only_orders_its_weights(soup, data):
    clip, triangles = soup
    count = len(triangles)
    orders = np.array(data.draw(st.lists(st.permutations(range(3)), min_size=count, max_size=count)))
    raster = rasterize(clip, triangles, SIDE, SIDE)
    turned = rasterize(clip, tf.gather(triangles, orders, batch_dims=1), SIDE, SIDE)
    np.testing.assert_array_equal(turned.triangle_ids, raster.triangle_ids)
    expected = np.take_along_axis(raster.barycentrics.numpy(), orders[raster.triangle_ids], -1)
    np.testing.assert_allclose(turned.barycentrics, expected, atol=1e-6)
    np.testing.assert_allclose(turned.depth, raster.depth, atol=1e-6)


CORNERS = st.tuples(QUARTER_PIXELS, QUARTER_PIXELS, st.integers(-30, 30), st.sampled_from([1., 2., 4.]))


@examples
@hypothesis.given(st.lists(st.tuples(CORNERS, CORNERS, CORNERS), min_size=1, max_size=8), st.integers(-12, 12),
                  st.integers(-12, 12))
def test_moved_by_whole_pixels_the_raster_moves_too(corners, right, down):
    x, y, z, w = np.reshape(corners, [-1, 4]).T
    pixels, triangles = np.stack([x, y], -1) / 4., tf.reshape(tf.range(len(x)), [-1, 3])
    here, there = (rasterize(clip_at(points, z / 32., w)[None], triangles, SIDE, SIDE)
                   for points in (pixels, pixels + [right, down]))

    def common(field, right, down):
        return field[:, max(-down, 0):SIDE - max(down, 0), max(-right, 0):SIDE - max(right, 0)]

    tf.nest.map_structure(lambda a, b: np.testing.assert_array_equal(common(a, right, down), common(b, -right, -down)),
                          here, there)


@examples
@hypothesis.given(st.tuples(*[QUARTER_PIXELS] * 6), st.tuples(*[st.sampled_from([1., 1.7, 3.])] * 3), st.integers(2, 80))
def test_slivers_cover_each_pixel_of_the_triangle_that_they_are_cut_from_once(corners, w, count):
    """But for pixels within a thousandth of a pixel of the side where the cuts end: these points are rounded."""
    apex, start, end = pixels = np.reshape(corners, [3, 2]) / 4.
    normal = np.array([start[1] - end[1], end[0] - start[0]])
    hypothesis.assume(abs(normal @ (apex - start)) > 1.)
    clip = clip_at(pixels, 0., w)
    share = np.linspace(0., 1., count + 1, dtype=np.float32)[:, None]
    cuts = (1. - share) * clip[1] + share * clip[2]
    slivers = np.stack([np.broadcast_to(clip[0], [count, 4]), cuts[:-1], cuts[1:]], 1)
    coverage = np.sum(rasterize(slivers, ONE_TRIANGLE, SIDE, SIDE).mask, 0)
    whole = rasterize(clip[None], ONE_TRIANGLE, SIDE, SIDE).mask[0].numpy()
    assert coverage.max() <= 1
    row, column = np.nonzero(coverage != whole)
    centers = np.stack([column, row], -1) + .5
    assert (np.abs((centers - start) @ normal) < 1e-3 * np.linalg.norm(normal)).all()


HALF_PIXELS = st.tuples(*[st.integers(-8, 2 * SIDE + 8)] * 2)


@examples
@hypothesis.given(st.lists(HALF_PIXELS, min_size=12, max_size=12))
def test_a_closed_mesh_covers_every_pixel_an_even_number_of_times_wherever_its_vertices_are(points):
    """Also on pixels' centers, and with edges that run through them: what goes in at one triangle comes out at another."""
    corners = clip_at(np.array(points) / 2.)[trimesh.creation.icosahedron().faces]
    count = np.sum(rasterize(corners, ONE_TRIANGLE, SIDE, SIDE).mask, 0)
    assert (count % 2 == 0).all()


ANGLES = st.floats(-3., 3., width=32)
HALF_AXES = st.floats(5., 100., width=32)


@examples
@hypothesis.given(st.tuples(*[ANGLES] * 3), st.tuples(*[HALF_AXES] * 3), st.floats(125., 1000.), st.floats(.1, 2.))
def test_a_convex_closed_mesh_covers_its_pixels_with_one_front_and_one_back(rotation, axes, distance, field_of_view):
    """So nothing shows through between two triangles, neither on the surface nor at its rim."""
    sphere = trimesh.creation.icosphere(subdivisions=2)
    scene = scenes.studio(1, distance=distance, field_of_view=field_of_view)
    world = transforms.world_from_model(tf.constant(sphere.vertices[None] * axes, tf.float32),
                                        scene.pose._replace(rotation=tf.constant([rotation])))
    clip = transforms.clip_from_world(world, scene.camera)
    triangles = tf.constant(sphere.faces, tf.int32)
    each = rasterize(tf.gather(clip[0], triangles), ONE_TRIANGLE, SIDE, SIDE).mask
    mask = rasterize(clip, triangles, SIDE, SIDE).mask[0].numpy()
    np.testing.assert_array_equal(np.sum(each, 0), 2 * mask)
    starts = np.diff(mask.astype(int), axis=1, prepend=0) == 1
    assert starts.sum(1).max() <= 1  # no row has a gap


@examples
@hypothesis.given(SOUPS, st.booleans())
def test_of_two_copies_at_the_same_place_the_first_is_seen_everywhere(soup, turned_over):
    clip, triangles = soup
    copies = triangles[:, ::-1] if turned_over else triangles
    both = rasterize(tf.concat([clip, clip], 1), tf.concat([triangles, copies + clip.shape[1]], 0), SIDE, SIDE)
    assert_same_bits(both, rasterize(clip, triangles, SIDE, SIDE))


@examples
@hypothesis.given(SOUPS, st.floats(-1e3, 1e3, width=32))
def test_a_constant_stays_constant(soup, value):
    clip, triangles = soup
    raster = rasterize(clip, triangles, SIDE, SIDE)
    seen = interpolate(tf.fill([1, clip.shape[1], 1], value), raster, triangles)[raster.mask]
    np.testing.assert_allclose(seen, tf.fill(seen.shape, value), rtol=1e-6, atol=1e-30)  # denormals may be flushed


@examples
@hypothesis.given(SOUPS)
def test_interpolated_clip_space_projects_to_its_pixel_and_stays_there_whatever_moves(soup):
    """Any attribute that is linear in clip space comes out right, then; and to x / w, weights and attributes contribute
    gradients that cancel."""
    clip, triangles = soup
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(clip)
        raster = rasterize(clip, triangles, SIDE, SIDE)
        x, y, z, w = (component[raster.mask] for component in tf.unstack(interpolate(clip, raster, triangles), axis=-1))
        horizontal = x / w
    _, row, column = np.nonzero(raster.mask)
    np.testing.assert_allclose(horizontal, (2. * column + 1.) / SIDE - 1., atol=1e-5)
    np.testing.assert_allclose(y / w, (2. * row + 1.) / SIDE - 1., atol=1e-5)
    np.testing.assert_allclose(z / w, raster.depth[raster.mask], atol=1e-4)  # a thin triangle may be steep
    if len(row):
        assert np.abs(tape.gradient(horizontal, clip)).max() < 1e-4 * np.abs(tape.gradient(w, clip)).max()


@examples
@hypothesis.given(st.lists(st.tuples(*[st.integers(-50, 50)] * 3), min_size=4, max_size=12),
                  st.tuples(*[st.integers(-1000, 1000)] * 3), st.data())
def test_normals_do_not_depend_on_where_the_mesh_is(vertices, shift, data):
    index = st.integers(0, len(vertices) - 1)
    triangles = tf.constant(data.draw(st.lists(st.tuples(index, index, index), min_size=1, max_size=12)))
    vertices = tf.constant([vertices], tf.float32)
    np.testing.assert_array_equal(vertex_normals(vertices + tf.constant(shift, tf.float32), triangles),
                                  vertex_normals(vertices, triangles))


@examples
@hypothesis.given(st.floats(.1, 10.), st.floats(.1, 10.), st.floats(.1, 3.), st.floats(-3., -.1))
def test_triangles_weigh_by_their_area(width, other_width, angle, other_angle):
    """Two pages of an open book: their areas are as their widths, and at the spine both have a say."""
    pages = np.array([[width * np.cos(angle), 0., width * np.sin(angle)],
                      [other_width * np.cos(other_angle), 0., other_width * np.sin(other_angle)]])
    book = np.concatenate([[[0., -1., 0.], [0., 1., 0.]], pages])
    normals = vertex_normals(tf.constant(book[None], tf.float32), tf.constant([[0, 2, 1], [0, 1, 3]]))[0].numpy()
    faces = pages[:, [2, 1, 0]] * [[-1., 1., 1.], [1., 1., -1.]]  # a quarter turn about the spine; lengths are the widths
    np.testing.assert_allclose(normals[2:], faces / np.linalg.norm(faces, axis=-1, keepdims=True), atol=1e-5)
    together = faces.sum(0)
    hypothesis.assume(np.linalg.norm(together) > .01)
    np.testing.assert_allclose(normals[:2], np.tile(together / np.linalg.norm(together), [2, 1]), atol=1e-3)
