"""A morphable model is linear, refuses what does not fit, and knows itself again."""
import doctest

import numpy as np
import pytest
import tensorflow as tf

from morph3d import morphable
from morph3d.mesh.uv_atlas import Atlas
from morph3d.morphable import blendshapes
from morph3d.morphable import model as module
from morph3d.morphable.coefficients import Coefficients, sample
from morph3d.morphable.model import MorphableModel

VERTICES, SIZES = 40, (6, 5, 4)


@pytest.fixture
def arrays():
    random = np.random.default_rng(1)
    shape, texture, expression = (random.normal(size=(size, VERTICES, 3)) for size in SIZES)
    return {"name": "a model", "mean_vertices": random.normal(size=(VERTICES, 3)), "shape_modes": shape,
            "mean_colors": random.uniform(size=(VERTICES, 3)), "texture_modes": texture, "expression_modes": expression,
            "triangles": random.integers(0, VERTICES, (70, 3)), "landmarks": random.integers(0, VERTICES, 68)}


@pytest.fixture
def model(arrays):
    return MorphableModel.from_arrays(**arrays)


def test_instance_is_mean_plus_weighted_modes(arrays, model):
    coefficients = sample(model, 3, [0, 7])
    vertices, colors = model.instance(coefficients)
    for face in range(3):
        expected = arrays["mean_vertices"].copy()
        for weight, mode in zip(coefficients.shape[face].numpy(), arrays["shape_modes"], strict=True):
            expected += weight * mode
        for weight, mode in zip(coefficients.expression[face].numpy(), arrays["expression_modes"], strict=True):
            expected += weight * mode
        expected_colors = arrays["mean_colors"].copy()
        for weight, mode in zip(coefficients.texture[face].numpy(), arrays["texture_modes"], strict=True):
            expected_colors += weight * mode
        np.testing.assert_allclose(vertices[face], expected, atol=1e-5)
        np.testing.assert_allclose(colors[face], expected_colors, atol=1e-5)


def test_the_mean_is_a_mesh_of_the_face_of_zeros(model):
    mean = model.mean
    vertices, colors = model.instance(Coefficients(*(tf.zeros([1, size]) for size in SIZES)))
    np.testing.assert_allclose(mean.vertices, vertices[0], atol=1e-6)
    np.testing.assert_allclose(mean.colors, colors[0], atol=1e-6)
    np.testing.assert_array_equal(mean.triangles, model.triangles)
    assert repr(mean) == "Mesh(40 vertices, 70 triangles, colors)"


def test_it_says_what_it_is(model):
    assert repr(model) == "MorphableModel('a model', 40 vertices, 6 shape, 5 texture, 4 expression coefficients)"


def test_the_example_in_the_docstring_runs():
    found = doctest.testmod(module)
    assert found.attempted and not found.failed


def test_short_coefficients_mean_that_the_rest_is_zero(model):
    full = sample(model, 2, [3, 4])
    short = Coefficients(full.shape[:, :2], full.texture[:, :0], full.expression[:, :3])
    padded = Coefficients(*(tf.pad(part, [[0, 0], [0, size - part.shape[1]]])
                            for part, size in zip(short, SIZES, strict=True)))
    for got, expected in zip(model.instance(short), model.instance(padded), strict=True):
        np.testing.assert_allclose(got, expected, atol=1e-6)


def test_no_expression_is_the_neutral_face(model):
    shape, texture, _ = sample(model, 2, [3, 4])
    got = model.instance(Coefficients(shape, texture))
    expected = model.instance(Coefficients(shape, texture, tf.zeros([2, SIZES[2]])))
    np.testing.assert_allclose(got[0], expected[0], atol=1e-6)
    np.testing.assert_array_equal(got[1], expected[1])


