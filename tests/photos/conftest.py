"""A photo that the tests of detection share."""
import pytest
import skimage.data

from morph3d.photos import face_detection


@pytest.fixture(scope="session")
def astronaut():
    return skimage.data.astronaut()


@pytest.fixture(scope="session")
def points(astronaut):
    """The five points of the astronaut's face."""
    return face_detection.detect(astronaut)
