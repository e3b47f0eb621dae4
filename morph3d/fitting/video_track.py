"""A face followed through a video: who it is once, how it is turned and what it does moment by moment.

Who it is, a few key frames tell, fitted by pixels: its shape, how far away the camera is, and where on this person the detector of
landmarks sees each of them, which is off by millimeters, but nearly always by the same. With that known landmarks alone, which
take a fraction of the time, tell pose and expression of each frame.

Splines smooth it, which work like a Butterworth filter that runs forward and backward: without delay, and also where frames come
unevenly and over short gaps.
"""
import dataclasses
import functools
import math
from typing import NamedTuple

import numpy as np
import tqdm
from scipy.interpolate import make_interp_spline, make_smoothing_spline
from scipy.spatial.transform import Rotation

from morph3d.fitting import landmarks
from morph3d.fitting.photo_fit import Fit
from morph3d.fitting.state import Prior
from morph3d.inference.faces import Face, Followed
from morph3d.mesh.gltf import Track
from morph3d.photos import crops, dense_landmarks, face_detection, sightings, videos

KEYS = 8  # frames that are fitted by pixels
NEARNESS_DEVIATION = 1e-6  # 1 / mm: that of a frame is known
OFFSET_RIDGE = .5  # frames that would tell that a landmark is where it is in other people
CONSTANT = .4  # of the landmarks' deviation, what is left once that of the person is known
# Hz; of what comes so often half passes. A head nods once or twice a second, and the mouth makes three to five syllables.
POSE_CUTOFF, EXPRESSION_CUTOFF = 3., 5.
SPLINED = 5  # moments, the fewest that a spline smooths
SHORT = .5  # seconds; a longer gap parts the track
JUMP = .5  # times its own size, which a face moves from frame to frame in a cut only

_bar = functools.partial(tqdm.tqdm, unit=" frames", dynamic_ncols=True, leave=False)


class Key(NamedTuple):
    """A frame that is fitted by pixels."""
    photo: np.ndarray  # [H, W, 3] uint8
    face: Face  # as the network knows it, framed in this frame
    fit: Fit


class Person(NamedTuple):
    """What stays the same in a video."""
    prior: Prior  # around the shape, which stays
    focal: float  # pixels
    offsets: np.ndarray  # [468, 3] mm, from vertices to where the detector sees their landmarks


