"""Likeness by group: thirds of the photos, each with the figures of its own."""
import types

import numpy as np
import pytest
import skimage.data

from experiments import likeness_by_group
from morph3d import images


def test_thirds_are_cut_by_rank_and_have_their_own_means():
    random = np.random.default_rng(0)
    measured = {name: random.permutation(np.arange(30.)) for name in likeness_by_group.GROUPS}
    top1 = (measured["skin"] >= 10.).astype(float)  # nobody of the dark third is found, everybody else
    findings = types.SimpleNamespace(everything=types.SimpleNamespace(top1=top1), cosines=measured["turn"] / 30.)
    summary = likeness_by_group.report(findings, np.arange(30), measured).summary
    assert [summary["skin"][word]["top1"]["value"] for word in ("dark", "medium", "light")] == [0., 1., 1.]
    expected = [np.sort(measured["turn"])[first:first + 10].mean() / 30. for first in (0, 10, 20)]
    assert [group["cosine"]["value"] for group in summary["turn"].values()] == pytest.approx(expected)
    assert all(group["photos"] == 10 for by in summary.values() for group in by.values())


def test_a_darker_and_a_blurred_photo_are_measured_as_such(tmp_path):
    photo = skimage.data.astronaut()
    blurred = np.stack([np.roll(photo, shift, 1).astype(float) for shift in range(-4, 5)]).mean(0)
    for name, picture in (("a", photo), ("b", .5 * photo), ("c", blurred)):
        images.write_png(tmp_path / name / "0.png", np.uint8(picture))
    found = likeness_by_group.properties(str(tmp_path), [f"{name}/0.png" for name in "abc"])
    plain, dark, soft = range(3)
    assert found["skin"][dark] < found["skin"][plain] - 20.
    assert found["sharpness"][soft] < .5 * found["sharpness"][plain]
    assert found["turn"][dark] == pytest.approx(found["turn"][plain], abs=.05) and found["turn"].max() < .3
