"""What of a cover ends up in a texture."""
import numpy as np
import pytest
import skimage.data

from morph3d import images
from morph3d.evaluation.fitting import covers, tables
from morph3d.evaluation.fitting.covers import Leak
from morph3d.evaluation.stress import degradations, picture_series
from morph3d.fitting import photo_texture
from morph3d.fitting.fitter import Fitter
from morph3d.inference import reconstructor


def texels(*numbers):
    return np.isin(np.arange(10), numbers)


def test_shares_are_counted_in_texels():
    untouched, hidden = texels(0, 1, 2, 3, 4, 5, 6, 7), texels(0, 1, 2, 3, 9)
    assert covers.shares(untouched, texels(4, 5, 6, 7), hidden) == (0., 0., 1.)
    assert covers.shares(untouched, texels(0, 4, 5), hidden) == (.25, .125, .5)
    assert covers.shares(untouched, texels(0, 9, 4), hidden) == (.4, .25, .25), "what is new counts as hidden too"
    assert covers.shares(untouched, untouched, texels(9)) == (None, 0., 1.)


def test_levels_are_told_apart_and_what_is_hidden_by_no_cover_has_no_share():
    found = [Leak("a", "glasses", 1, .1, .01, .9), Leak("b", "glasses", 1, .3, .03, .7), Leak("a", "glasses", 2, None, 0., 1.)]
    summary = tables.of_covers(found, {"c": "no face found"}).summary
    first, second = summary["glasses_1"], summary["glasses_2"]
    assert (first["of_hidden"].value, first["most_of_hidden"], first["most_of_shown"]) == (pytest.approx(.2), .3, .03)
    assert second["of_hidden"] is None and second["kept"].value == 1. and summary["left_out"] == 1


@pytest.mark.slow  # the network's calibration and some fits
def test_a_cover_is_mostly_left_out_and_its_share_is_all_where_nothing_is(tmp_path, monkeypatch):
    images.write_png(tmp_path / "astronaut.png", skimage.data.astronaut())
    people = picture_series.photographed([tmp_path / "astronaut.png"])
    below = degradations.SERIES["occlusion_below"]._replace(levels=(30,))
    monkeypatch.setattr(degradations, "SERIES", {"occlusion_below": below})
    fitter = Fitter(reconstructor.load())
    (leak,), left_out = covers.measure(fitter, people, ["occlusion_below"])
    assert not left_out and leak.level == 30 and leak.of_hidden < .3 and leak.of_shown < .1 and leak.kept > .5
    make = photo_texture.make

    def credulous(*given):
        return make(*given)._replace(photo=np.ones(len(make(*given).photo)))

    monkeypatch.setattr(photo_texture, "make", credulous)
    (leak,), _ = covers.measure(fitter, people, ["occlusion_below"])
    assert leak.of_hidden == leak.kept == 1.
