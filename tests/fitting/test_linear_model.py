import numpy as np
import pytest

from morph3d.fitting import linear_model


@pytest.fixture(scope="module")
def found(tiny_reconstructor):
    return linear_model.of(tiny_reconstructor)


def test_it_gives_the_faces_of_the_morphable_model(found, tiny_model):
    drawn = tiny_model.sample(1, 3)
    vertices, colors = tiny_model.instance(drawn)
    np.testing.assert_allclose(found.vertices(drawn.expression[0].numpy(), drawn.shape[0].numpy()), vertices[0], atol=.02)
    np.testing.assert_allclose(found.colors(drawn.texture[0].numpy()), np.clip(colors[0], 0., 1.), atol=.005)
    assert found.sizes == (tiny_model.expression_size, tiny_model.shape_size, tiny_model.texture_size)


def test_tables_by_vertex_are_the_modes(found):
    np.testing.assert_array_equal(np.moveaxis(found.moves_by_vertex, -1, 0), found.moves)
    np.testing.assert_array_equal(np.moveaxis(found.paints_by_vertex, -1, 0), found.paints)


def test_the_skin_is_of_the_face(model):
    below = model.mean[:, 1] < model.mean[model.landmarks[8], 1] - 20.
    assert below.sum() > 10 and not model.skin[below].any()  # the neck
    assert model.skin[model.landmarks[[30, 36, 45]]].all()
    assert model.skin_triangles.shape == (len(model.triangles),)


def test_a_model_without_expressions_has_none(tiny_reconstructor, monkeypatch):
    monkeypatch.delattr(tiny_reconstructor.network, "expression_modes")
    assert linear_model.of(tiny_reconstructor).sizes[0] == 0
