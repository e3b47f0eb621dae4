"""The regression network: features of a face recognizer in, shape and texture coefficients out (paper, section 3.2)."""
import keras

from morph3d.morphable.coefficients import Coefficients

PHOTOS, RENDERINGS = 0, 1  # the domains that an encoder's features come from
AMONG_PHOTOS = 32
LEAST_DEVIATION = .1  # of expected coefficients: what pictures tell nothing about is not blown up further


@keras.saving.register_keras_serializable("morph3d")
class Standardize(keras.layers.Layer):
    """Subtracts a mean and divides by a standard deviation, of photos or of renderings, all kept as variables and never trained.

    An encoder sees photos and renderings differently: the means of its features lie half a deviation apart, and photos' deviate
    more. What is common to all of a domain says nothing about a face, so each is standardized by its own statistics.

    keras.layers.Normalization keeps what it computes with outside its variables: a decoder restored from a TensorFlow checkpoint
    would silently not standardize at all.
    """

    def build(self, shapes):
        (_, size), _ = shapes
        self.mean = self.add_weight(name="mean", shape=(2, size), initializer="zeros", trainable=False)
        self.deviation = self.add_weight(name="deviation", shape=(2, size), initializer="ones", trainable=False)

    def compute_output_shape(self, shapes):  # or Keras would trace the call to know
        return shapes[0]

    def call(self, inputs):
        features, domain = inputs
        return (features - keras.ops.take(self.mean, domain, 0)) / keras.ops.take(self.deviation, domain, 0)

    def adapt(self, domains):
        """Takes mean and deviation from features [N, D] of each domain; where these hardly differ, 1 stands for the deviation.

        What hardly differs between these faces may do so between others, and dividing by next to nothing would blow it up.
        "Hardly" is a thousandth of what the features deviate on the whole, or what may be the rounding of the feature's mean.
        """
        means, deviations = zip(*((keras.ops.mean(features, 0), keras.ops.std(features, 0)) for features in domains))
        mean, deviation = keras.ops.stack(means), keras.ops.stack(deviations)
        usual = keras.ops.sqrt(keras.ops.mean(keras.ops.square(deviation), 1, keepdims=True))
        least = keras.ops.maximum(1e-3 * usual, 1e-5 * keras.ops.absolute(mean))
        self.mean.assign(mean)
        self.deviation.assign(keras.ops.where(deviation > least, deviation, 1.))


@keras.saving.register_keras_serializable("morph3d")
class Spread(keras.layers.Layer):
    """Divides by a standard deviation, but nothing along some orthonormal directions; no gradient flows back.

    Both are variables and never trained: `deviation` [N], and `kept` [N, 3], which is zero where there are fewer directions.
    """

    def build(self, shape):
        self.deviation = self.add_weight(name="deviation", shape=shape[-1:], initializer="ones", trainable=False)
        self.kept = self.add_weight(name="kept", shape=(shape[-1], 3), initializer="zeros", trainable=False)

    def compute_output_shape(self, shape):
        return shape

    def call(self, expected):
        expected = keras.ops.stop_gradient(expected)
        spread = expected / self.deviation
        return spread + (expected - spread) @ self.kept @ keras.ops.transpose(self.kept)


def build(feature_size, shape_size, texture_size, hidden=(1024, 1024), weight_decay=1e-5):
    """A Keras functional model of features [B, feature_size] and their domains [B] (PHOTOS or RENDERINGS), which gives
    {"shape": [B, shape_size], "texture": [B, texture_size], "expected_shape", "expected_texture": of the same shapes}.

    Two fully connected layers with ReLU and a linear one, weights drawn toward zero, as in the paper. In front stands a
    standardization of the features, adapted once before training (`standardize`), because the encoders' average-pooled
    features differ in scale by a factor of ten among themselves.

    These layers are there twice. The first give the expected face, which the parameter loss trains: coefficients are small where
    pictures tell little. The second add to that, spread to the deviations that people have (`spread`), what the other losses ask
    for, and begin with zero; they have half as many units. On shared layers these others would take from the expected face what it
    knows.

    The first and the last layer compute in float32 whatever Keras' policy: halves end at 65504, and have three digits.

    Args:
      feature_size: of the encoder.
      shape_size, texture_size: of the morphable model.
      hidden: units of the hidden layers of the expected face.
      weight_decay: the factor of the squared weights in the loss.
    """
    def dense(units, **options):
        return keras.layers.Dense(units, kernel_regularizer=keras.regularizers.L2(weight_decay), **options)

    inputs = keras.Input([feature_size], name="features"), keras.Input([], dtype="int32", name="domain")
    standard = Standardize(name="standardize", dtype="float32")(inputs)

    def layers(prefix, last, share):
        x = standard
        for i, units in enumerate(hidden):
            x = dense(units // share, activation="relu", name=f"{prefix}_hidden_{i}")(x)
        sizes = {"shape": shape_size, "texture": texture_size}
        return {name: dense(size, name=f"{prefix}_{name}", dtype="float32", kernel_initializer=last)(x)
                for name, size in sizes.items()}

    expected, added = layers("expected", "glorot_uniform", 1), layers("added", "zeros", 2)
    outputs = {f"expected_{name}": value for name, value in expected.items()}
    for name, value in expected.items():
        spread = Spread(name=f"spread_{name}", dtype="float32")(value)
        outputs[name] = keras.layers.Add(name=name, dtype="float32")([spread, added[name]])
    return keras.Model(inputs, outputs, name="decoder")


def standardize(decoder, photos, renderings):
    """Adapts the first layer to features [N, feature_size] of photos and [M, feature_size] of renderings.

    Of each domain they have mean 0 and variance 1 afterward. The first AMONG_PHOTOS renderings count as photos too, so that what a
    few photos happen to agree in is not blown up; of hundreds that changes little.
    """
    decoder.get_layer("standardize").adapt([keras.ops.concatenate([photos, renderings[:AMONG_PHOTOS]]), renderings])


def spread(decoder, photos):
    """Spreads the expected coefficients of photos, features [N, feature_size], to variance 1 (at most tenfold)."""
    for name, expected in zip(("shape", "texture"), decode(decoder, photos, expected=True)):
        deviation = keras.ops.maximum(keras.ops.std(expected, 0), LEAST_DEVIATION)
        decoder.get_layer(f"spread_{name}").deviation.assign(deviation)


def decode(decoder, features, domain=PHOTOS, expected=False):
    """Coefficients of the neutral face (without expression) of features [B, feature_size].

    Args:
      decoder: see `build`.
      features: of one domain.
      domain: PHOTOS or RENDERINGS.
      expected: whether that of the expected face are asked for, which is nearest in the mean; the others differ as people do.
    """
    return readings(decoder, features, domain)[expected]


def readings(decoder, features, domain=PHOTOS):
    """Both that `decode` chooses from, of one pass through the decoder: as people differ, and of the expected face."""
    features = keras.ops.convert_to_tensor(features)
    outputs = decoder((features, keras.ops.full([keras.ops.shape(features)[0]], domain, "int32")))
    return tuple(Coefficients(outputs[f"{prefix}shape"], outputs[f"{prefix}texture"], None) for prefix in ("", "expected_"))
