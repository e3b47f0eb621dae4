"""The whole picture: orientation, color, background, and its gradients by finite differences."""
import dataclasses
import math

import numpy as np
import pytest
import tensorflow as tf

from morph3d import scene as scenes
from morph3d.mesh.mesh import Mesh
from morph3d.renderer.render import render, render_mesh
from tests.renderer import meshes

SIZE = 48


@pytest.fixture(scope="module")
def head():
    """-> vertices [1, V, 3], colors [1, V, 3], triangles."""
    vertices, triangles = meshes.bumpy_head()
    colors = .5 + .3 * np.sin(vertices / 30. + [0., 1., 2.])
    return tf.constant(vertices[None]), tf.constant(colors[None], tf.float32), triangles


def lit_from(position, ambient=0.):
    scene = scenes.studio(1, distance=800.)
    positions = tf.constant([[position]]) + scene.pose.translation[:, None]
    return scene._replace(lights=scenes.PointLights(positions, tf.ones([1, 1, 3]), tf.fill([1, 3], ambient)))


@pytest.mark.parametrize("x, y", [(-1., 1.), (1., 1.), (-1., -1.), (1., -1.)])
def test_the_side_that_the_light_comes_from_is_bright(head, x, y):
    vertices, colors, triangles = head
    rendering = render(vertices, tf.ones_like(colors) * .6, triangles, lit_from([3000. * x, 3000. * y, 1000.]), SIZE)
    gray = np.where(rendering.mask[0], rendering.image[0, ..., 0], 0.)
    half = SIZE // 2
    quarters = {(-1., 1.): gray[:half, :half], (1., 1.): gray[:half, half:], (-1., -1.): gray[half:, :half],
                (1., -1.): gray[half:, half:]}
    assert max(quarters, key=lambda key: quarters[key].sum()) == (x, y)


def test_the_subjects_left_is_on_the_right_and_up_is_on_top(head):
    vertices, _, triangles = head
    colors = tf.stack([tf.cast(vertices[..., 0] > 30., tf.float32), tf.cast(vertices[..., 1] > 30., tf.float32),
                       tf.zeros_like(vertices[..., 0])], -1)
    image = render(vertices, colors, triangles, lit_from([0., 0., 3000.], 1.), SIZE).image[0].numpy()
    rows, columns = np.mgrid[:SIZE, :SIZE]
    background = image[0, 0]
    for channel, where in ((0, columns), (1, SIZE - 1 - rows)):
        marked = (image[..., channel] > .9) & (image != background).any(-1)
        assert marked.sum() > 30 and where[marked].min() > SIZE / 2


def test_under_white_ambient_light_the_picture_has_the_colors_themselves(head):
    vertices, _, triangles = head
    scene = lit_from([0., 0., 3000.], 1.)
    scene = scene._replace(lights=scene.lights._replace(intensities=tf.zeros([1, 1, 3])))
    color = tf.constant([.8, .3, .02])
    rendering = render(vertices, tf.broadcast_to(color, vertices.shape), triangles, scene, SIZE)
    seen = rendering.image[rendering.mask]
    np.testing.assert_allclose(seen, tf.broadcast_to(color, seen.shape), atol=2e-6)


def test_pixels_beside_the_mesh_are_the_background_stretched_over_the_picture(head):
    background = tf.random.stateless_uniform([1, 3, 3, 3], [1, 2])
    scene = scenes.studio(1, distance=800.)._replace(background=background)
    rendering = render(*head, scene, SIZE)
    outside = ~rendering.mask.numpy()
    assert .2 < outside.mean() < .95
    stretched = tf.image.resize(background, [SIZE, SIZE]).numpy()
    np.testing.assert_allclose(rendering.image.numpy()[outside], stretched[outside])
    np.testing.assert_allclose(rendering.image[0, 0, 0], background[0, 0, 0])


def with_values(scene, name, value):
    """The scene with one of its differentiable fields replaced."""
    if name in ("rotation", "translation"):
        return scene._replace(pose=scene.pose._replace(**{name: value}))
    if name in ("field_of_view", "framing"):
        return scene._replace(camera=scene.camera._replace(**{name: value}))
    return scene._replace(lights=scene.lights._replace(**{name: value}))


# How far each is moved to either side: far enough for float32, near enough for the curvature.
STEPS = {"vertices": .02, "colors": 2e-3, "rotation": 2e-4, "translation": .02, "field_of_view": 1e-5, "framing": 1e-4,
         "positions": 2., "intensities": 1e-3, "ambient": 1e-3}


@pytest.mark.parametrize("name", STEPS)
def test_gradient_of_the_shaded_picture_matches_finite_differences(head, name):
    """Along random directions, over the pixels (the stated rule) that see the same triangle before, between and after
    the step: so silhouettes, and creases of the piecewise linear attributes, are left out."""
    vertices, colors, triangles = head
    scene = scenes.sample(1, [3, 4])
    fields = {**scene.pose._asdict(), **scene.camera._asdict(), **scene.lights._asdict(), "vertices": vertices,
              "colors": colors}

    def picture(value):
        if name == "vertices":
            return render(value, colors, triangles, scene, SIZE)
        if name == "colors":
            return render(vertices, value, triangles, scene, SIZE)
        return render(vertices, colors, triangles, with_values(scene, name, value), SIZE)

    for seed in range(3):
        direction = tf.random.stateless_normal(fields[name].shape, [seed, 5])
        step = STEPS[name]
        before, after = picture(fields[name] - step * direction), picture(fields[name] + step * direction)
        with tf.GradientTape() as tape:
            tape.watch(fields[name])
            here = picture(fields[name])
            same = (here.triangle_ids == before.triangle_ids) & (here.triangle_ids == after.triangle_ids) & here.mask
            weights = tf.cast(same, tf.float32)[..., None] * tf.random.stateless_normal([1, SIZE, SIZE, 3], [seed, 6])
            loss = tf.reduce_sum(weights * here.image)
        assert tf.math.count_nonzero(same) > 300
        slope = tf.reduce_sum(direction * tape.gradient(loss, fields[name]))
        change = (after.image - before.image) / (2. * step)
        # Relative to the size of the pixels' own changes: the random weights make the sum itself cancel.
        assert abs(slope - tf.reduce_sum(weights * change)) < .02 * tf.norm(weights * change)


