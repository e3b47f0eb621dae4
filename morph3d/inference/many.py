"""Reconstruction of many photos and videos: searched and encoded together, and one that is bad never stops the others."""
import concurrent.futures
import functools
import itertools
import os
from typing import NamedTuple

import numpy as np

from morph3d import stopwatch
from morph3d.inference import averaging
from morph3d.photos import decoding, sightings, videos

AT_A_TIME = 16  # photos, or frames, in memory
FRAMES = 48  # of a video that are looked at, spread evenly over it


class Made(NamedTuple):
    """What has become of a photo, of a video, or of many."""
    faces: list  # of Face; none where there is an error
    notes: list  # of text: what the user may want to know
    error: Exception | None = None


def reconstruct(reconstructor, inputs, everybody=False, fit=None):
    """Yields (Input, Made) in order.

    Args:
      reconstructor: Reconstructor.
      inputs: [Input].
      everybody: whether all faces of a photo are asked for, from left to right, or the main one. A video always has one face.
      fit: a function of an Input, its photo [H, W, 3] uint8, None for a video, and a Face of it that gives another Face and notes;
        or raises a ValueError that says why it cannot, and the face stays as it is. None: all stay so. Several threads call it.
    """
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for is_video, run in itertools.groupby(inputs, lambda each: each.is_video):
            if is_video:
                for each in run:
                    made = average(reconstructor, [each])
                    yield each, _fitted(fit, each, None, made) if fit else made
                continue
            for some in _at_a_time(run):
                photos = list(pool.map(_photo, some))
                made = _faces(reconstructor, sightings.look(photos, reconstructor, everybody))
                if fit:
                    made = pool.map(functools.partial(_fitted, fit), some, [photo for _, photo in photos], made)
                yield from zip(some, made)


def average(reconstructor, inputs):
    """One face of photos and videos of one person, whose encodings are averaged (paper, section 4.2) -> Made.

    Left out, and counted in the notes, are pictures without a face, blurred ones, and those of somebody else.
    """
    seen = [seen for some in _at_a_time(_pictures(inputs)) for seen in sightings.look(some, reconstructor)]
    good = [each for each in seen if not isinstance(each, Exception)]
    if not good:
        return Made([], [], seen[0])
    crops = np.concatenate([each.crops for each in good])
    features = reconstructor.encode(crops)
    choice = averaging.choose(crops, reconstructor.reading(expected=True).coefficients(features))
    first = np.argmax(choice.kept)
    face, = reconstructor.faces(features[choice.kept].mean(0, keepdims=True), crops[first:first + 1], good[first].framings)
    left_out = {"without a face or unreadable": len(seen) - len(good), "blurred": choice.blurred,
                "of somebody else": choice.of_others}
    told = ", ".join(f"{count} {why}" for why, count in left_out.items() if count)
    return Made([face], [f"made of {choice.kept.sum()} of {len(seen)} pictures" + f", without {told}" * bool(told)])


def _faces(reconstructor, seen):
    """[Seen or an error] -> [Made], of crops that are encoded together."""
    good = [each for each in seen if not isinstance(each, Exception)]
    faces = iter(())
    if good:
        crops = np.concatenate([each.crops for each in good])
        faces = iter(reconstructor.faces(reconstructor.encode(crops), crops, sum((each.framings for each in good), [])))
    return [Made([], [], each) if isinstance(each, Exception) else Made(list(itertools.islice(faces, len(each.crops))), each.notes)
            for each in seen]


def _fitted(fit, each, photo, made):
    """The Made of an Input whose faces are fitted, or else stay as they are with a note why, and which of several."""
    faces, notes = [], list(made.notes)
    for number, face in enumerate(made.faces, 1):
        try:
            fitted, told = fit(each, photo, face)
            faces.append(fitted)
            notes += told
        except ValueError as error:
            faces.append(face)
            notes.append(f"face {number}, " * (len(made.faces) > 1) + f"not fitted: {error}")
    return made._replace(faces=faces, notes=notes)


def _pictures(inputs):
    """Yields (name, pixels [H, W, 3] uint8 or an error) of the photos and of the frames of the videos."""
    for each in inputs:
        if not each.is_video:
            yield _photo(each)
            continue
        try:
            for frame in videos.frames(each.path, FRAMES):
                yield decoding.printable(each.path), frame
        except ValueError as error:
            yield each.path, error


@stopwatch.timed("reading")
def _photo(each):
    try:
        return decoding.printable(each.path), decoding.read(each.path)
    except ValueError as error:
        return each.path, error


def _at_a_time(items):
    items = iter(items)
    return iter(lambda: list(itertools.islice(items, AT_A_TIME)), [])
