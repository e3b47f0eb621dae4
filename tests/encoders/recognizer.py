"""Somebody's own face recognizer, made ready to be saved as morph3d/encoders/saved_model.py says."""
import keras
import numpy as np
import tensorflow as tf

TEMPLATE = np.float32([[10., 11.], [22., 11.], [16., 16.], [12., 22.], [20., 22.]])


def network(seed=0):
    """[B, 32, 32, 3] in 0..255 -> ([B, 6], [B, 4])."""
    keras.utils.set_random_seed(seed)
    images = keras.Input([32, 32, 3])
    x = keras.layers.Rescaling(1. / 255.)(images)
    x = keras.layers.BatchNormalization()(keras.layers.Conv2D(6, 5, 4, activation="relu")(x))
    features = keras.layers.GlobalAveragePooling2D()(x)
    return keras.Model(images, [features, keras.layers.Dense(4)(features)])


class Recognizer(tf.Module):
    def __init__(self, template=TEMPLATE, training=False):
        super().__init__()
        self.network, self.training = network(), training
        self.template = tf.Variable(template, trainable=False)

    @tf.function(input_signature=[tf.TensorSpec([None, 32, 32, 3], tf.float32, "images")])
    def encode(self, images):
        features, identity = self.network(255. * images, training=self.training)
        return {"features": features, "identity": identity}
