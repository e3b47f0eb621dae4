"""Frames of videos: which, in which colors, and what is said where there are none."""
import cv2
import numpy as np
import pytest

from morph3d.photos import crops, videos


@pytest.fixture(scope="module")
def film(tmp_path_factory):
    """A video of 30 frames whose gray is eight times their number, and whose upper half is red."""
    path = tmp_path_factory.mktemp("films") / "film.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 25., (64, 48))
    for number in range(30):
        frame = np.full([48, 64, 3], 8 * number, np.uint8)
        frame[:24] = [0, 0, 255]  # in OpenCV's order
        writer.write(frame)
    writer.release()
    return path


def numbers(frames):
    return [round(frame[36, 32].mean() / 8.) for frame in frames]


def test_frames_are_spread_evenly(film):
    assert numbers(videos.frames(film, 3)) == [5, 15, 25]
    assert numbers(videos.frames(film, 1)) == [15]


def test_of_a_short_video_all_frames_are_taken(film):
    assert numbers(videos.frames(film, 100)) == list(range(30))


def test_colors_are_red_green_blue(film):
    frame = next(videos.frames(film, 1))
    assert frame.shape == (48, 64, 3) and frame.dtype == np.uint8
    np.testing.assert_allclose(frame[8, 32], [254, 0, 0], atol=4)


def test_frames_are_counted_where_the_file_does_not_say_how_many(film, monkeypatch):
    class Silent:
        def __init__(self, path):
            self.film = capture(path)

        def get(self, _):
            return 0.

        def __getattr__(self, name):
            return getattr(self.film, name)

    capture = cv2.VideoCapture
    monkeypatch.setattr(cv2, "VideoCapture", Silent)
    assert numbers(videos.frames(film, 3)) == [5, 15, 25]


def test_a_video_that_cannot_be_opened_says_why(film, monkeypatch):
    def refuse(*_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(videos, "open", refuse, raising=False)
    with pytest.raises(ValueError, match="film.avi: cannot be opened: Permission denied"):
        next(videos.frames(film, 3))


def test_all_frames_come_with_their_times(film):
    times, frames = zip(*videos.timed(film), strict=True)
    assert numbers(frames) == list(range(30)) and videos.length(film) == 30
    np.testing.assert_allclose(times, np.arange(30) / 25., atol=1e-3)


@pytest.mark.parametrize("told, expected", [
    ([5., 45., 145., 165., 225.], [0., .04, .14, .16, .22]),  # a rate that changes
    ([0., 0., 0., 0., 0.], [0., .04, .08, .12, .16]),  # a file that says nothing
    ([0., 80., 40., 200., 240.], [0., .08, .12, .2, .24])])  # a time that goes back
def test_times_are_those_of_the_file_where_they_increase(film, monkeypatch, told, expected):
    class Told:
        def __init__(self, path):
            self.film, self.number = capture(path), -1

        def grab(self):
            self.number += 1
            return self.number < len(told) and self.film.grab()

        def get(self, what):
            return told[self.number] if what == cv2.CAP_PROP_POS_MSEC else self.film.get(what)

        def __getattr__(self, name):
            return getattr(self.film, name)

    capture = cv2.VideoCapture
    monkeypatch.setattr(cv2, "VideoCapture", Told)
    np.testing.assert_allclose([time for time, _ in videos.timed(film)], expected)


def test_what_is_no_video_is_named(tmp_path):
    (tmp_path / "page.avi").write_text("an error page, saved as a video")
    with pytest.raises(ValueError, match="page.avi: no frame can be read; give a video that OpenCV reads"):
        list(videos.frames(tmp_path / "page.avi", 3))
    with pytest.raises(ValueError, match="page.avi: no frame can be read"):
        list(videos.timed(tmp_path / "page.avi"))
    with pytest.raises(ValueError, match="none.avi: not a file"):
        list(videos.frames(tmp_path / "none.avi", 3))


def test_frames_are_cropped_like_photos(film):
    """As are reasons for which there is none."""
    frame, reason = next(videos.frames(film, 1)), ValueError("film.avi: no frame can be read")
    (photo, points), other = crops.read_all([frame, reason])
    np.testing.assert_array_equal(photo, frame)
    assert points is None and other is reason
