"""Projecting on a model undoes making faces with it; halves make the same faces in half the memory; principal components."""
import pathlib

import hypothesis
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import strategies as st

from morph3d.morphable import basis
from morph3d.morphable.coefficients import Coefficients
from morph3d.morphable.model import MorphableModel

HALVES = (tf.float16, tf.bfloat16)


def random_model(seed=0, sizes=(6, 5, 4), count=40, spread=1.):
    """A model of modes at odd angles, the lengths of which differ by a factor of up to `spread`."""
    random = np.random.default_rng(seed)
    bases = [random.normal(size=(size, count, 3)) * spread**random.uniform(-1., 0., (size, 1, 1)) for size in sizes]
    return MorphableModel.from_arrays("random", 50. * random.normal(size=(count, 3)), bases[0], random.uniform(size=(count, 3)),
                                      .1 * bases[1], bases[2], random.integers(0, count, (70, 3)), random.integers(0, count, 68))


def stacked(*bases):
    return np.concatenate([basis.numpy() for basis in bases]).astype(np.float64)


def relative_cosines(residual, basis):
    """Of the angles between residuals [B, V, 3] and modes [N, 3 V]."""
    residual = np.reshape(residual, [-1, basis.shape[1]]).astype(np.float64)
    lengths = np.linalg.norm(residual, axis=1)[:, None] * np.linalg.norm(basis, axis=1)
    return residual @ basis.T / lengths


@hypothesis.given(seed=st.integers(0, 999), count=st.integers(1, 9), dtype=st.sampled_from([np.float32, np.float64]))
@hypothesis.settings(max_examples=25)
def test_principal_modes_are_those_of_a_singular_value_decomposition_random(seed, count, dtype):
    random = np.random.default_rng(seed)
    faces = (random.normal(size=(7, 10, 3)) * random.uniform(.1, 5., 30).reshape(10, 3)).astype(dtype)
    faces -= faces.mean(0)
    modes = basis.principal_modes(faces, count)
    assert modes.dtype == dtype and modes.shape == (min(count, 6), 10, 3)
    _, lengths, directions = np.linalg.svd(faces.reshape(7, 30).astype(np.float64))
    flat = modes.reshape(len(modes), 30)
    largest = np.abs(flat).argmax(1)
    assert (flat[np.arange(len(flat)), largest] > 0.).all()
    expected = (lengths[:, None] / np.sqrt(6.) * directions[:7])[:len(flat)]
    expected *= np.sign(expected[np.arange(len(flat)), largest])[:, None]
    np.testing.assert_allclose(flat, expected, atol=1e-4 if dtype == np.float32 else 1e-9)


def test_all_principal_modes_give_the_population_back():
    faces = np.random.default_rng(2).normal(size=(6, 10, 3))
    deviations = (faces - faces.mean(0)).reshape(6, 30)
    flat = basis.principal_modes(faces - faces.mean(0), 80).reshape(5, 30)
    coefficients = deviations @ np.linalg.pinv(flat)
    np.testing.assert_allclose(coefficients @ flat, deviations, atol=1e-9)
    np.testing.assert_allclose(coefficients.std(0, ddof=1), 1., atol=1e-9)


@hypothesis.given(seed=st.integers(0, 99), sizes=st.tuples(st.integers(0, 9), st.integers(0, 9), st.integers(0, 9)),
                  spread=st.sampled_from([1., 30.]), storage=st.sampled_from([tf.float32, *HALVES]))
@hypothesis.settings(max_examples=25)
def test_projection_undoes_instance_random(seed, sizes, spread, storage):
    model = random_model(seed, sizes, spread=spread).stored_as(storage)
    coefficients = model.sample(3, seed)
    for got, expected in zip(model.project(*model.instance(coefficients)), coefficients, strict=True):
        np.testing.assert_allclose(got, expected, atol=1e-4)


@pytest.mark.parametrize("name", ["small_embedded", "tiny_model", "basel_model", "ict_model"])
def test_projection_undoes_instance(name, request):
    model = request.getfixturevalue(name)
    coefficients = model.sample(4, 7)
    for got, expected in zip(model.project(*model.instance(coefficients)), coefficients, strict=True):
        np.testing.assert_allclose(got, expected, atol=2e-4)


@pytest.mark.parametrize("name", ["small_embedded", "tiny_model", "basel_model", "ict_model"])
def test_what_projection_leaves_is_orthogonal_to_the_modes(name, request):
    model = request.getfixturevalue(name)
    random = np.random.default_rng(0)
    shape = [2, *model.mean_vertices.shape]
    vertices = (model.mean_vertices + random.normal(0., 3., shape)).numpy()
    colors = (model.mean_colors + random.normal(0., .1, shape)).numpy()
    near, near_colors = model.instance(model.project(vertices, colors))
    assert np.abs(relative_cosines(vertices - near, stacked(model.shape_basis, model.expression_basis))).max() < 1e-5
    assert np.abs(relative_cosines(colors - near_colors, stacked(model.texture_basis))).max() < 1e-5
    # And nearly all of the noise is left.
    assert np.std(vertices - near) > 2.8


