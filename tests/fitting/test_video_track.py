"""A track of a head whose motion is known, and what becomes of gaps, cuts and films that are bad."""
import types

import cv2
import numpy as np
import pytest
import skimage.data
from scipy.spatial.transform import Rotation

from morph3d.fitting import lighting, photo_fit, video_track, view
from morph3d.fitting.calibration import Calibration
from morph3d.fitting.state import Prior, State
from morph3d.fitting.video_track import Person

CENTER, FOCAL, RATE = np.array([320., 240.]), 700., 25.
COUNT = 468


@pytest.fixture(scope="module")
def fitter(model):
    """What video_track asks of a Fitter: 468 landmarks on the face, and three blendshapes."""
    vertices = np.random.default_rng(0).choice(np.flatnonzero(model.skin & (model.mean[:, 2] > 30.)), COUNT)
    _, shape, texture = (np.ones(size) for size in model.sizes)
    return types.SimpleNamespace(model=model, calibration=Calibration(vertices, np.full(COUNT, .5), shape, texture),
                                 weights=lambda expression: .5 + .2 * expression[:3])


@pytest.fixture(scope="module")
def person(model, fitter):
    """Somebody in whom the detector sees landmarks as if the head were turned by 4 degrees more."""
    random, (moods, shape, texture) = np.random.default_rng(1), model.sizes
    prior = Prior(random.standard_normal(shape), np.zeros(texture), np.eye(moods), np.ones(shape), np.eye(texture),
                  nearness_deviation=1e-6)
    more = Rotation.from_euler("xy", [2., 4.], degrees=True).as_matrix() - np.eye(3)
    return Person(prior, FOCAL, model.mean[fitter.calibration.vertices] @ more.T + random.normal(0., 1., [COUNT, 3]))


def motion(count):
    """Times, turns, places in mm before the camera and expressions of a head that nods, turns, comes and speaks."""
    times = np.arange(count) / RATE
    def wave(hertz, phase):
        return np.sin(2. * np.pi * hertz * times + phase)
    turns = Rotation.from_euler("yxz", np.stack([25. * wave(.4, 0.), 8. * wave(.8, 1.), 5. * wave(.5, 2.)], 1), degrees=True)
    places = np.stack([40. * wave(.3, 1.), 20. * wave(.5, 3.), 50. * wave(.25, 0.) - 700.], 1)
    expressions = np.zeros([count, 8])
    expressions[:, :3] = np.stack([wave(2., 0.), .8 * wave(1., 1.), wave(.7, 0.)], 1)
    return times, turns, places, expressions


def filmed(fitter, person, turns, places, expressions, noise=0.):
    """{number: landmarks} as a camera at the origin sees them that looks along -z."""
    random, seen = np.random.default_rng(2), {}
    for number, (turn, place, expression) in enumerate(zip(turns, places, expressions, strict=True)):
        points = fitter.model.vertices(expression, person.prior.shape)[fitter.calibration.vertices] + person.offsets
        x, y, z = (turn.apply(points) + place).T
        seen[number] = CENTER + FOCAL * np.stack([x / -z, y / z], 1) + noise * random.standard_normal([COUNT, 2])
    return seen


def degrees(rotations, turns):
    """[N] by which a track's rotations are off."""
    return np.degrees((Rotation.from_matrix(rotations) * turns.inv()).magnitude())


def test_a_track_is_the_motion_of_the_head(fitter, person):
    times, turns, places, expressions = motion(20)
    followed, notes = video_track.moved(fitter, person, times, filmed(fitter, person, turns, places, expressions), CENTER)
    assert degrees(followed.track.rotations, turns).max() < 1. and followed.seen.all() and notes == ["a track of 20 frames"]
    np.testing.assert_array_equal(followed.track.times, times)
    found, true = followed.track.translations, places - np.median(places, 0)
    assert np.abs(found - true)[:, :2].max() < 1. and np.abs(found - true)[:, 2].max() < 7.  # a hundredth of the distance
    np.testing.assert_allclose(followed.track.weights, .5 + .2 * expressions[:, :3], atol=.1)


def test_smoothing_takes_three_quarters_of_the_jitter_and_the_motion_stays(fitter, person, monkeypatch):
    times, turns, places, expressions = motion(50)
    seen, made = filmed(fitter, person, turns, places, expressions, noise=6.), []
    monkeypatch.setattr(video_track, "_state", remembering(video_track._state))
    for cutoffs in (video_track.POSE_CUTOFF, video_track.EXPRESSION_CUTOFF), (1e4, 1e4):  # smoothed, and as it is
        monkeypatch.setattr(video_track, "POSE_CUTOFF", cutoffs[0])
        monkeypatch.setattr(video_track, "EXPRESSION_CUTOFF", cutoffs[1])
        made.append(video_track.moved(fitter, person, times, seen, CENTER)[0].track)
    off = [[Rotation.from_matrix(track.rotations).as_rotvec() - turns.as_rotvec(),
            track.translations - (places - np.median(places, 0)), track.weights - (.5 + .2 * expressions[:, :3])] for track in made]
    jitter = np.array([[np.std(np.diff(part, 2, axis=0)) for part in each] for each in off])
    error = np.array([[np.sqrt(np.square(part).mean()) for part in each] for each in off])
    assert (jitter[0] < jitter[1] / 4.).all() and (error[0] < error[1]).all(), (jitter, error)


