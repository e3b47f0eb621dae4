"""Weights files as keras-facenet's downloads are, and a small network to fill them."""
import h5py
import keras


def write(path, model):
    """As Keras 2 wrote weights: HDF5, a group a layer, the order in attributes."""
    with h5py.File(path, "w") as file:
        file.attrs["layer_names"] = [layer.name.encode() for layer in model.layers]
        file.attrs["backend"], file.attrs["keras_version"] = b"tensorflow", b"2.2.4"
        for layer in model.layers:
            group = file.create_group(layer.name)
            names = [f"{layer.name}/{weight.name}:0".encode() for weight in layer.weights]
            group.attrs["weight_names"] = names
            for name, weight in zip(names, layer.weights):
                group[name.decode()] = weight.numpy()


def small_network(input_shape, classes):
    """Layers with the names and sizes of the large network's last ones, on nearly nothing."""
    images = keras.Input(input_shape)
    pooled = keras.layers.GlobalAveragePooling2D(name="AvgPool")(keras.layers.Conv2D(1792, 16, 16, activation="relu")(images))
    x = keras.layers.Dense(classes, use_bias=False, name="Bottleneck")(keras.layers.Dropout(.2)(pooled))
    x = keras.layers.BatchNormalization(scale=False, name="Bottleneck_BatchNorm")(x)
    return keras.Model(images, keras.layers.UnitNormalization(axis=1)(x))
