"""The renderer in TensorFlow's own ops against the compiled one: same pictures, gradients and complaints."""
import inspect

import numpy as np
import pytest
import tensorflow as tf

from morph3d import scene as scenes
from morph3d.renderer import native, phong, portable, srgb, transforms
from morph3d.renderer.interpolate import interpolate
from morph3d.renderer.normals import vertex_normals
from morph3d.renderer.portable import rasterize as portable_rasterize
from morph3d.renderer.rasterize import Raster, rasterize
from morph3d.renderer.render import render
from tests.renderer import meshes

TRIANGLE = tf.constant([[0, 1, 2]])


def values_and_gradients(function, inputs, backend):
    """-> what `function(*inputs, backend)` gives, and the gradients of its first output with fixed random weights."""
    inputs = [tf.convert_to_tensor(value) for value in inputs]
    with tf.GradientTape() as tape:
        tape.watch(inputs)
        values = tf.nest.flatten(function(*inputs, backend))
        loss = tf.reduce_sum(values[0] * np.float32(np.random.RandomState(0).standard_normal(values[0].shape)))
    return values, tape.gradient(loss, inputs)


def assert_agree(ours, expected, atol=3e-6):
    """Values but for rounding (integers: equal), gradients within 1e-4 of the largest, and all of them finite."""
    for value, reference in zip(ours[0], expected[0], strict=True):
        np.testing.assert_allclose(value, reference, rtol=0., atol=0. if value.dtype.is_integer else atol)
    for gradient, reference in zip(ours[1], expected[1], strict=True):
        assert np.isfinite(gradient).all()
        np.testing.assert_allclose(gradient, reference, rtol=0., atol=1e-4 * np.abs(reference).max(initial=0.))


def assert_backends_agree(function, *inputs, atol=3e-6):
    assert_agree(*(values_and_gradients(function, inputs, backend) for backend in ("tensorflow", "native")), atol)


def raster_of(triangles, height, width):
    """-> a function of clip space: barycentrics (first, since they have a gradient), triangle ids, depth."""
    def function(clip, backend):
        raster = rasterize(clip, triangles, height, width, backend=backend)
        return raster.barycentrics, raster.triangle_ids, raster.depth
    return function


def pixels_in_clip(pixels, side, z=0.):
    """[V, 2] pixels of a square picture -> [1, V, 4] with w = 1."""
    return np.insert(np.asarray(pixels) * (2. / side) - 1., 2, [[z], [1.]], -1)[None].astype(np.float32)


def grid_on_pixel_centers():
    """Edges and vertices on pixel centers, every third triangle the other way round."""
    column, row = np.meshgrid(np.arange(9), np.arange(9))
    i = np.arange(81).reshape(9, 9)
    a, b, c, d = i[:-1, :-1].ravel(), i[:-1, 1:].ravel(), i[1:, 1:].ravel(), i[1:, :-1].ravel()
    triangles = np.concatenate([np.stack([a, b, c], -1), np.stack([a, c, d], -1)]).astype(np.int32)
    triangles[::3] = triangles[::3, ::-1]
    return pixels_in_clip(np.stack([column, row], -1).reshape(-1, 2) + .5, 9), triangles, 9, 9


def grid_in_perspective():
    """The same, but rounding decides on which side of an edge its pixel centers lie."""
    clip, *rest = grid_on_pixel_centers()
    return clip * np.random.RandomState(0).uniform(.5, 3., [1, 81, 1]).astype(np.float32), *rest


def stacked_planes():
    """Triangles at the same depth one over the other, in both directions, at z = 0 and -0, before and behind others."""
    corners = np.concatenate([pixels_in_clip([[0., 0.], [31., 2.], [3., 29.]], 16, z) for z in (.5, -0., 0., -.25)], 1)
    return corners, np.int32([[0, 1, 2], [3, 5, 4], [6, 7, 8], [10, 9, 11], [9, 10, 11], [0, 2, 1]]), 16, 16


def head():
    vertices, triangles = meshes.bumpy_head()
    scene = scenes.sample(2, [3, 4])
    world = transforms.world_from_model(tf.constant(np.stack([vertices, vertices * .8])), scene.pose)
    return transforms.clip_from_world(world, scene.camera), triangles, 40, 52