def follow(fitter, path, face):
    """The Face with its track, as it is in the middle key frame, and notes.

    Args:
      fitter: Fitter.
      path: of the video.
      face: Face of the fitter's reconstructor, of the video's frames together.

    Raises:
      ValueError: no frame can be fitted; says why.
    """
    times, seen = _looked_for(path)
    keys = _keys(fitter, path, seen, face)
    person, middle = _person(fitter, keys), keys[len(keys) // 2]
    followed, notes = moved(fitter, person, times, seen, np.array(middle.photo.shape[1::-1]) / 2.)
    known = middle.fit._replace(state=middle.fit.state._replace(shape=person.prior.shape, texture=person.prior.texture))
    made = fitter.made(middle.face, known, middle.photo)
    return dataclasses.replace(made, fitted=dataclasses.replace(made.fitted, followed=followed)), notes


def moved(fitter, person, times, seen, center):
    """The Followed of a Person, and notes.

    Args:
      fitter: Fitter.
      person: Person.
      times: [N] seconds of the frames.
      seen: {number of a frame: landmarks [468, 2] pixels} of those with a face, in order.
      center: [2] pixels, of perspective.
    """
    states = {}
    for number, found in _bar(seen.items(), desc="fitting"):
        states[number] = _state(fitter, person, found, states.get(number - 1), center)
    parts = _parts(times, seen)
    pieces = [_piece(fitter, person, times[part[0]:part[-1] + 1], times[part], [states[each] for each in part]) for part in parts]
    track = Track(*map(np.concatenate, zip(*pieces, strict=True)))
    track = track._replace(translations=track.translations - np.median(track.translations, 0))
    return Followed(track, np.isin(track.times, times[list(seen)])), _notes(times, seen, parts)


def _looked_for(path):
    """-> [N] seconds of all frames, and {number of a frame: landmarks [468, 2]} of those with a face."""
    times, seen, found = [], {}, None
    for number, (time, photo) in enumerate(_bar(videos.timed(path), total=videos.length(path), desc="looking")):
        found = _landmarks(photo, found)
        times.append(time)
        if found is not None:
            seen[number] = found
    return np.array(times), seen


def _landmarks(photo, before):
    """[468, 2] of the face that was there in the frame before, or else of the main face; or None."""
    found = None if before is None else dense_landmarks.detect(photo, dense_landmarks.five_points(before))
    if found is None:
        five = face_detection.detect(photo)
        found = None if five is None else dense_landmarks.detect(photo, five)
    return None if found is None else found[:, :2]


def _keys(fitter, path, seen, face):
    """[Key] of frames that are spread evenly over those with a face."""
    if not seen:
        raise ValueError("no landmarks are found in any frame")
    numbers = set(np.array(list(seen))[np.linspace(0, len(seen) - 1, KEYS + 2).astype(int)[1:-1]])
    photos = ((number, photo) for number, (_, photo) in enumerate(videos.timed(path)) if number in numbers)
    keys, problem = [], None
    for number, photo in _bar(photos, total=len(numbers), desc="key frames"):
        try:
            shown = _framed(fitter.reconstructor, photo, seen[number], face)
            keys.append(Key(photo, shown, fitter.solve(photo, shown, landmarks.dense(seen[number], fitter.calibration))))
        except ValueError as error:
            problem = error
    if not keys:
        raise problem
    return keys


def _framed(reconstructor, photo, found, face):
    """The Face with the crop of the photo with these landmarks."""
    five = dense_landmarks.five_points(found)
    return dataclasses.replace(face, crop=crops.crop(photo, five, reconstructor),
                               framing=sightings.framing(photo, five, reconstructor))


def _person(fitter, keys):
    """The Person that Keys show."""
    fits = [key.fit for key in keys]
    shape, texture = (np.mean([getattr(fit.state, name) for fit in fits], 0) for name in ("shape", "texture"))
    prior = fitter.prior(shape, texture)._replace(nearness_deviation=NEARNESS_DEVIATION)
    focal = np.median([math.exp(fit.state.view.log_scale) / fit.scale / fit.state.view.nearness for fit in fits])
    return Person(prior, float(focal), _offsets(fitter.model, fits))


def _offsets(model, fits):
    """[468, 3] mm in the head's axes, in least squares of what each Fit shows of them in the plane of its picture."""
    square, right = OFFSET_RIDGE * np.eye(3), 0.
    for state, _, center, _, observed in fits:
        places = state.view.project(model.points(observed.vertices, state.expression, state.shape), center)
        axes = state.view.matrix[:2]
        square += axes.T @ axes
        right += (observed.pixels - places) * [1., -1.] / math.exp(state.view.log_scale) @ axes
    return right @ np.linalg.inv(square)


def _state(fitter, person, found, state, center):
    """The State of a frame with landmarks [468, 2], begun with that of the frame before, or None."""
    observed = landmarks.dense(found, fitter.calibration)
    observed = observed._replace(deviations=CONSTANT * observed.deviations, offsets=person.offsets)
    state = state or landmarks.start(fitter.model, observed, center, person.prior)
    # The lens stays, so that size tells the distance; it changes little from frame to frame.
    prior = person.prior._replace(nearness=math.exp(state.view.log_scale) / person.focal)
    return landmarks.fit(fitter.model, observed, center, state, prior)


def _parts(times, seen):
    """[[number]] of the frames with a face, parted by cuts and long gaps."""
    numbers = list(seen)
    ends = [position for position, (one, other) in enumerate(zip(numbers, numbers[1:]), 1)
            if times[other] - times[one] > SHORT or other == one + 1 and _jumps(seen[one], seen[other])]
    return [numbers[start:end] for start, end in zip([0, *ends], [*ends, len(numbers)], strict=True)]


def _jumps(one, other):
    return np.linalg.norm(other - one, axis=1).mean() > JUMP * np.ptp(one, 0).max()


def _piece(fitter, person, wanted, times, states):
    """The Track at wanted times of States at some of them, smoothed, with places from the camera."""
    places = np.array([[*state.view.shift, -person.focal / math.exp(state.view.log_scale)] for state in states])
    weights = np.array([fitter.weights(state.expression) for state in states])
    turns = Rotation.from_matrix([state.view.matrix for state in states])
    middle = turns.mean()
    turns = middle * Rotation.from_rotvec(_smoothed(times, (middle.inv() * turns).as_rotvec(), wanted, POSE_CUTOFF))
    return Track(wanted, np.clip(_smoothed(times, weights, wanted, EXPRESSION_CUTOFF), 0., 1.), turns.as_matrix(),
                 _smoothed(times, places, wanted, POSE_CUTOFF))


def _smoothed(times, values, wanted, cutoff):
    """[M, K] at M wanted times of values [N, K] at N times, which are among them."""
    if len(times) < SPLINED:
        return make_interp_spline(times, values, k=min(1, len(times) - 1))(wanted)
    # The spline with the penalty p passes 1 / (1 + p w^4 / rate) of what changes with the angular frequency w.
    penalty = (2. * math.pi * cutoff)**-4 / np.median(np.diff(times))
    columns = [make_smoothing_spline(times, column, lam=penalty)(wanted) for column in values.T]
    return np.stack(columns, 1) if columns else np.empty([len(wanted), 0])


def _notes(times, seen, parts):
    """What the user may want to know of the track."""
    shown = sum(part[-1] - part[0] + 1 for part in parts)
    filled, without = shown - len(seen), len(times) - shown
    return [f"a track of {shown} frames"] + [f"{filled} frames without a face, in short gaps, are made up"] * (filled > 0) + \
        [f"{without} frames without a face are left out of the track"] * (without > 0) + \
        [f"the track is parted into {len(parts)}, at cuts or long gaps, across which it is not smoothed"] * (len(parts) > 1)
