import dataclasses

import numpy as np

from morph3d import morphable
from morph3d.fitting import population

RANDOM = np.random.default_rng(0)


def test_the_median_of_the_people_is_kept_and_a_share_of_it_taken(tmp_path, model):
    shapes = RANDOM.standard_normal([9, model.sizes[1]])
    shapes[0] = 1e6  # a fit that went astray
    population.write(model, shapes, tmp_path / "people.npz")
    found = population.mean_shape(model, tmp_path / "people.npz")
    np.testing.assert_allclose(found, population.TAKEN * np.median(shapes, 0), rtol=1e-5)


def test_of_another_model_nothing_is_known(tmp_path, model):
    population.write(model, np.ones([3, model.sizes[1]]), tmp_path / "people.npz")
    others = (dataclasses.replace(model, mean=model.mean + .1), dataclasses.replace(model, moves=model.moves[:-1]),
              dataclasses.replace(model, mean=model.mean[:-population.EVERY]))
    for other in others:
        assert not population.mean_shape(other, tmp_path / "people.npz").any()


def test_the_file_that_comes_along_is_of_the_embedded_model():
    with np.load(population.PATH) as file:
        embedded = morphable.load("embedded")
        np.testing.assert_allclose(file["known_by"], embedded.mean_vertices[::population.EVERY], atol=population.SAME)
        assert file["shape"].shape == (embedded.shape_size,) and 5. < np.linalg.norm(file["shape"]) < 50. and file["people"] > 100
