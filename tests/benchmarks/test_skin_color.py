"""Skin against photographs: what photographs say of people, and what they cannot say."""
import numpy as np
import pytest
import skimage.data

from benchmarks import skin_color
from morph3d import images


@pytest.fixture
def folder(tmp_path):
    def write(*pictures):
        for number, picture in enumerate(pictures):
            images.write_png(tmp_path / f"{number}.png", picture)
        return str(tmp_path)
    return write


def test_photographs_without_a_face(folder):
    source = folder(np.full([64, 64, 3], 128, np.uint8), skimage.data.coffee()[:200, :200])
    with pytest.raises(ValueError, match=f"^{source}: found no face in color among 2 photos, expected one or more"):
        skin_color.of_photographs(source)


def test_photographs_of_gray_faces_only(folder):
    gray = np.repeat(skimage.data.astronaut().mean(2, keepdims=True), 3, 2).astype(np.uint8)
    source = folder(gray)
    with pytest.raises(ValueError, match=f"^{source}: found no face in color among 1 photos, expected one or more"):
        skin_color.of_photographs(source)


def test_gray_photographs_are_left_out_beside_one_in_color(folder):
    color = skimage.data.astronaut()
    people, lab = skin_color.of_photographs(folder(np.repeat(color.mean(2, keepdims=True), 3, 2).astype(np.uint8), color))
    assert list(people) == ["1.png"] and lab.shape == (1, 3)
    assert 40. < lab[0, 0] < 90. and lab[0, 1] > 5.  # reddish, as skin


def test_what_sources_differ_by_is_not_what_people_differ_by(monkeypatch):
    """Two cameras, of which one makes all yellower, and two photographs of each of the same people by each."""
    random = np.random.default_rng(0)
    people = random.normal(size=[200, 3]) * [5., 2., 3.]
    photos = {"one": np.repeat(people[:100], 2, 0), "other": np.repeat(people[100:], 2, 0) + [0., 0., 40.]}
    names = np.repeat(np.arange(100).astype(str), 2)
    monkeypatch.setattr(skin_color, "of_photographs", lambda source: (names, photos[source] + random.normal(size=[200, 3])))
    monkeypatch.setattr(skin_color, "of_faces", lambda *_: 50. + random.normal(size=[300, 3]) * [5., 2., 6.])
    found = skin_color.compare(None, ["one", "other"], 300, 0)
    np.testing.assert_allclose(found["between_people"], [5., 2., 3.], rtol=.15)
    np.testing.assert_allclose(found["ratio"], [1., 1., 2.], rtol=.2)
    assert found["people"] == 200 and found["photos"]["one"]["photos"] == 200
    np.testing.assert_allclose(found["difference"], [50., 50., 30.], atol=1.5)
