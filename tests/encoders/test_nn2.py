"""NN2 against table 2 of the FaceNet paper."""
import keras
import numpy as np
import pytest
import tensorflow as tf

from morph3d.encoders import nn2, registry

# Table 2 of the FaceNet paper: output size, parameters, multiplications and additions.
TABLE = {
    "conv1": ((112, 112, 64), 9e3, 119e6),
    "2": ((56, 56, 192), 115e3, 360e6),
    "3a": ((28, 28, 256), 164e3, 128e6),
    "3b": ((28, 28, 320), 228e3, 179e6),
    "3c": ((14, 14, 640), 398e3, 108e6),
    "4a": ((14, 14, 640), 545e3, 107e6),
    "4b": ((14, 14, 640), 595e3, 117e6),
    "4c": ((14, 14, 640), 654e3, 128e6),
    "4d": ((14, 14, 640), 722e3, 142e6),
    "4e": ((7, 7, 1024), 717e3, 56e6),
    "5a": ((7, 7, 1024), 1.6e6, 78e6),
    "5b": ((7, 7, 1024), 1.6e6, 78e6),
}


@pytest.fixture(scope="module")
def model():
    """Untrained, but with statistics of normalization that are not the ones every layer begins with."""
    keras.utils.set_random_seed(0)
    model = nn2.build()
    rng = np.random.default_rng(0)
    for variable in model.non_trainable_variables:
        if variable.name == "moving_mean":
            variable.assign(rng.normal(0., .02, variable.shape))
        if variable.name == "moving_variance":  # with one, every layer would shrink what the one before it gives
            variable.assign(rng.uniform(.1, .4, variable.shape))
    return model


@pytest.fixture(scope="module")
def weights(model, tmp_path_factory):
    path = tmp_path_factory.mktemp("nn2") / "nn2.weights.h5"
    model.save_weights(path)
    return path


@pytest.fixture(scope="module")
def encoder(weights):
    return registry.load("nn2", weights)


def random_images(count=2):
    return np.random.default_rng(0).uniform(size=[count, 224, 224, 3]).astype(np.float32)


def row_of(layer):
    return layer.name.split("_")[0]


@pytest.mark.parametrize("row", TABLE)
def test_each_row_has_the_size_parameters_and_operations_of_table_2(model, row):
    size, parameters, operations = TABLE[row]
    assert model.get_layer(row).output.shape == (None, *size)
    count = work = 0
    for layer in model.layers:
        if row_of(layer) == row:
            own = sum(int(np.prod(variable.shape)) for variable in layer.trainable_variables)
            count += own
            work += own * int(np.prod(layer.output.shape[1:3]))
    # Half a unit of the last digit that the table gives, and a little: it does not always round.
    np.testing.assert_allclose(count, parameters, atol=.05e6 if parameters > 1e6 else 600.)
    np.testing.assert_allclose(work, operations, atol=.7e6)


def test_the_whole_has_the_parameters_and_sizes_of_table_2(model):
    assert sum(int(np.prod(variable.shape)) for variable in model.trainable_variables) == 7_456_304  # 7.5 M in the table
    assert [output.shape for output in model.outputs] == [(None, 1024), (None, 128)]


@pytest.mark.parametrize("row, kind", [("3a", "max"), ("3b", "L2"), ("3c", "max"), ("4a", "L2"), ("4b", "L2"), ("4c", "L2"),
                                       ("4d", "L2"), ("4e", "max"), ("5a", "L2"), ("5b", "max")])
def test_each_block_pools_as_in_table_2(model, row, kind):
    assert isinstance(model.get_layer(f"{row}_pool"), nn2.L2Pooling if kind == "L2" else keras.layers.MaxPooling2D)


def test_l2_pooling_is_the_root_mean_square_of_its_window():
    picture = np.random.default_rng(0).normal(size=[1, 5, 5, 1]).astype(np.float32)
    pooled = nn2.L2Pooling(1, "pool")(picture).numpy()[0, :, :, 0]
    square = picture[0, :, :, 0]**2
    np.testing.assert_allclose(pooled[2, 3], np.sqrt(square[1:4, 2:5].mean()), rtol=1e-5)
    np.testing.assert_allclose(pooled[0, 0], np.sqrt(square[:2, :2].mean()), rtol=1e-5)


def test_l2_pooling_has_a_finite_gradient_where_everything_is_zero():
    zeros = tf.zeros([1, 4, 4, 2])
    with tf.GradientTape() as tape:
        tape.watch(zeros)
        total = tf.reduce_sum(nn2.L2Pooling(1, "pool")(zeros))
    np.testing.assert_array_equal(tape.gradient(total, zeros), 0.)


def test_the_encoder_is_the_network_out_of_training(encoder, model):
    images = random_images()
    features, identity = encoder(images)
    expected = model(images, training=False)
    np.testing.assert_allclose(features, expected[0], rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(identity, expected[1], atol=1e-5)


def test_pictures_are_centered_on_zero_before_the_first_convolution(model):
    first = keras.Model(model.input, model.get_layer("rescaling").output)
    np.testing.assert_allclose(first(np.float32([0., .5, 1.]) * np.ones([1, 224, 224, 1]))[0, 0, 0], [-1., 0., 1.])


@pytest.mark.filterwarnings("error::UserWarning")  # Keras would add one line for each layer
def test_the_weights_of_another_network(tmp_path):
    other = keras.Sequential([keras.Input([8]), keras.layers.Dense(3)])
    other.save_weights(tmp_path / "other.weights.h5")
    with pytest.raises(ValueError, match="^[^\n]*other.weights.h5: not the Keras weights of NN2, [^\n]*$"):
        registry.load("nn2", tmp_path / "other.weights.h5")


def test_the_weights_of_a_part_of_the_network(model, tmp_path):
    keras.Model(model.inputs, model.get_layer("features").output).save_weights(tmp_path / "part.weights.h5")
    with pytest.raises(ValueError, match="part.weights.h5: not the Keras weights of NN2"):
        registry.load("nn2", tmp_path / "part.weights.h5")