@pytest.mark.parametrize("label", Coefficients._fields)
def test_too_many_coefficients_are_refused_with_both_sizes(model, label):
    size = SIZES[Coefficients._fields.index(label)]
    coefficients = sample(model, 2, [0, 0])._replace(**{label: tf.zeros([2, size + 3])})
    with pytest.raises(ValueError, match=rf"{label} coefficients must be .* at most {size}.*found \(2, {size + 3}\)"):
        model.instance(coefficients)


def test_coefficients_without_a_batch_are_refused(model):
    with pytest.raises(ValueError, match=r"shape coefficients must be \[batch, n\].*found \(6,\)"):
        model.instance(Coefficients(tf.zeros([6]), tf.zeros([1, 5])))


def test_instance_in_a_graph_of_unknown_sizes(model):
    unknown = tf.TensorSpec([None, None])
    graph = tf.function(lambda *parts: model.instance(Coefficients(*parts)), input_signature=[unknown] * 3)
    coefficients = sample(model, 3, [5, 6])
    short = Coefficients(coefficients.shape[:2, :4], coefficients.texture[:2], coefficients.expression[:2, :1])
    for some in (coefficients, short):
        for got, expected in zip(graph(*some), model.instance(some), strict=True):
            np.testing.assert_allclose(got, expected, atol=1e-6)
    assert graph.experimental_get_tracing_count() == 1


def test_gradient_reaches_the_coefficients(arrays, model):
    coefficients = Coefficients(*(tf.zeros([1, size]) for size in SIZES))
    with tf.GradientTape() as tape:
        tape.watch(coefficients)
        vertices, colors = model.instance(coefficients)
        point = vertices[0, 11, 2] + colors[0, 12, 1]
    gradient = tape.gradient(point, coefficients)
    np.testing.assert_allclose(gradient.shape[0], arrays["shape_modes"][:, 11, 2], rtol=1e-6)
    np.testing.assert_allclose(gradient.expression[0], arrays["expression_modes"][:, 11, 2], rtol=1e-6)
    np.testing.assert_allclose(gradient.texture[0], arrays["texture_modes"][:, 12, 1], rtol=1e-6)


def test_a_model_without_expressions(arrays):
    model = MorphableModel.from_arrays(**{**arrays, "expression_modes": None})
    assert model.sizes == (6, 5, 0)
    coefficients = sample(model, 2, [0, 1])
    assert coefficients.expression.shape == (2, 0)
    assert model.instance(coefficients)[0].shape == (2, VERTICES, 3)


def test_a_saved_model_gives_the_same_faces(model, tmp_path):
    module = tf.Module()
    module.instance = tf.function(lambda shape: model.instance(Coefficients(shape, tf.zeros([1, 0])))[0],
                                  input_signature=[tf.TensorSpec([None, None])])
    tf.saved_model.save(module, str(tmp_path))
    shape = sample(model, 2, [2, 2]).shape
    np.testing.assert_array_equal(tf.saved_model.load(str(tmp_path)).instance(shape), module.instance(shape))


def test_a_checkpoint_does_not_carry_the_bases(model, tmp_path):
    module = tf.Module()
    module.morphable, module.weight = model, tf.Variable(1.)
    path = tf.train.Checkpoint(module=module).write(str(tmp_path / "checkpoint"))
    assert [name for name, _ in tf.train.list_variables(path) if "weight" not in name] == ["_CHECKPOINTABLE_OBJECT_GRAPH"]


def test_a_neutral_face_keeps_the_person(model):
    coefficients = sample(model, 2, 1)
    neutral = coefficients.neutral()
    assert neutral.shape is coefficients.shape and neutral.texture is coefficients.texture and neutral.expression is None


def test_landmarks_go_by_name(arrays, model):
    assert model.landmark("center.nose.tip") == arrays["landmarks"][30]
    assert model.landmark("right.jaw.8") == arrays["landmarks"][0]
    with pytest.raises(ValueError, match='no landmark "center.nose.tipp"; similar are center.nose.tip, '):
        model.landmark("center.nose.tipp")


