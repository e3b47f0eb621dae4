"""Pictures that get worse: each series against what it says it does."""
import cv2
import numpy as np
import pytest
import scipy.ndimage
import skimage.data

from morph3d import images
from morph3d.evaluation.stress import degradations, picture_series
from morph3d.photos import face_detection

PICTURES = picture_series.People.offered


@pytest.fixture(scope="module")
def astronaut(tmp_path_factory):
    path = tmp_path_factory.mktemp("photos") / "astronaut.png"
    images.write_png(path, skimage.data.astronaut())
    return picture_series.photographed([path])


def linear(pixels):
    """8-bit sRGB in linear light, in the words of IEC 61966-2-1."""
    encoded = np.float64(pixels) / 255.
    return np.where(encoded <= .04045, encoded / 12.92, ((encoded + .055) / 1.055)**2.4)


def test_the_face_of_a_photo_lies_where_a_portrait_has_it(astronaut):
    assert astronaut.portraits.shape == (1, picture_series.SIZE, picture_series.SIZE, 3)
    points = face_detection.detect(astronaut.portraits[0])
    assert np.linalg.norm(points - picture_series.PORTRAIT.template, axis=1).max() < 18.  # for she smiles


@pytest.mark.parametrize("name", PICTURES)
def test_every_level_is_further_from_the_untouched_picture(astronaut, name):
    levels = degradations.SERIES[name].levels
    pictures = np.concatenate([astronaut.portraits, *(astronaut.pictures(name, level) for level in levels)])
    assert pictures.dtype == np.uint8 and pictures.shape == (len(levels) + 1, picture_series.SIZE, picture_series.SIZE, 3)
    change = np.abs(np.float32(pictures) - pictures[0]).mean((1, 2, 3))
    assert change[0] == 0. and (np.diff(change) > 0.).all()


def test_blur_is_a_gaussian_of_that_share_of_the_distance_of_the_eyes(astronaut):
    deviation = .06 * np.linalg.norm(np.subtract(*picture_series.PORTRAIT.template[:2]))
    expected = scipy.ndimage.gaussian_filter(np.float64(astronaut.portraits[0]), (deviation, deviation, 0.))
    assert np.abs(astronaut.pictures("blur", 6)[0] - expected).max() < 1.5


def test_jpeg_is_what_another_library_writes_and_reads(astronaut):
    portrait = astronaut.portraits[0]
    for quality in degradations.SERIES["jpeg"].levels:
        _, file = cv2.imencode(".jpg", portrait[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])
        expected = cv2.imdecode(file, cv2.IMREAD_COLOR)[..., ::-1]
        assert np.abs(np.float32(astronaut.pictures("jpeg", quality)[0]) - expected).mean() < .5
    again = picture_series.jpeg(picture_series.jpeg(portrait, 10), 10)  # what is lost is lost at once
    assert np.abs(np.float32(again) - picture_series.jpeg(portrait, 10)).mean() < 1.


@pytest.mark.parametrize("name", ["occlusion_below", "occlusion_side"])
@pytest.mark.parametrize("percent", degradations.SERIES["occlusion_below"].levels)
def test_the_stated_share_of_the_face_is_covered(name, percent):
    white = np.full([picture_series.SIZE, picture_series.SIZE, 3], 255, np.uint8)
    covered = (getattr(picture_series, name)(white, percent) == picture_series.COVER).all(-1)
    assert covered[picture_series.face_oval()].mean() == pytest.approx(percent / 100., abs=.01)
    edge = covered.any(1) if name == "occlusion_below" else covered.any(0)
    assert edge[-1] and (np.diff(edge.astype(int)) >= 0).all()  # from one edge of the picture inward


@pytest.mark.parametrize("thickness", degradations.SERIES["glasses"].levels)
def test_frames_are_of_the_stated_thickness_around_both_eyes(astronaut, thickness):
    covered, eyes = astronaut.covered("glasses", thickness), np.round(picture_series.PORTRAIT.template[:2]).astype(int)
    for column, row in eyes:
        above, below = covered[:row, column], covered[row:, column]
        wanted = pytest.approx(thickness * picture_series.PIXELS_PER_MM, abs=1.5)
        assert above.sum() == wanted and below.sum() == wanted and not covered[row, column]
    np.testing.assert_array_equal(covered, covered[:, ::-1])
    changed = (astronaut.pictures("glasses", thickness)[0] != astronaut.portraits[0]).any(-1)
    assert not (changed & ~covered).any() and changed.sum() > .98 * covered.sum()


def test_the_oval_is_the_average_face(astronaut):
    oval = picture_series.face_oval()
    points = np.round(picture_series.PORTRAIT.template).astype(int)
    assert oval[points[:, 1], points[:, 0]].all() and .2 < oval.mean() < .3


def test_light_falls_off_to_the_left(astronaut):
    gray = np.full([picture_series.SIZE, picture_series.SIZE, 3], 200, np.uint8)
    light = linear(picture_series.side_light(gray, 75)) / linear(200)
    assert light[:, 0].max() == pytest.approx(.25, abs=.01) and light[:, -1].min() == 1.
    assert light[:, picture_series.SIZE // 2].mean() == pytest.approx(.625, abs=.01)  # half way


@pytest.mark.parametrize("stops", [1, 3])
def test_every_stop_halves_the_light(astronaut, stops):
    before, after = linear(astronaut.portraits), linear(astronaut.pictures("exposure", stops))
    assert after.mean() == pytest.approx(before.mean() / 2**stops, rel=.01)


def test_a_lamp_is_redder_and_as_bright(astronaut):
    gray = np.full([4, 4, 3], 100, np.uint8)
    red, green, blue = linear(picture_series.temperature(gray, 3000)[0, 0]) / linear(100)
    assert red > 1.5 and .8 < green < 1. and blue < .4
    luminance = np.dot([.2126, .7152, .0722], [red, green, blue])
    assert luminance == pytest.approx(1., abs=.05)
    np.testing.assert_array_equal(picture_series.temperature(gray, picture_series.DAYLIGHT), gray)


def test_photos_without_a_face_are_left_out_with_words(tmp_path, caplog):
    good, empty, missing, damaged = (str(tmp_path / name) for name in ("me.png", "wall.png", "none.png", "text.jpg"))
    images.write_png(good, skimage.data.astronaut())
    images.write_png(empty, np.full([200, 200, 3], 128, np.uint8))
    (tmp_path / "text.jpg").write_text("hello")
    with caplog.at_level("WARNING"):
        people = picture_series.photographed([empty, missing, good, damaged])
    assert people.names == [good] and len(people.portraits) == 1
    assert people.left_out == {empty: "no face found", missing: "cannot be opened: No such file or directory",
                               damaged: "not an image"}
    assert f"{empty}: no face found; left out" in caplog.text
    with pytest.raises(ValueError, match="none of 2 photos can be used, the first, .*wall.png: no face found; expected a face"):
        picture_series.photographed([empty, damaged])


def test_series_that_cannot_be_made_are_refused_with_words():
    choose = degradations.choose
    assert choose(None, PICTURES) == PICTURES and choose(["jpeg", "blur"], PICTURES) == ["blur", "jpeg"]
    with pytest.raises(ValueError, match="unknown series 'pose': expected some of light, yaw"):
        choose(["pose"], PICTURES)
    with pytest.raises(ValueError, match="series yaw: photos cannot be turned or lit again; expected some of occlusion_below"):
        choose(["yaw"], PICTURES)
