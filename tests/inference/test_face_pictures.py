"""A face's pictures, and what it says of itself."""
import dataclasses

import numpy as np
import pytest
import skimage.data

from morph3d.inference import face_pictures


@pytest.fixture(scope="module")
def face(tiny_reconstructor):
    return tiny_reconstructor.reconstruct(skimage.data.astronaut())


def test_views_turn_the_face_to_the_left_and_to_the_right_of_the_picture(face):
    front = face.vertices[:, 2] > 60.
    colors = np.where(front[:, None], [0., 1., 0.], [1., 0., 0.])
    views = face_pictures.draw_views(dataclasses.replace(face, colors=colors), size=64)
    columns = [np.nonzero(view[..., 1] > view[..., 0] + .1)[1].mean() for view in views]
    assert columns[0] < 28. and columns[1] == pytest.approx(31.5, abs=1.5) and columns[2] > 36.


def test_a_face_says_what_it_is(face):
    assert repr(face) == "Face(642 vertices, 4 shape and 3 texture coefficients)"
