"""Fidelity of color: does a face made of one photo have the colors that the person's other photos show?

No photo shows a face's own colors: light and camera tint every one. The mean of the other photos is the nearest that can be had,
and how far one photo is from it says how near a face made of that photo can be expected to come.
"""
import collections
from typing import NamedTuple

import numpy as np
from absl import logging

from morph3d import images
from morph3d.encoders import skin_color
from morph3d.evaluation import galleries, judges
from morph3d.evaluation.color import face_patches

FEWEST = 3  # people, for a correlation


class Colors(NamedTuple):
    """The colors of N people's faces, [N, 4, 3] CIELAB of the regions in the order of face_patches.regions()."""
    people: list[str]  # [N]
    photo: np.ndarray  # in their first photo
    others: np.ndarray  # the mean of their other photos
    faces: dict[str, np.ndarray]  # of each reconstructor: the rendering of the face that it made of the first photo
    mean_faces: dict[str, np.ndarray]  # of each: [4, 3], the rendering of its mean face
    left_out: dict[str, str]  # key of a photo: the reason why
    missing: list[str]  # people of whom fewer than two photos are left


def of_several_photos(photos, people=0):
    """Those photos that show people of whom there are several: the first `people` of these in the order of names, or all.

    Args:
      photos: list of sources.Photo.
      people: 0 for all.

    Raises:
      ValueError: there are fewer than three such people, or fewer are asked for.
    """
    if 0 < people < FEWEST:
        raise ValueError(f"found people = {people}, expected {FEWEST} or more, or 0 for all: fewer have no correlation")
    counts = collections.Counter(photo.person for photo in photos if photo.person)
    several = sorted(person for person, count in counts.items() if count > 1)
    if len(several) < FEWEST:
        raise ValueError(f"found {len(photos)} photos of {len(counts)} people, {len(several)} of them with two photos or more; "
                         f"expected {FEWEST} such people or more: give one folder a person, with several photos each")
    chosen = set(several[:people or None])
    return [photo for photo in photos if photo.person in chosen]


def measure(reconstructors, photos):
    """Measures the colors of people's photos, and of the faces made of the first photo of each.

    A photo that cannot be read, shows no face or is gray is left out, and named in the log; if it is the first of a person, the
    next one takes its place.

    Args:
      reconstructors: {label: Reconstructor}.
      photos: list of sources.Photo, as `of_several_photos` gives them.

    Returns:
      Colors of the people of whom two photos or more are left.

    Raises:
      ValueError: there are fewer than three such people.
    """
    left_out = {}
    seen, made = _read(photos, reconstructors, left_out)
    people = [person for person, found in seen.items() if len(found) > 1]
    missing = sorted({photo.person for photo in photos} - set(people))
    for name, reason in (left_out | dict.fromkeys(missing, "fewer than two good photos")).items():
        logging.warning("%s: left out: %s", name, reason)
    if len(people) < FEWEST:
        raise ValueError(f"{len(people)} people with two good photos or more are left, expected {FEWEST} or more; of {len(photos)} "
                         f"photos {len(left_out)} had to be left out (the first: {': '.join(next(iter(left_out.items()), ''))})")
    return Colors(people, np.stack([seen[person][0] for person in people]),
                  np.stack([np.mean(seen[person][1:], 0) for person in people]),
                  {label: np.stack([found[person] for person in people]) for label, found in made.items()},
                  {label: _of_mean_face(reconstructor) for label, reconstructor in reconstructors.items()}, left_out, missing)


def _read(photos, reconstructors, left_out):
    """-> {person: [[4, 3] of each good photo]}, {label: {person: [4, 3] of the face made of the first one}}."""
    seen, made = {}, {label: {} for label in reconstructors}
    for some, views, *inputs in _good(photos, reconstructors.values(), left_out):
        first = {}
        for number, (photo, lab) in enumerate(zip(some, face_patches.measure(views / 255.), strict=True)):
            if photo.person not in seen:
                first[photo.person] = number
            seen.setdefault(photo.person, []).append(lab)
        for (label, reconstructor), crops in zip(reconstructors.items(), inputs, strict=True) if first else ():
            face = reconstructor.read(crops[list(first.values())])
            made[label] |= zip(first, drawn(reconstructor, face["vertices"], face["colors"]), strict=True)
    return seen, made


def _good(photos, reconstructors, left_out):
    """Yields some photos, their views to be measured and their crops for each reconstructor; those of gray photos are left out."""
    for some, framed in galleries.in_batches(photos, [face_patches.frame(), *reconstructors], left_out):
        gray = skin_color.is_gray(images.to_float(framed[0])).numpy()
        left_out |= {photo.key: "gray" for photo, is_gray in zip(some, gray, strict=True) if is_gray}
        if not gray.all():
            yield [photo for photo, is_gray in zip(some, gray, strict=True) if not is_gray], *(part[~gray] for part in framed)


def _of_mean_face(reconstructor):
    face = reconstructor.mean_face
    return drawn(reconstructor, face.vertices[None], face.colors[None])[0]


def drawn(reconstructor, vertices, colors):
    """The colors [N, 4, 3] CIELAB of faces, vertices and colors [N, V, 3], in the rendering by which they are judged."""
    return face_patches.measure(judges.frontal(reconstructor.network, vertices, colors, face_patches.frame()))
