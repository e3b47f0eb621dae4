"""The renderer where it is used: on any number of threads, in distributed, traced and half-precision programs."""
import hashlib
import pathlib
import re
import subprocess
import sys

import keras
import numpy as np
import pytest
import tensorflow as tf

from morph3d import scene as scenes
from morph3d.renderer import native
from morph3d.renderer.interpolate import interpolate
from morph3d.renderer.rasterize import rasterize
from morph3d.renderer.render import render
from tests.renderer import meshes

ROOT = pathlib.Path(__file__).parents[2]
SIZE = 96  # several pieces of work for every op


def heads(batch):
    """-> vertices [batch, V, 3], colors [batch, V, 3], triangles, Scene of heads that differ."""
    vertices, triangles = meshes.bumpy_head()
    vertices = vertices * np.linspace(.9, 1.1, batch, dtype=np.float32)[:, None, None]
    return tf.constant(vertices), .5 + .3 * tf.sin(vertices / 20.), tf.constant(triangles), scenes.sample(batch, [3, 4])


def image_and_gradients(vertices, colors, triangles, scene):
    """-> the image, and a weighted sum's gradients to vertices, colors and each of the scene's tensors."""
    inputs = [vertices, colors, *tf.nest.flatten(scene)]
    with tf.GradientTape() as tape:
        tape.watch(inputs)
        image = render(vertices, colors, triangles, scene, SIZE).image
    upstream = tf.random.stateless_normal([SIZE, SIZE, 3], [1, 2]) + tf.zeros_like(image)
    return [image, *tape.gradient(image, inputs, upstream)]


