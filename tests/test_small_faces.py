"""Small faces: the same photo is taken or refused, for the same reason, by every program."""
import cv2
import numpy as np
import pytest
import skimage.data
import tensorflow as tf

from morph3d import images
from morph3d.data import sources
from morph3d.evaluation import galleries
from morph3d.evaluation.color import face_patches
from morph3d.evaluation.stress import picture_series
from tests.data.prepared import making
from tests.encoders import recognizer


@pytest.fixture(scope="module")
def encoder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("recognizer")
    tf.saved_model.save(network := recognizer.Recognizer(), str(folder), signatures=network.encode)
    return f"saved_model:{folder}"


def reconstructed(path, reconstructor, _):
    reconstructor.reconstruct(path)


def prepared(path, _, encoder):
    try:
        making.prepare(path.parent, encoder, path.parents[1] / "prepared")
    except ValueError:
        raise ValueError((path.parents[1] / "prepared" / "rejects.tsv").read_text().split("\t")[1]) from None


def evaluated(path, reconstructor, _):
    left_out = {}
    list(galleries.in_batches(sources.find(path.parent).photos, [face_patches.frame(), reconstructor], left_out))
    if left_out:
        raise ValueError(left_out[path.name])


def stressed(path, *_):
    picture_series.photographed([path])


@pytest.mark.parametrize("taken_by", [reconstructed, prepared, evaluated, stressed])
def test_every_program_draws_the_same_line(taken_by, tiny_reconstructor, encoder, tmp_path):
    """About 24 and 33 pixels of face; the encoders' crops are 32 pixels wide, the evaluation's 256 and 320."""
    for eyes in 11, 15:
        side = round(eyes / 43.4 * 256)  # of the part of the photo, where they are 43.4 pixels apart
        photo = np.full([200, 200, 3], 90, np.uint8)
        photo[50:50 + side, 50:50 + side] = cv2.resize(skimage.data.astronaut()[:256, 96:352], (side, side),
                                                       interpolation=cv2.INTER_AREA)
        path = tmp_path / str(eyes) / "photos" / "a.png"
        images.write_png(path, photo)
        if eyes == 15:
            taken_by(path, tiny_reconstructor, encoder)
        else:
            with pytest.raises(ValueError, match="face too small: eyes 1[01] pixels apart, expected 13 or more"):
                taken_by(path, tiny_reconstructor, encoder)
