"""Encoders that several tests share: dlib's is the real one, the others have random weights."""
import pytest

from tests.encoders import facenet_files, vgg_files


@pytest.fixture(scope="session")
def dlib_encoder():
    from morph3d.encoders import registry
    return registry.load("dlib")


@pytest.fixture(scope="session")
def facenet_network():
    """keras-facenet's own network: the oracle of the encoder."""
    import keras
    from keras_facenet import inception_resnet_v1
    keras.utils.set_random_seed(0)
    network = inception_resnet_v1.InceptionResNetV1((160, 160, 3), 512)
    network.get_layer("Bottleneck_BatchNorm").moving_mean.assign(keras.random.normal([512], 0., .1, seed=1))
    return network


@pytest.fixture(scope="session")
def facenet_weights(facenet_network, tmp_path_factory):
    path = tmp_path_factory.mktemp("facenet") / "random-weights.h5"
    facenet_files.write(path, facenet_network)
    return path


@pytest.fixture(scope="session")
def facenet_encoder(facenet_weights):
    from morph3d.encoders import registry
    return registry.load("facenet", facenet_weights)


@pytest.fixture(scope="session")
def nn2_encoder():
    from morph3d.encoders import nn2
    from morph3d.encoders.base import Encoder
    return Encoder("nn2", nn2.IMAGE_SIZE, nn2.TEMPLATE, nn2.NN2(nn2.build()))


@pytest.fixture(scope="session")
def vgg_face_encoder(tmp_path_factory):
    """With few filters in each layer instead of hundreds."""
    from morph3d.encoders import registry
    path = tmp_path_factory.mktemp("vgg_face") / "vgg_face.mat"
    return registry.load("vgg_face", vgg_files.write(path, vgg_files.random_weights(), "new"))


@pytest.fixture(scope="session")
def recognizer_folder(tmp_path_factory):
    """A SavedModel as saved_model.py asks for, of a small Keras network with variables of every kind."""
    import tensorflow as tf

    from tests.encoders.recognizer import Recognizer
    folder = tmp_path_factory.mktemp("recognizer")
    recognizer = Recognizer()
    tf.saved_model.save(recognizer, folder, {"serving_default": recognizer.encode})
    return folder


@pytest.fixture(scope="session")
def recognizer_encoder(recognizer_folder):
    from morph3d.encoders import registry
    return registry.load(f"saved_model:{recognizer_folder}")