@pytest.fixture
def extras(arrays):
    """A blendshape and an atlas for the arrays: each corner of a triangle has a uv of its own."""
    random = np.random.default_rng(2)
    return {"blendshapes": {"jawOpen": random.normal(size=(VERTICES, 3))},
            "uvs": Atlas(random.uniform(size=(210, 2)), np.arange(210).reshape(70, 3))}


def test_known_parts_stand_for_those_that_are_found(arrays):
    mask = np.arange(VERTICES) % 3 == 0
    arrays = {**arrays, "name": "faces"}
    full = MorphableModel.from_arrays(**arrays, known_parts={"mouth": mask})
    for one in (full, full.stored_as("float16")):
        np.testing.assert_array_equal(one.known_parts["mouth"], mask)
    with pytest.raises(ValueError, match=r"faces: known part mouth must have shape \[40\], found \[39\]"):
        MorphableModel.from_arrays(**arrays, known_parts={"mouth": mask[1:]})
    with pytest.raises(ValueError, match="faces: known part mouth must be truth values, found float64"):
        MorphableModel.from_arrays(**arrays, known_parts={"mouth": 1. * mask})


def test_a_model_without_blendshapes_and_uvs(model):
    assert dict(model.blendshapes) == {} and model.uvs is None and model.mean.uvs is None


def test_blendshapes_and_uvs_are_kept_and_read_only(arrays, model, extras):
    full = MorphableModel.from_arrays(**arrays, **extras)
    assert repr(full.mean) == "Mesh(40 vertices, 70 triangles, colors, uvs)" and full.fingerprint == model.fingerprint
    for one in full, full.stored_as("float16"):
        assert list(one.blendshapes) == ["jawOpen"] and one.blendshapes["jawOpen"].dtype == np.float32
        np.testing.assert_allclose(one.blendshapes["jawOpen"], extras["blendshapes"]["jawOpen"], rtol=1e-6)
        np.testing.assert_allclose(one.mean.uvs.uvs, extras["uvs"].uvs, rtol=1e-6)
        np.testing.assert_array_equal(one.uvs.corners, extras["uvs"].corners)
    with pytest.raises(ValueError, match="read-only"):
        full.blendshapes["jawOpen"][:] = 0.
    with pytest.raises(TypeError, match="item assignment"):
        full.blendshapes["jawOpen"] = np.zeros([VERTICES, 3])


@pytest.mark.parametrize("label, damage, message", [
    ("blendshapes", lambda a: {"jawOpen": a["jawOpen"][1:]}, r"blendshape jawOpen must have shape \[40, 3\], found \[39, 3\]"),
    ("blendshapes", lambda a: {"jawOpen": a["jawOpen"] * np.nan}, "blendshape jawOpen has 120 values that are not finite"),
    ("uvs", lambda a: Atlas(a.uvs, a.corners[1:]), r"corners must have shape \[70, 3\], found \[69, 3\]"),
    ("uvs", lambda a: Atlas(a.uvs, np.zeros([70, 3], int)), "the atlas is that of other triangles")])
def test_broken_blendshapes_and_uvs_are_refused(arrays, extras, label, damage, message):
    with pytest.raises(ValueError, match="^a model: " + message):
        MorphableModel.from_arrays(**arrays, **{label: damage(extras[label])})


def test_arkit_has_52_names_as_apple_lists_them():
    assert len(blendshapes.ARKIT) == len(set(blendshapes.ARKIT)) == 52
    # Every name of one side has its partner: 18 are halves of a face, and jaw and mouth go both ways.
    swapped = {name.replace("Left", "Right") for name in blendshapes.ARKIT if "Left" in name}
    assert swapped == {name for name in blendshapes.ARKIT if "Right" in name} and len(swapped) == 20


