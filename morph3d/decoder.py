"""The regression network: features of a face recognizer in, shape and texture coefficients out (paper, section 3.2)."""
import keras

from morph3d.morphable.coefficients import Coefficients


@keras.saving.register_keras_serializable("morph3d")
class Standardize(keras.layers.Layer):
    """Subtracts a mean and divides by a standard deviation, both kept as variables and never trained.

    keras.layers.Normalization keeps what it computes with outside its variables: a decoder restored from a TensorFlow checkpoint
    would silently not standardize at all.
    """

    def build(self, shape):
        self.mean = self.add_weight(name="mean", shape=shape[-1:], initializer="zeros", trainable=False)
        self.deviation = self.add_weight(name="deviation", shape=shape[-1:], initializer="ones", trainable=False)

    def call(self, features):
        return (features - self.mean) / self.deviation

    def adapt(self, features):
        """Takes mean and deviation from features [N, F]; where these hardly differ, 1 stands for the deviation.

        What hardly differs between synthetic faces may do so between photos, and dividing by next to nothing would blow it up.
        "Hardly" is a thousandth of what the features deviate on the whole, or what may be the rounding of the feature's mean.
        """
        mean, deviation = keras.ops.mean(features, 0), keras.ops.std(features, 0)
        usual = keras.ops.sqrt(keras.ops.mean(keras.ops.square(deviation)))
        least = keras.ops.maximum(1e-3 * usual, 1e-5 * keras.ops.absolute(mean))
        self.mean.assign(mean)
        self.deviation.assign(keras.ops.where(deviation > least, deviation, 1.))


def build(feature_size, shape_size, texture_size, hidden=(1024, 1024), weight_decay=1e-5):
    """A Keras functional model [B, feature_size] -> {"shape": [B, shape_size], "texture": [B, texture_size]}.

    Two fully connected layers with ReLU and a linear one, weights drawn toward zero, as in the paper. In front stands a
    standardization of the features, adapted once before training (`standardize`), because the encoders' average-pooled
    features differ in scale by a factor of ten among themselves.

    The first and the last layer compute in float32 whatever Keras' policy: halves end at 65504, and have three digits.

    Args:
      feature_size: of the encoder.
      shape_size, texture_size: of the morphable model.
      hidden: units of the hidden layers.
      weight_decay: the factor of the squared weights in the loss.
    """
    def dense(units, **options):
        return keras.layers.Dense(units, kernel_regularizer=keras.regularizers.L2(weight_decay), **options)

    features = keras.Input([feature_size], name="features")
    x = Standardize(name="standardize", dtype="float32")(features)
    for i, units in enumerate(hidden):
        x = dense(units, activation="relu", name=f"hidden_{i}")(x)
    sizes = {"shape": shape_size, "texture": texture_size}
    outputs = {name: dense(size, name=name, dtype="float32")(x) for name, size in sizes.items()}
    return keras.Model(features, outputs, name="decoder")


def standardize(decoder, features):
    """Adapts the first layer to `features` [N, feature_size]: mean 0 and variance 1 over the N afterward."""
    decoder.get_layer("standardize").adapt(features)


def decode(decoder, features):
    """`features` [B, feature_size] -> Coefficients of a neutral face (no expression)."""
    outputs = decoder(features)
    return Coefficients(outputs["shape"], outputs["texture"], None)