def remembering(function):
    kept = {}

    def remembered(fitter, person, found, *rest):
        if found.tobytes() not in kept:
            kept[found.tobytes()] = function(fitter, person, found, *rest)
        return kept[found.tobytes()]

    return remembered


def test_what_is_smoothed_keeps_its_time_and_half_of_it_passes_at_the_cutoff():
    even, uneven = np.arange(400) / 50., np.cumsum(np.random.default_rng(0).uniform(.01, .03, 400))
    for times, hertz, passes in (even, .5, 1.), (even, 4., .5), (even, 12., .01), (uneven, .5, 1.):
        wave, inner = np.sin(2. * np.pi * hertz * times), slice(50, 350)
        smooth = video_track._smoothed(times, np.stack([wave, -wave], 1), times, 4.)
        np.testing.assert_allclose(smooth[inner], np.stack([passes * wave, -passes * wave], 1)[inner], atol=.03)


@pytest.mark.parametrize("count", [1, 2, 4])
def test_a_film_of_few_frames_is_left_as_it_is(fitter, person, count):
    times, turns, places, expressions = motion(count)
    followed, _ = video_track.moved(fitter, person, times, filmed(fitter, person, turns, places, expressions), CENTER)
    assert degrees(followed.track.rotations, turns).max() < 1. and len(followed.track.times) == count


def test_a_short_gap_is_made_up_and_a_long_one_parts_the_track(fitter, person):
    times, turns, places, expressions = motion(50)
    seen = filmed(fitter, person, turns, places, expressions)
    gone = {0, 10, 11, 12, *range(22, 40)}
    followed, notes = video_track.moved(fitter, person, times, {key: seen[key] for key in seen if key not in gone}, CENTER)
    shown = np.r_[1:22, 40:50]
    np.testing.assert_array_equal(followed.track.times, times[shown])
    np.testing.assert_array_equal(followed.seen, ~np.isin(shown, [10, 11, 12]))
    assert degrees(followed.track.rotations, turns[shown]).max() < 1.5
    assert notes == ["a track of 31 frames", "3 frames without a face, in short gaps, are made up",
                     "19 frames without a face are left out of the track",
                     "the track is parted into 2, at cuts or long gaps, across which it is not smoothed"]


def test_nothing_is_smoothed_across_a_cut(fitter, person):
    times, turns, places, expressions = motion(24)
    places[12:] += [300., 0., 0.]
    seen = filmed(fitter, person, turns, places, expressions)
    followed, notes = video_track.moved(fitter, person, times, seen, CENTER)
    assert notes[-1].startswith("the track is parted into 2")
    steps = np.diff(followed.track.translations[:, 0]) - np.diff(places[:, 0])
    assert np.abs(steps).max() < 3.  # the jump of 300 mm is all in one step
    assert degrees(followed.track.rotations, turns).max() < 1.


def test_of_key_frames_the_places_of_landmarks_are_found(fitter, person, model):
    vertices, fits = fitter.calibration.vertices, []
    for yaw in -.5, 0., .5, .2:
        seen = view.View(np.array([.1, yaw, -.1]), np.array([4., -6.]), .1, view.NEARNESS)
        state = State(seen, np.zeros(8), person.prior.shape, person.prior.texture, lighting.prior().mean.reshape(-1, 3))
        points = model.vertices(state.expression, state.shape)[vertices] + person.offsets
        observed = types.SimpleNamespace(pixels=seen.project(points, CENTER), vertices=vertices)
        fits.append(photo_fit.Fit(state, np.eye(2, 3), CENTER, None, observed))
    off = np.linalg.norm(video_track._offsets(model, fits) - person.offsets, axis=1)
    assert off.mean() < .5 * np.linalg.norm(person.offsets, axis=1).mean()  # what lies along the line of sight is seen little of


def film(path, frames):
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"mp4v"), RATE, frames[0].shape[1::-1])
    for frame in frames:
        writer.write(frame[..., ::-1])
    writer.release()
    return path


def test_a_film_without_a_face_is_told(fitter, tmp_path):
    wall = film(tmp_path / "wall.mp4", [np.full([128, 128, 3], 90, np.uint8)] * 3)
    with pytest.raises(ValueError, match="^no landmarks are found in any frame$"):
        video_track.follow(fitter, wall, None)


def test_a_face_is_looked_for_where_it_was_and_found_again(tmp_path, monkeypatch):
    """The photo of the astronaut, moved by 3 pixels a frame; after a frame of nothing it is looked for everywhere."""
    searched, photo = [], skimage.data.astronaut()
    frames = [cv2.warpAffine(photo, np.float64([[1., 0., 3. * number], [0., 1., number]]), (512, 512)) for number in range(9)]
    frames[5] = np.full_like(photo, 90)
    detect = video_track.face_detection.detect
    monkeypatch.setattr(video_track.face_detection, "detect", lambda photo: searched.append(1) or detect(photo))
    times, seen = video_track._looked_for(film(tmp_path / "film.mp4", frames))
    np.testing.assert_allclose(times, np.arange(9) / RATE, atol=1e-3)
    assert list(seen) == [0, 1, 2, 3, 4, 6, 7, 8] and len(searched) == 3
    for number, found in seen.items():
        np.testing.assert_allclose((found - seen[0]).mean(0), [3. * number, number], atol=1.5)