BROKEN = {
    "flat": ("mean_vertices", lambda a: a.ravel(), r"mean_vertices must have shape \[V, 3\], found \[120\]"),
    "few vertices": ("shape_modes", lambda a: a[:, :-1], r"shape_modes must have .* \[S, 40, 3\], found \[6, 39, 3\]"),
    "flat modes": ("texture_modes", lambda a: a.reshape(5, -1),
                   r"texture_modes must have .* \[T, 40, 3\], found \[5, 120\]"),
    "gray": ("mean_colors", lambda a: a[:, :1], r"mean_colors must have shape \[40, 3\], found \[40, 1\]"),
    "8-bit": ("mean_colors", lambda a: 255 * a, r"mean_colors must be sRGB in 0..1, found up to 2\d\d.*divide"),
    "not a number": ("expression_modes", lambda a: np.where(a == a.max(), np.nan, a),
                     "expression_modes has 1 values that"),
    "counted from 1": ("triangles", lambda a: a - a.max() + VERTICES,
                       r"triangles must be indices in 0..39, found .*40"),
    "negative": ("landmarks", lambda a: a - VERTICES, r"landmarks must be indices in 0..39, found -\d+"),
    "real indices": ("triangles", lambda a: a.astype(float), "triangles must be integers, found float64"),
    "51 points": ("landmarks", lambda a: a[17:], r"landmarks must have shape \[68\], found \[51\]"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_broken_arrays_are_refused(arrays, case):
    label, damage, message = BROKEN[case]
    with pytest.raises(ValueError, match="^a model: " + message):
        MorphableModel.from_arrays(**{**arrays, label: damage(arrays[label])})


def test_the_fingerprint_is_that_of_the_arrays_and_not_of_the_name(arrays, model):
    assert MorphableModel.from_arrays(**{**arrays, "name": "model2017-1 copy"}).fingerprint == model.fingerprint
    assert len(model.fingerprint) == 16


@pytest.mark.parametrize("label", ["mean_vertices", "shape_modes", "mean_colors", "texture_modes", "expression_modes",
                                   "triangles", "landmarks"])
def test_the_fingerprint_sees_one_changed_number(arrays, model, label):
    changed = arrays[label].copy()
    changed.flat[-1] = (changed.flat[-1] + 1) % VERTICES if changed.dtype == np.int64 else changed.flat[-1] + .01
    assert MorphableModel.from_arrays(**{**arrays, label: changed}).fingerprint != model.fingerprint


def test_samples_are_standard_normal_and_repeatable():
    first, again, other = (np.array(sample((40, 40, 40), 1000, [1, step])) for step in (0, 0, 1))
    assert first.dtype == np.float32
    np.testing.assert_array_equal(first, again)
    np.testing.assert_allclose(first.mean((1, 2)), 0., atol=.03)
    np.testing.assert_allclose(first.std((1, 2)), 1., atol=.03)
    # Neither the parts nor the steps know of each other.
    np.testing.assert_allclose(np.corrcoef([*first.reshape(3, -1), *other.reshape(3, -1)]), np.eye(6), atol=.03)


def test_one_number_as_a_seed_is_short_for_two(model):
    for one, two in zip(model.sample(2, 7), sample(model, 2, [0, 7]), strict=True):
        np.testing.assert_array_equal(one, two)
    np.testing.assert_array_equal(model.sample(2, tf.constant(7)).shape, model.sample(2, (0, 7)).shape)


def test_samples_have_the_sizes_asked_for():
    assert [part.shape for part in sample((5, 0, 2), 3, [0, 0])] == [(3, 5), (3, 0), (3, 2)]
    with pytest.raises(ValueError, match="zip"):
        sample((5, 4), 3, [0, 0])


@pytest.mark.parametrize("make, found", [(lambda path: None, "no such file or folder"),
                                         (lambda path: path.write_bytes(b"\xfd7zXZ\0"), "a file that is not HDF5")])
def test_loading_nothing_known_names_what_was_looked_for(tmp_path, make, found):
    path = tmp_path / "model.tar.xz"
    make(path)
    with pytest.raises(ValueError, match=f'model.tar.xz: found {found}.*"embedded".* a Basel Face Model .*FaceXModel'):
        morphable.load(path)
