import numpy as np
import pytest

from morph3d import morphable
from morph3d.fitting.linear_model import LinearModel

EXPRESSIONS, SHAPES, TEXTURES = 8, 12, 12


@pytest.fixture(scope="session")
def model():
    """A LinearModel of the first modes of the embedded morphable model, decimated."""
    found = morphable.load("embedded").decimated(3000)

    def modes(basis, count):
        return basis[:count].numpy().reshape(count, -1, 3)

    moves = np.concatenate([modes(found.expression_basis, EXPRESSIONS), modes(found.shape_basis, SHAPES)])
    return LinearModel(found.mean_vertices.numpy(), moves, EXPRESSIONS, found.mean_colors.numpy(),
                       modes(found.texture_basis, TEXTURES), found.triangles.numpy(), found.landmarks.numpy())
