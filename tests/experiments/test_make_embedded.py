"""How far a model made anew is from the old one: faces count, not the modes that they happen to be written in."""
import functools

import numpy as np
import pytest

from experiments import make_embedded
from morph3d.morphable.embedded import storage


@pytest.fixture
def model():
    random = np.random.default_rng(0)
    modes = {f"{kind}_modes": random.normal(size=[size, 40, 3]) for kind, size in (("shape", 5), ("expression", 3), ("texture", 4))}
    return {name: random.normal(size=[40, 3]) for name in ("mean_vertices", "mean_colors")} | modes


def test_a_model_is_no_distance_from_itself(model):
    assert make_embedded.differences(model, model) == pytest.approx(dict.fromkeys(model, 0.), abs=1e-7)


def test_modes_of_the_other_sign_and_mixed_ones_are_the_same_model(model):
    turn = np.linalg.qr(np.random.default_rng(1).normal(size=[5, 5]))[0]
    other = model | {"shape_modes": np.einsum("ij,jvc->ivc", turn, model["shape_modes"]), "texture_modes": -model["texture_modes"]}
    assert make_embedded.differences(other, model) == pytest.approx(dict.fromkeys(model, 0.), abs=1e-7)


def test_what_has_moved_and_what_is_missing_are_told_in_their_units(model):
    other = model | {"mean_vertices": model["mean_vertices"] + [0., 3., 0.], "shape_modes": model["shape_modes"][:4]}
    found = make_embedded.differences(other, model)
    assert found["mean_vertices"] == pytest.approx(3.) and found["mean_colors"] == 0.
    # The best that four modes can do for five, found by search.
    here, there = (modes["shape_modes"].reshape(-1, 120) for modes in (other, model))
    angles = [np.linalg.qr(np.random.default_rng(seed).normal(size=[5, 5]))[0][:, :4] for seed in range(200)]
    assert 0. < found["shape_modes"] <= min(np.sqrt(((there - turn @ here)**2).sum() / 40) for turn in angles)


def test_modes_of_another_size_are_another_model(model):
    found = make_embedded.differences(model | {"shape_modes": 2. * model["shape_modes"]}, model)
    assert found["shape_modes"] == pytest.approx(np.sqrt((model["shape_modes"]**2).sum() / 40))


def test_a_damaged_file_is_made_anew(tmp_path, monkeypatch, capsys):
    path = tmp_path / "embedded.npz"
    path.write_bytes(b"damaged")
    monkeypatch.setattr(make_embedded.storage, "read", functools.partial(storage.read, path=path))
    assert make_embedded._shipped() is None and "embedded.npz: found no embedded model" in capsys.readouterr().out
