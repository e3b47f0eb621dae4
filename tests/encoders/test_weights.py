"""Weights files of every encoder that are missing, cut off or something else: one line names the file and what was expected."""
import re
import shutil
from typing import NamedTuple

import pytest
from keras_facenet import inception_resnet_v1

from morph3d.encoders import dlib_resnet, nn2, registry
from tests.encoders import facenet_files, vgg_files


class Kind(NamedTuple):
    """How an encoder's file is called, and what is said of one that is none."""
    ending: str
    expected: str
    something_else: str
    cut_off: str = ""  # the same


KINDS = {
    "dlib": Kind(".dat", "expected dlib_face_recognition_resnet_model_v1.dat, which pip install",
                 "not dlib_face_recognition_resnet_model_v1.dat: found 0 convolutions and 0 affine layers, expected 29",
                 "the file is cut off"),
    "facenet": Kind(".h5", "expected Keras weights of FaceNet 20180402", "not the Keras weights of FaceNet 20180402-114759: "),
    "nn2": Kind(".weights.h5", "expected weights of NN2", "not the Keras weights of NN2, which morph3d-train-encoder writes"),
    "vgg_face": Kind(".mat", "expected vgg_face.mat, from https://", "not a network in MatConvNet's layout ("),
}


@pytest.fixture(autouse=True)
def small_networks(monkeypatch):
    """In place of those that take seconds to build."""
    monkeypatch.setattr(inception_resnet_v1, "InceptionResNetV1", facenet_files.small_network)
    monkeypatch.setattr(nn2, "BLOCKS", ())


def write(name, path):
    """The right weights, for these networks."""
    if name == "dlib":
        shutil.copyfile(dlib_resnet.packaged_weights(), path)
    elif name == "facenet":
        facenet_files.write(path, facenet_files.small_network((160, 160, 3), 512))
    elif name == "nn2":
        nn2.build().save_weights(path)
    else:
        vgg_files.write(path, vgg_files.random_weights(), "new")


@pytest.mark.parametrize("name", KINDS)
def test_the_right_weights_are_taken(name, tmp_path):
    path = tmp_path / f"right{KINDS[name].ending}"
    write(name, path)
    assert registry.load(name, path).variables


@pytest.mark.parametrize("name", KINDS)
def test_a_missing_file(name, tmp_path):
    path = tmp_path / f"none{KINDS[name].ending}"
    with pytest.raises(ValueError, match=f"^{re.escape(f'{path}: no such file; {KINDS[name].expected}')}[^\n]*$"):
        registry.load(name, path)


@pytest.mark.parametrize("name", KINDS)
@pytest.mark.parametrize("content", [b"", b"these are no weights", b"<html>" * 1000, bytes(4000)])
@pytest.mark.parametrize("ending", ["its own", ".txt"])
def test_a_file_of_something_else(name, content, ending, tmp_path):
    path = tmp_path / f"page{KINDS[name].ending if ending == 'its own' else ending}"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=f"^{re.escape(f'{path}: {KINDS[name].something_else}')}[^\n]*$"):
        registry.load(name, path)


@pytest.mark.parametrize("name", KINDS)
@pytest.mark.parametrize("share", [.02, .3, .98])
def test_a_file_that_is_cut_off(name, share, tmp_path):
    path = tmp_path / f"cut{KINDS[name].ending}"
    write(name, path)
    content = path.read_bytes()
    path.write_bytes(content[:int(share * len(content))])
    with pytest.raises(ValueError, match=f"^{re.escape(f'{path}: {KINDS[name].cut_off or KINDS[name].something_else}')}[^\n]*$"):
        registry.load(name, path)


@pytest.mark.parametrize("name, advice", [
    ("nn2", "nobody publishes any: train them with morph3d-train-encoder and give them with --encoder_weights=FILE"),
    ("vgg_face", "needs vgg_face.mat: fetch https://www.robots.ox.ac.uk/.*--encoder_weights=FILE")])
def test_where_no_weights_come_with_it_it_says_how_to_get_them(name, advice):
    with pytest.raises(ValueError, match=f"{advice}$"):
        registry.load(name)
