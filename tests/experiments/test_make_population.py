"""The mean shape of people: of which photos it is made, by a fitter that finds what it is told to."""
import types

import numpy as np
import pytest
import skimage.data

from experiments import make_population
from morph3d import images
from morph3d.fitting import linear_model
from morph3d.fitting.fitter import Fitter

ASTRONAUT = skimage.data.astronaut()


@pytest.fixture
def made(tmp_path, monkeypatch, tiny_reconstructor):
    """A function from {name: photo} to the arrays of the file; the shape of a photo is its largest value."""
    fitter = types.SimpleNamespace(reconstructor=tiny_reconstructor, model=linear_model.of(tiny_reconstructor))
    fitter.require_colors = lambda face: Fitter.require_colors(fitter, face)
    monkeypatch.setattr(make_population, "Fitter", lambda _: fitter)
    monkeypatch.setattr(make_population, "reconstructor", types.SimpleNamespace(load=lambda: tiny_reconstructor))
    monkeypatch.setattr(make_population, "shape", lambda _, photo, face: np.full(4, float(photo.max())))

    def make(photos, every=1):
        for name, photo in photos.items():
            images.write_png(tmp_path / "photos" / f"{name}.png", np.uint8(photo))
        for name, value in ("_PHOTOS", str(tmp_path / "photos")), ("_EVERY", every), ("_OUTPUT", str(tmp_path / "mean.npz")):
            monkeypatch.setattr(make_population, name, types.SimpleNamespace(value=value))
        make_population.main([])
        with np.load(tmp_path / "mean.npz") as file:
            return dict(file)

    return make


def test_it_is_the_median_of_the_photos_that_show_a_face_in_color(made, capsys):
    gray = np.repeat(ASTRONAUT[..., 1:2], 3, 2)
    found = made({"a": ASTRONAUT, "b": .8 * ASTRONAUT, "c": .6 * ASTRONAUT, "gray": gray, "wall": np.full_like(ASTRONAUT, 90)})
    np.testing.assert_array_equal(found["shape"], 4 * [204.])
    assert found["people"] == 3 and "mean.npz: of 3 people" in capsys.readouterr().out


def test_of_many_photos_every_so_many_are_taken(made):
    found = made({"a": .9 * ASTRONAUT, "b": .8 * ASTRONAUT, "c": .7 * ASTRONAUT}, every=2)
    np.testing.assert_allclose(found["shape"], (229 + 178) / 2.)
    assert found["people"] == 2


def test_of_photos_that_cannot_be_fitted_nothing_is_written(made, tmp_path):
    with pytest.raises(ValueError, match="photos: none of 1 photos can be fitted, see above; give photos of faces, in color"):
        made({"wall": np.full_like(ASTRONAUT, 90)})
    assert not (tmp_path / "mean.npz").exists()