SCENES = {
    **{f"soup {seed}": lambda seed=seed: (*meshes.soup(seed, triangles=25, batch=3), 33, 47) for seed in range(4)},
    "grid": grid_on_pixel_centers,
    "grid in perspective": grid_in_perspective,
    "planes": stacked_planes,
    "head": head,
    "slivers": lambda: (meshes.soup(9, triangles=60)[0] * [1., 1e-3, 1., 1.], meshes.soup(9, triangles=60)[1], 64, 64),
    "cut by near and far": lambda: (meshes.soup(4)[0] * [1., 1., 2.5, 1.], meshes.soup(4)[1], 24, 24),
    "all beside the picture": lambda: (meshes.soup(4)[0] + [9., 0., 0., 0.], meshes.soup(4)[1], 24, 24),
    "no triangles": lambda: (tf.ones([2, 3, 4]), tf.zeros([0, 3], tf.int32), 4, 5),
    "no pictures": lambda: (tf.ones([0, 3, 4]), TRIANGLE, 4, 5),
    "no vertices": lambda: (tf.ones([2, 0, 4]), tf.zeros([0, 3], tf.int32), 4, 5),
}


@pytest.mark.parametrize("scene", SCENES)
def test_rasters_are_the_compiled_ops(scene):
    clip, triangles, height, width = SCENES[scene]()
    assert_backends_agree(raster_of(triangles, height, width), clip, atol=1e-7)
    raster = rasterize(clip, triangles, height, width, backend="tensorflow")
    assert (raster.barycentrics.numpy() >= 0.).all()
    np.testing.assert_allclose(tf.reduce_sum(raster.barycentrics, -1), tf.cast(raster.mask, tf.float32), atol=1e-6)


@pytest.mark.parametrize("chunk", [1, 2, 64, 601])
def test_rasters_do_not_depend_on_where_chunks_end(monkeypatch, chunk):
    soup, triangles = meshes.soup(5, triangles=6, batch=2)
    beside = tf.repeat(tf.constant([[0, 0, 0]]), 2 * chunk, 0)  # a whole chunk without a pixel, among the others
    triangles = tf.concat([beside, triangles[:3], beside, triangles[3:], beside], 0)
    monkeypatch.setattr(portable_rasterize, "LARGEST_CHUNK", chunk)
    assert_backends_agree(tf.function(raster_of(triangles, 4, 5)), soup)


def test_many_triangles_as_large_as_the_picture_are_looked_at_piece_by_piece():
    random = np.random.RandomState(0)
    corners = np.tile([[-1., -1.], [3., -1.], [-1., 3.]], [1000, 1]) + random.uniform(-.5, .5, [3000, 2])
    clip = np.insert(corners, 2, [random.uniform(-1., 1., 3000), np.ones(3000)], -1)[None].astype(np.float32)
    assert_backends_agree(raster_of(tf.reshape(tf.range(3000), [1000, 3]), 24, 30), clip)


@pytest.mark.parametrize("seed", range(4))
def test_absurd_vertices_drop_the_same_triangles_and_leave_gradients_finite(seed):
    clip, triangles = (np.array(value) for value in meshes.soup(seed, triangles=40))
    random = np.random.RandomState(seed)
    absurd = random.rand(*clip.shape) < .04
    clip[absurd] = random.choice([0., -0., -1., np.nan, np.inf, -np.inf, 1e30, -1e30, 1e6, 1e-3], absurd.sum())
    triangles[::7, 1] = triangles[::7, 0]
    mask = rasterize(clip, triangles, 20, 30, backend="tensorflow").mask.numpy()
    assert .1 < mask.mean() and not np.isfinite(clip).all()
    assert_backends_agree(raster_of(triangles, 20, 30), clip)


@pytest.mark.parametrize("channels", [1, 3, 40])
def test_interpolation_is_the_compiled_ops(channels):
    clip, triangles = meshes.soup(2, triangles=20, batch=3)
    raster = rasterize(clip, triangles, 30, 41)

    def function(attributes, barycentrics, backend):
        return interpolate(attributes, raster._replace(barycentrics=barycentrics), triangles, backend)

    assert_backends_agree(function, tf.random.stateless_normal([3, 60, channels], [0, 1]), raster.barycentrics)


def test_vertex_normals_are_the_compiled_ops():
    vertices, triangles = meshes.bumpy_head()
    spoiled = np.stack([vertices, vertices, vertices])
    spoiled[1, 7], spoiled[2, 9, 1] = np.nan, 1e25  # whose cross products overflow
    spoiled[1, triangles[50]] = 0.
    loose = np.concatenate([triangles, [[3, 3, 3]]]).astype(np.int32)
    assert_backends_agree(lambda vertices, backend: vertex_normals(vertices, loose, backend), spoiled)