def test_gradients_are_finite_everywhere_also_of_the_background_and_of_black(head):
    vertices, colors, triangles = head
    scene = scenes.sample(1, [3, 4])
    colors = tf.where(vertices[..., :1] > 0., colors, 0.)
    inputs = [vertices, colors, *scene.pose, *scene.camera, *scene.lights, scene.background]
    with tf.GradientTape() as tape:
        tape.watch(inputs)
        image = render(vertices, colors, triangles, scene, SIZE).image
    gradients = tape.gradient(image, inputs, tf.random.stateless_normal(image.shape, [1, 2]))
    for gradient in gradients:
        assert gradient is not None and np.isfinite(gradient).all() and np.abs(gradient).max() > 0.


def test_a_vertex_that_is_not_finite_spoils_only_its_triangles(head):
    vertices, colors, triangles = head
    broken = tf.tensor_scatter_nd_update(vertices, [[0, 7, 1]], [np.nan])
    scene = scenes.studio(1, distance=800.)
    with tf.GradientTape() as tape:
        tape.watch(colors)
        image = render(broken, colors, triangles, scene, SIZE).image
    assert np.isfinite(image).all() and np.isfinite(tape.gradient(image, colors)).all()
    changed = (image.numpy() != render(vertices, colors, triangles, scene, SIZE).image.numpy()).any(-1)
    assert changed.mean() < .05


def test_a_graph_with_unknown_batch_gives_the_eager_pictures(head):
    vertices, colors, triangles = head
    traces = []

    @tf.function(input_signature=[tf.TensorSpec([None, None, 3])] * 2 + [tf.TensorSpec([None])])
    def traced(vertices, colors, yaw):
        traces.append(1)
        scene = scenes.studio(tf.shape(yaw)[0], yaw=yaw)
        with tf.GradientTape() as tape:
            tape.watch(vertices)
            image = render(vertices, colors, triangles, scene, SIZE).image
        assert image.shape.as_list() == [None, SIZE, SIZE, 3]
        return image, tape.gradient(image, vertices)

    for batch in (1, 3):
        yaw = tf.linspace(0., 1., batch)
        image, gradient = traced(tf.repeat(vertices, batch, 0), tf.repeat(colors, batch, 0), yaw)
        for k in range(batch):
            alone = render(vertices, colors, triangles, scenes.studio(1, yaw=yaw[k]), SIZE).image[0]
            np.testing.assert_allclose(image[k], alone, atol=2e-5)
        assert np.isfinite(gradient).all()
    assert len(traces) == 1


def test_a_wider_field_of_view_makes_a_smaller_head(head):
    areas = [np.mean(render(*head, scenes.studio(1, field_of_view=math.radians(angle)), SIZE).mask)
             for angle in (16., 32.)]
    assert areas[0] / areas[1] == pytest.approx((math.tan(math.radians(16.)) / math.tan(math.radians(8.)))**2, rel=.1)


@pytest.fixture
def mesh(head):
    vertices, colors, triangles = head
    return Mesh(vertices[0].numpy(), triangles, colors[0].numpy())


def test_a_mesh_is_drawn_as_its_arrays_are(head, mesh):
    picture = render_mesh(mesh, scenes.studio(yaw=.5), size=SIZE)
    assert type(picture) is np.ndarray and picture.dtype == np.float32 and picture.shape == (SIZE, SIZE, 3)
    np.testing.assert_array_equal(picture, render(*head, scenes.studio(1, yaw=tf.constant([.5])), SIZE).image[0])
    assert 0. <= picture.min() and picture.max() <= 1.
    assert render_mesh(mesh, scenes.studio()).shape == (448, 448, 3)


def test_the_mean_of_a_model_turns_to_the_side_that_it_is_told_to(tiny_model):
    """A positive yaw shows the subject's right cheek: its nose moves to the right of the picture."""
    front = dataclasses.replace(tiny_model.mean, colors=np.where(tiny_model.mean.vertices[:, 2:] > 60., [0., 1., 0.], [1., 0., 0.]))
    columns = [np.nonzero(picture[..., 1] > picture[..., 0] + .1)[1].mean() for picture in
               (render_mesh(front, scenes.studio(yaw=yaw), SIZE) for yaw in (-.5, 0., .5))]
    assert columns[0] < columns[1] - 3. and columns[1] == pytest.approx(23.5, abs=1.) and columns[2] > columns[1] + 3.


@pytest.mark.parametrize("colors, pictures, message", [
    (None, 1, r"found Mesh\(642 vertices, 1,280 triangles\), expected a mesh with colors"),
    (.5, 2, "found a scene of 2 pictures, expected one; draw a batch with morph3d.renderer.render.render")])
def test_what_is_not_one_colored_mesh_in_one_scene_is_refused_in_one_line(mesh, colors, pictures, message):
    mesh = dataclasses.replace(mesh, colors=colors and np.full_like(mesh.colors, colors))
    with pytest.raises(ValueError, match=message) as error:
        render_mesh(mesh, scenes.studio(pictures))
    assert "\n" not in str(error.value)