def in_another_process(function, *arguments):
    """Starts a function of this file in a new Python -> the process."""
    call = f"from tests.renderer import test_environments; test_environments.{function.__name__}(*{arguments})"
    return subprocess.Popen([sys.executable, "-c", call], cwd=ROOT, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def output_of(process):
    output, errors = process.communicate()
    assert process.returncode == 0, errors
    return output


def print_digest(threads):
    """Prints a hash of every bit of what `threads` threads render, and of all gradients."""
    tf.config.threading.set_intra_op_parallelism_threads(threads)
    digest = hashlib.sha256()
    for batch in (1, 5):
        raster = rasterize(*meshes.soup(0, 100, batch), SIZE, SIZE)
        for tensor in [*raster, *image_and_gradients(*heads(batch))]:
            digest.update(tensor.numpy().tobytes())
    print(digest.hexdigest())


def test_pictures_and_gradients_are_the_same_bits_on_any_number_of_threads():
    one, eight = map(output_of, [in_another_process(print_digest, threads) for threads in (1, 8)])
    assert len(one.strip()) == 64 and one == eight


def compare_replicas():
    """Two replicas on two logical devices, each with half of a batch, against the whole batch rendered plainly."""
    processor, = tf.config.list_physical_devices("CPU")
    tf.config.set_logical_device_configuration(processor, [tf.config.LogicalDeviceConfiguration()] * 2)
    strategy = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
    vertices, colors, triangles, scene = heads(4)

    @tf.function
    def step(*half):
        return strategy.run(lambda vertices, colors, scene: image_and_gradients(vertices, colors, triangles, scene), half)

    halves = tf.nest.map_structure(lambda tensor: strategy.experimental_distribute_values_from_function(
        lambda context: tf.split(tensor, 2)[context.replica_id_in_sync_group]), (vertices, colors, scene))
    for replicas, expected in zip(step(*halves), image_and_gradients(vertices, colors, triangles, scene), strict=True):
        joined = tf.concat(strategy.experimental_local_results(replicas), 0)
        # Half a batch is multiplied in another order, and on slivers the gradient makes much of the last place.
        np.testing.assert_allclose(joined, expected, rtol=0., atol=1e-3 * np.abs(expected).max())
    print(strategy.num_replicas_in_sync, "replicas agree")


def test_replicas_of_a_distributed_program_render_as_a_plain_one():
    assert output_of(in_another_process(compare_replicas)) == "2 replicas agree\n"


@pytest.fixture(params=["mixed_float16", "mixed_bfloat16"])
def half_policy(request):
    """Sets a mixed-precision policy for one test -> it."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(request.param)
    yield keras.config.dtype_policy()
    keras.config.set_dtype_policy(before)


def test_half_precision_colors_give_full_precision_pictures_and_get_half_precision_gradients(half_policy):
    vertices, _, triangles, scene = heads(2)
    paint = keras.layers.Dense(3, "sigmoid", kernel_initializer=keras.initializers.RandomNormal(0., .02, seed=1))
    colors = paint(vertices)
    assert colors.dtype == half_policy.compute_dtype
    with tf.GradientTape() as tape:
        tape.watch(colors)
        image = render(vertices, colors, triangles, scene, SIZE).image
    exact = tf.sigmoid(vertices @ paint.kernel + paint.bias)
    assert image.dtype == tf.float32
    np.testing.assert_allclose(image, render(vertices, exact, triangles, scene, SIZE).image, atol=.02)
    gradient = tape.gradient(image, colors, tf.random.stateless_normal(image.shape, [1, 2]))
    assert gradient.dtype == colors.dtype
    assert np.isfinite(tf.cast(gradient, tf.float32)).all() and tf.math.count_nonzero(gradient) > 1000


def test_half_precision_attributes_are_interpolated_in_full_precision(half_policy):
    clip, triangles = meshes.soup(2, triangles=20)
    raster = rasterize(clip, triangles, SIZE, SIZE)
    exact = tf.random.stateless_normal([1, 60, 5], [1, 2])
    attributes = tf.cast(exact, half_policy.compute_dtype)
    with tf.GradientTape() as tape:
        tape.watch(attributes)
        seen = interpolate(attributes, raster, triangles)
    assert seen.dtype == tf.float32
    np.testing.assert_array_equal(seen, interpolate(tf.cast(attributes, tf.float32), raster, triangles))
    np.testing.assert_allclose(seen, interpolate(exact, raster, triangles), atol=.02)
    gradient = tape.gradient(seen, attributes)
    assert gradient.dtype == attributes.dtype
    # Of the sum over the pixels that see a vertex: its weights there.
    expected = tf.math.unsorted_segment_sum(raster.barycentrics[raster.mask],
                                            tf.gather(triangles, raster.triangle_ids[raster.mask]), 60)
    np.testing.assert_allclose(tf.cast(gradient[0, :, 0], tf.float32), expected, rtol=.01, atol=.01)


def test_one_trace_serves_any_batch_and_any_mesh():
    def in_studio(vertices, colors, triangles):
        return image_and_gradients(vertices, colors, triangles, scenes.studio(tf.shape(vertices)[0], yaw=.4))

    points = tf.TensorSpec([None, None, 3])
    traced = tf.function(in_studio, input_signature=[points, points, tf.TensorSpec([None, 3], tf.int32)])
    for batch, subdivisions, triangle_count in [(1, 2, 320), (3, 3, 1280), (2, 3, 1), (2, 2, 0)]:
        vertices, triangles = meshes.bumpy_head(subdivisions)
        vertices = tf.repeat(vertices[None], batch, 0)
        arguments = vertices, .5 + .3 * tf.sin(vertices / 20.), tf.constant(triangles[:triangle_count])
        for ours, expected in zip(traced(*arguments), in_studio(*arguments), strict=True):
            np.testing.assert_allclose(ours, expected, rtol=0., atol=1e-4 * np.abs(expected).max())
    assert traced.experimental_get_tracing_count() == 1


# Of every op: its inputs' axes, attributes, and outputs' axes. Letters stand for sizes, which may be unknown.
PIXELS, SIZES = {"height": 4, "width": 6}, {"B": 2, "V": 7, "F": 5, "H": 4, "W": 6, "C": 8, "L": 3}
GLOSS = {"specular": .1, "shininess": 2.}
SURFACE = ["BHW3", "BHW3", "BHW3", "BL3", "BL3", "B3"]
OPS = {
    "Morph3dRasterize": (["BV4", "F3"], PIXELS, ["B46", "B463", "B46"]),
    "Morph3dRasterizeGrad": (["BV4", "F3", "BHW", "BHW3"], {}, ["BV4"]),
    "Morph3dInterpolate": (["BVC", "F3", "BHW", "BHW3"], {}, ["BHWC"]),
    "Morph3dInterpolateGrad": (["BVC", "F3", "BHW", "BHW3", "BHWC"], {}, ["BVC", "BHW3"]),
    "Morph3dVertexNormals": (["BV3", "F3"], {}, ["BV3", "BV"]),
    "Morph3dVertexNormalsGrad": (["BV3", "F3", "BV3", "BV", "BV3"], {}, ["BV3"]),
    "Morph3dShade": (SURFACE, GLOSS, ["BHW3"]),
    "Morph3dShadeGrad": ([*SURFACE, "BHW3"], GLOSS, SURFACE),
    "Morph3dLinearFromSrgb": (["BHW3"], {}, ["BHW3"]),
    "Morph3dSrgbFromLinear": (["BHW3"], {}, ["BHW3"]),
    "Morph3dLinearFromSrgbGrad": (["BHW3", "BHW3"], {}, ["BHW3"]),
    "Morph3dSrgbFromLinearGrad": (["BHW3", "BHW3"], {}, ["BHW3"]),
}


def test_the_table_of_shapes_has_every_op():
    kernels = ROOT / "morph3d" / "renderer" / "kernels"
    registered = [name for path in kernels.glob("*_ops.cc") for name in re.findall(r'REGISTER_OP\("(\w+)"\)', path.read_text())]
    assert sorted(registered) == sorted(OPS)


@pytest.mark.parametrize("sizes", [SIZES, {}], ids=["known", "unknown"])
@pytest.mark.parametrize("name", OPS)
def test_shapes_are_inferred_while_tracing(name, sizes):
    inputs, attributes, expected = OPS[name]

    def shape(axes):
        return [int(axis) if axis.isdigit() else sizes.get(axis) for axis in axes]

    op = getattr(native.ops(), re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower())
    integers = ("F3", "BHW")
    with tf.Graph().as_default():
        outputs = op(*[tf.compat.v1.placeholder(tf.int32 if axes in integers else tf.float32, shape(axes)) for axes in inputs],
                     **attributes)
    outputs = [outputs] if isinstance(outputs, tf.Tensor) else outputs
    assert [output.shape.as_list() for output in outputs] == [shape(axes) for axes in expected]