@pytest.mark.parametrize("lights", [0, 1, 3])
@pytest.mark.parametrize("shininess", [1., 7.5])
def test_shading_is_the_compiled_ops(lights, shininess):
    random = np.random.RandomState(0)
    normals, positions = random.randn(2, 2, 6, 5, 3).astype(np.float32)
    where = random.randn(2, lights, 3) * 5.
    normals[0, 0], normals[1, 0, :3] = 0., [[1e-30, 0., 0.], [5e-19, 0., 0.], [1., np.inf, 0.]]
    positions[0, 1, 0], positions[0, 1, 1] = 0., [np.nan, 1., 1.]
    positions[1, :, 0] = where[1, :1, None] if lights else 0.

    def function(albedo, normals, positions, *rest):
        *lights, backend = rest
        return phong.shade(albedo, normals, positions, scenes.PointLights(*lights), .3, shininess, backend)

    inputs = [random.uniform(0., 1., [2, 6, 5, 3]), normals, positions, where, random.rand(2, lights, 3), random.rand(2, 3)]
    assert_backends_agree(function, *map(np.float32, inputs), atol=4e-6)


@pytest.mark.parametrize("curve", [srgb.linear_from_srgb, srgb.srgb_from_linear])
def test_color_curves_are_the_compiled_ops(curve):
    special = [0., -0., 1., 1e-30, -1., 2., 1e30, np.inf, -np.inf, .04045, .0031308]
    assert_backends_agree(curve, np.float32([*np.linspace(-.1, 1.1, 999), *special]))
    assert curve([.5, 0.], "tensorflow").dtype == tf.float32


def head_in_scene():
    """-> inputs (vertices, colors, half of them black, and the fields of a scene) and the function that renders them."""
    vertices, triangles = meshes.bumpy_head(2)
    scene = scenes.sample(2, [3, 4])
    vertices = np.stack([vertices, vertices * .9])
    colors = np.where(vertices[..., :1] > 0., .5 + .3 * np.sin(vertices / 30.), 0.).astype(np.float32)

    def function(*inputs):
        vertices, colors, *fields, backend = inputs
        rendering = render(vertices, colors, triangles, tf.nest.pack_sequence_as(scene, fields), 32, backend=backend)
        return rendering.image, rendering.triangle_ids

    return (vertices, colors, *tf.nest.flatten(scene)), function


def test_pictures_are_the_compiled_ops():
    inputs, function = head_in_scene()
    assert_backends_agree(function, *inputs)


def test_a_spoilt_vertex_spoils_the_same_pixels_and_no_gradient_of_the_others():
    (vertices, colors, *fields), function = head_in_scene()
    vertices[0, 5, 1] = np.nan
    assert_backends_agree(lambda colors, backend: function(vertices, colors, *fields, backend), colors)


@pytest.mark.slow
def test_pictures_compiled_by_xla_are_the_compiled_ops():
    inputs, function = head_in_scene()
    compiled = tf.function(function, jit_compile=True)
    assert_backends_agree(lambda *inputs: (compiled if inputs[-1] == "tensorflow" else function)(*inputs), *inputs, atol=1e-5)


def test_rasters_and_their_gradient_compiled_by_xla_are_the_compiled_ops():
    clip, triangles = meshes.soup(3, triangles=20, batch=2)
    function = raster_of(triangles, 33, 47)
    compiled = tf.function(lambda clip: values_and_gradients(function, [clip], "tensorflow"), jit_compile=True)
    assert_agree(compiled(clip), values_and_gradients(function, [clip], "native"), atol=1e-7)


def test_gradients_do_not_run_the_loop_over_the_chunks_backwards():
    """Which XLA could not compile, and which would keep every chunk in memory."""
    with tf.Graph().as_default() as graph:
        clip = tf.compat.v1.placeholder(tf.float32, [1, 3, 4])
        raster = rasterize(clip, [[0, 1, 2]], 4, 4, backend="tensorflow")
        tf.gradients([raster.barycentrics, raster.depth], clip)
    assert sum("While" in op.type for op in graph.get_operations()) == 1