def test_dependent_modes_get_the_coefficients_of_least_norm():
    model = random_model(3)
    shape, texture = model.shape_basis.numpy(), model.texture_basis.numpy()
    shape[3], shape[4] = shape[0], shape[1] + 2. * shape[2]
    expression = np.concatenate([shape[5:] - shape[:1], np.zeros_like(shape[:1])])
    texture[1] = 0.
    dependent = MorphableModel("dependent", model.mean_vertices, model.mean_colors, shape, texture, expression, model.triangles,
                               model.landmarks)
    random = np.random.default_rng(0)
    vertices, colors = random.normal(size=(2, 2, 40, 3)).astype(np.float32)
    got = dependent.project(vertices, colors)
    residual = (vertices - model.mean_vertices.numpy()).reshape(2, -1).astype(np.float64)
    expected = np.linalg.lstsq(np.concatenate([shape, expression]).T.astype(np.float64), residual.T, rcond=1e-6)[0].T
    np.testing.assert_allclose(got.shape, expected[:, :6], rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(got.expression, expected[:, 6:], rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(got.shape[:, 0], got.shape[:, 3], rtol=1e-4)  # the same mode: an even share
    np.testing.assert_array_equal(got.expression[:, 1], 0.)
    np.testing.assert_allclose(got.texture[:, 1], 0., atol=1e-6)


def test_without_colors_the_texture_is_the_mean():
    model = random_model()
    vertices, colors = model.instance(model.sample(2, 1))
    got = model.project(vertices)
    np.testing.assert_array_equal(got.texture, np.zeros([2, 5]))
    np.testing.assert_array_equal(got.shape, model.project(vertices, colors).shape)


def test_projection_in_a_graph_of_an_unknown_batch():
    model = random_model()
    faces = tf.TensorSpec([None, None, None])
    # The matrix that is kept is computed within this graph, and must outlive it.
    graph = tf.function(model.project, input_signature=[faces, faces])
    for batch in (3, 1):
        coefficients = model.sample(batch, batch)
        for project in (graph, model.project):
            for got, expected in zip(project(*model.instance(coefficients)), coefficients, strict=True):
                np.testing.assert_allclose(got, expected, atol=1e-5)
    assert graph.experimental_get_tracing_count() == 1


def test_inner_products_of_the_modes_are_computed_once(monkeypatch):
    calls = []
    original = basis.inverse_gram
    monkeypatch.setattr(basis, "inverse_gram", lambda *bases: calls.append(len(bases)) or original(*bases))
    model = random_model()
    faces = model.instance(model.sample(2, 1))
    assert not calls
    for _ in range(3):
        model.project(*faces)
    assert calls == [2, 1]


def test_gradient_of_projection_after_instance_is_the_identity():
    model = random_model()
    coefficients = model.sample(1, 5)
    with tf.GradientTape() as tape:
        tape.watch(coefficients)
        projected = tf.concat(model.project(*model.instance(coefficients)), 1)
    jacobian = tf.concat(tape.jacobian(projected, list(coefficients)), 3)[0, :, 0]
    np.testing.assert_allclose(jacobian, np.eye(15), atol=1e-4)


@pytest.mark.parametrize("shape", [(1, 39, 3), (40, 3), (1, 40, 2)])
def test_faces_of_another_topology_are_refused(shape):
    model = random_model()
    with pytest.raises(ValueError, match=r"vertices must be \[batch, 40, 3\], faces in the topology of random; found \("):
        model.project(np.zeros(shape))
    with pytest.raises(ValueError, match=r"colors must be \[batch, 40, 3\]"):
        model.project(np.zeros([1, 40, 3]), np.zeros(shape))


# Halves: 9,000 columns are more than a block of them, and no multiple of it.
@pytest.fixture(scope="module")
def wide():
    return random_model(1, (7, 5, 4), 3000)


@pytest.mark.parametrize("dtype", HALVES, ids=lambda dtype: dtype.name)
def test_halves_take_half_the_memory_and_make_faces_of_the_rounded_modes(wide, dtype):
    stored = wide.stored_as(dtype)
    coefficients = wide.sample(3, 9)
    vertices, colors = stored.instance(coefficients)
    assert vertices.dtype == colors.dtype == tf.float32
    rounded = {}
    for label in ("shape", "texture", "expression"):
        basis = getattr(stored, f"{label}_basis")
        assert basis.dtype == dtype and basis.numpy().nbytes == getattr(wide, f"{label}_basis").numpy().nbytes // 2
        rounded[label] = tf.cast(getattr(wide, f"{label}_basis"), dtype).numpy().astype(np.float64)
    shape, texture, expression = (part.numpy() for part in coefficients)
    offsets = shape @ rounded["shape"] + expression @ rounded["expression"]
    np.testing.assert_allclose(vertices, wide.mean_vertices + offsets.reshape(3, -1, 3), atol=1e-4)
    np.testing.assert_allclose(colors, wide.mean_colors + (texture @ rounded["texture"]).reshape(3, -1, 3), atol=1e-5)


@pytest.mark.parametrize("compiled", [False, True])
@pytest.mark.parametrize("dtype", HALVES, ids=lambda dtype: dtype.name)
def test_gradients_through_halves_are_those_through_the_rounded_modes(wide, dtype, compiled):
    stored = wide.stored_as(dtype)
    full = stored.stored_as(tf.float32)
    weights = np.random.default_rng(0).normal(size=(2, 3000, 3)).astype(np.float32)

    def gradients(model, coefficients):
        with tf.GradientTape() as tape:
            tape.watch(coefficients)
            vertices, colors = model.instance(coefficients)
            loss = tf.reduce_sum(weights * vertices**2) + tf.reduce_sum(weights * colors)
        return tape.gradient(loss, coefficients)

    short = wide.sample(2, 3)._replace(shape=tf.ones([2, 4]))
    got = tf.function(gradients)(stored, short) if compiled else gradients(stored, short)
    for part, expected in zip(got, gradients(full, short), strict=True):
        np.testing.assert_allclose(part, expected, rtol=1e-4, atol=1e-4 * np.abs(expected).max())


def test_halves_know_themselves_as_the_same_model(wide):
    stored = wide.stored_as(tf.float16)
    assert stored.fingerprint == wide.fingerprint and stored.name == wide.name
    coefficients = wide.sample(1, 2)
    for got, expected in zip(stored.instance(coefficients), stored.stored_as(tf.float32).instance(coefficients), strict=True):
        np.testing.assert_allclose(got, expected, atol=1e-4)


@pytest.mark.parametrize("dtype", [tf.float64, "int8"])
def test_other_types_are_refused(wide, dtype):
    with pytest.raises(ValueError, match=r"found (float64|int8), expected float16, bfloat16 or float32 for the bases of random"):
        wide.stored_as(dtype)


@pytest.mark.parametrize("dtype, rms, largest", [(tf.float16, .002, .03), (tf.bfloat16, .015, .2)])
def test_halves_err_by_micrometers(ict_model, dtype, rms, largest):
    coefficients = ict_model.sample(100, 4)
    exact, rounded = (model.instance(coefficients)[0].numpy() for model in (ict_model, ict_model.stored_as(dtype)))
    error = np.linalg.norm(exact - rounded, axis=-1)
    assert rms / 10. < np.sqrt(np.mean(error**2)) < rms and error.max() < largest


def bytes_of(model):
    return sum(basis.numpy().nbytes for basis in (model.shape_basis, model.texture_basis, model.expression_basis))


def test_graphs_refer_to_the_one_copy_of_the_bases(wide):
    held = [id(tensor) for tensor in vars(wide).values() if tf.is_tensor(tensor)]
    coefficients = wide.sample(2, 1)
    for function in (wide.instance, lambda given: wide.instance(given.neutral())[0]):
        graph = tf.function(function).get_concrete_function(coefficients)
        captured = [tensor for tensor in graph.captured_inputs if tensor.shape.num_elements() > 100]
        assert captured and all(id(tensor) in held for tensor in captured)
        assert len(graph.graph.as_graph_def().SerializeToString()) < 20_000


@pytest.mark.parametrize("storage", [tf.float32, tf.float16], ids=lambda dtype: dtype.name)
def test_a_saved_model_of_two_functions_holds_the_bases_once(wide, storage, tmp_path):
    model = wide.stored_as(storage)
    unknown = [tf.TensorSpec([None, None])] * 3
    module = tf.Module()
    module.model = model
    module.instance = tf.function(lambda *parts: model.instance(Coefficients(*parts)), unknown)
    module.neutral = tf.function(lambda *parts: model.instance(Coefficients(*parts).neutral())[0], unknown)
    tf.saved_model.save(module, str(tmp_path))
    size = sum(path.stat().st_size for path in pathlib.Path(tmp_path).rglob("*") if path.is_file())
    assert bytes_of(model) < size < 1.5 * bytes_of(model)
    coefficients = model.sample(2, 1)
    loaded = tf.saved_model.load(str(tmp_path))
    for got, expected in zip(loaded.instance(*coefficients), model.instance(coefficients), strict=True):
        np.testing.assert_allclose(got, expected, atol=1e-5)


def test_a_keras_model_that_holds_it_saves_none_of_it(wide, tmp_path):
    class Faces(tf.keras.layers.Layer):
        def __init__(self):
            super().__init__()
            self.morphable, self.dense = wide, tf.keras.layers.Dense(7)

        def call(self, features):
            return self.morphable.instance(Coefficients(self.dense(features), tf.zeros([tf.shape(features)[0], 1])))[0]

    layer = Faces()
    network = tf.keras.Sequential([tf.keras.Input([5]), layer])
    assert network(tf.ones([2, 5])).shape == (2, 3000, 3)
    assert [tuple(variable.shape) for variable in network.variables] == [(5, 7), (7,)]
    tf.train.Checkpoint(model=network).write(str(tmp_path / "checkpoint"))
    network.save_weights(tmp_path / "all.weights.h5")
    assert sum(path.stat().st_size for path in tmp_path.iterdir()) < .1 * bytes_of(wide)