def test_one_graph_serves_any_batch_and_mesh_and_knows_its_shapes():
    def function(clip, triangles, backend="tensorflow"):
        raster = rasterize(clip, triangles, 33, 47, backend=backend)
        normals = vertex_normals(clip[..., :3], triangles, backend)
        return *raster, normals, interpolate(normals, raster, triangles, backend)

    shapes = tf.TensorSpec([None, None, 4]), tf.TensorSpec([None, 3], tf.int32)
    traced = tf.function(function, input_signature=shapes).get_concrete_function()
    assert [shape.as_list() for shape in traced.output_shapes] == [
        [None, 33, 47], [None, 33, 47, 3], [None, 33, 47], [None, 33, 47], [None, None, 3], [None, 33, 47, 3]]
    for batch, count in ((2, 12), (1, 30)):
        clip, triangles = meshes.soup(batch, triangles=count, batch=batch)
        for value, expected in zip(traced(clip, triangles), function(clip, triangles, "native"), strict=True):
            np.testing.assert_allclose(tf.cast(value, tf.float32), tf.cast(expected, tf.float32), rtol=0., atol=2e-7)


BAD_INPUT = {
    "index": (lambda: rasterize(tf.ones([1, 3, 4]), [[0, 1, 7]], 4, 4, backend="tensorflow"),
              r"triangles must lie in \[0, 3\), but found 7"),
    "negative index": (lambda: vertex_normals(tf.ones([1, 3, 3]), [[0, 1, -1]], "tensorflow"),
                       r"triangles must lie in \[0, 3\), but found -1"),
    "triangle id": (lambda: interpolate(tf.ones([1, 3, 2]), seen(1, -2), TRIANGLE, "tensorflow"),
                    r"triangle_ids must lie in \[-1, 1\), but found -2"),
    "rank": (lambda: rasterize(tf.ones([3, 4]), TRIANGLE, 4, 4, backend="tensorflow"),
             r"clip must have the shape \[B, V, 4\], but it has shape \[3,4\]"),
    "batch": (lambda: interpolate(tf.ones([1, 3, 2]), seen(2, 0), TRIANGLE, "tensorflow"),
              r"triangle_ids must have the shape \[B=1, H, W\], but it has shape \[2,4,4\]"),
    "picture": (lambda: rasterize(tf.ones([1, 3, 4]), TRIANGLE, 4, 20000, backend="tensorflow"),
                "height and width must be at most 16384, but are 4 and 20000"),
    "constants": (lambda: lit(shininess=.5),
                  r"specular must lie in \[0, 1\] and shininess be at least 1, but they are 0\.12 and 0\.5"),
    "lights": (lambda: lit(intensities=[1, 1, 3]), r"light intensities must have the shape \[B=1, L=2, 3\], but it has"),
    "normals": (lambda: lit(normals=[1, 4, 3, 3]),
                r"normals must have the shape \[B=1, H=4, W=4, 3\], but it has shape \[1,4,3,3\]"),
}


def seen(batch, index):
    """A raster of pictures that show one triangle only."""
    return Raster(tf.fill([batch, 4, 4], index), tf.ones([batch, 4, 4, 3]), tf.ones([batch, 4, 4], tf.bool), tf.ones([batch, 4, 4]))


def lit(normals=(1, 4, 4, 3), intensities=(1, 2, 3), shininess=12.):
    buffer = tf.ones([1, 4, 4, 3])
    lights = scenes.PointLights(tf.ones([1, 2, 3]), tf.ones(intensities), tf.ones([1, 3]))
    return phong.shade(buffer, tf.ones(normals), buffer, lights, shininess=shininess, backend="tensorflow")


@pytest.mark.parametrize("name", BAD_INPUT)
def test_bad_input_is_refused_in_the_compiled_ops_words(name):
    call, message = BAD_INPUT[name]
    with pytest.raises(tf.errors.InvalidArgumentError, match=message):
        call()


def test_bad_input_that_only_a_running_graph_can_know_is_refused():
    @tf.function(input_signature=[tf.TensorSpec(None), tf.TensorSpec([None, 3], tf.int32)])
    def traced(clip, triangles):
        return rasterize(clip, triangles, 4, 4, backend="tensorflow").triangle_ids

    with pytest.raises(tf.errors.InvalidArgumentError, match=r"triangles must lie in \[0, \] \[3\] \[\), but found \] \[7\]"):
        traced(tf.ones([1, 3, 4]), [[0, 1, 7]])
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"\[1,3,3\] is not compatible with expected shape \[\?,\?,4\]"):
        traced(tf.ones([1, 3, 3]), [[0, 1, 2]])


@pytest.mark.parametrize("name", portable.__all__)
def test_names_and_arguments_are_the_compiled_ops(name):
    compiled, ours = (list(inspect.signature(getattr(module, name)).parameters) for module in (native.ops(), portable))
    assert ours == compiled[:-1] and compiled[-1] == "name"
