"""Galleries: photos of people, and the faces reconstructed from each photo alone, as a judge knows them: by their identities."""
import itertools
from typing import NamedTuple

import numpy as np
import tqdm
from absl import logging

from morph3d import images
from morph3d.data import sources
from morph3d.evaluation import judges
from morph3d.photos import crops

AT_A_TIME = 32  # photos whose faces are made, drawn and judged together; all that is in memory at once beside the identities


class Gallery(NamedTuple):
    """N photos."""
    keys: list[str]  # [N] their names in the source
    people: np.ndarray  # [N] texts, whom each shows
    identities: np.ndarray  # [N, I] float32 unit vectors
    left_out: dict[str, str]  # key of a photo that is not among them: the reason why
    missing: list[str]  # people of whom no photo is left


class Faces(NamedTuple):
    """The N faces that a reconstructor has made of a gallery's photos."""
    identities: np.ndarray  # [N, I] of their frontal renderings
    coefficients: np.ndarray  # [N, S + T] shape, then texture


def listing(source, people):
    """The photos of a source, a list of sources.Photo, of at least so many people.

    Raises:
      ValueError: those of sources.find; there are fewer people.
    """
    photos = sources.find(source).photos
    found = len({photo.person for photo in photos} - {""})
    if found < people:
        raise ValueError(f"{source}: photos of {found} people, {people} are needed; give one folder a person, or ask for fewer "
                         "(--people)")
    return photos


def read(photos, reconstructors, judge):
    """Photos, and the face of each by each reconstructor, as the judge knows them; read as it goes, each photo once.

    Args:
      photos: list of sources.Photo. Those that cannot be read, show no face, or whose person nobody says are left out, and named in
        the log.
      reconstructors: {label: Reconstructor}.
      judge: Encoder.

    Returns:
      Gallery, {label: Faces}.

    Raises:
      ValueError: photos of fewer than two people are left; an identity is not finite.
    """
    left_out = {photo.key: "nobody says whom it shows: in no folder of a person" for photo in photos if not photo.person}
    photos, kept = [photo for photo in photos if photo.person], []
    known, made = [], {label: [] for label in reconstructors}
    for some, (shown, *seen) in in_batches(photos, [judge, *reconstructors.values()], left_out):
        kept += some
        known.append(judge(images.to_float(shown)).identity.numpy())
        for (label, reconstructor), crop in zip(reconstructors.items(), seen, strict=True):
            coefficients, drawn = draw(reconstructor, crop, judge)
            made[label].append(Faces(judge(drawn).identity.numpy(), coefficients))
    missing = sorted({photo.person for photo in photos} - {photo.person for photo in kept})
    _log(left_out, missing)
    if len({photo.person for photo in kept}) < 2:
        first = itertools.islice(left_out.items(), 3)
        raise ValueError(f"{len(left_out)} photos had to be left out{''.join(f'; {key}: {why}' for key, why in first)}; "
                         "no two people are left to be told apart")
    gallery = Gallery([photo.key for photo in kept], np.array([photo.person for photo in kept]),
                      finite("photos", np.concatenate(known)), left_out, missing)
    return gallery, {label: Faces(*map(np.concatenate, zip(*parts, strict=True))) for label, parts in made.items()}


def draw(reconstructor, seen, judge):
    """Faces of crops [B, ...] uint8, each alone -> their coefficients [B, S + T], and what the judge is shown of them."""
    face = reconstructor.read(seen)
    return (np.concatenate([face["shape"], face["texture"]], 1),
            judges.frontal(reconstructor.network, face["vertices"], face["colors"], judge))


def show(photos, reconstructors, judge):
    """Some photos again, all of which were read before, for the eye.

    Returns:
      {label: (crops, faces)}, each [N, image_size, image_size, 3] uint8: as the network saw the photos, and as the judge saw what
      it made of them.
    """
    parts = {label: [] for label in reconstructors}
    for _, seen in in_batches(photos, reconstructors.values(), {}):
        for (label, reconstructor), crop in zip(reconstructors.items(), seen, strict=True):
            parts[label].append((crop, images.to_pixels(draw(reconstructor, crop, judge)[1])))
    return {label: tuple(map(np.concatenate, zip(*pairs, strict=True))) for label, pairs in parts.items()}


def finite(name, identities):
    """The identities [N, I], all finite.

    Raises:
      ValueError: some are not.
    """
    broken = np.flatnonzero(~np.isfinite(identities).all(1))
    if len(broken):
        raise ValueError(f"the identities of {len(broken)} of {len(identities)} {name} are not finite (the first is number "
                         f"{broken[0]}); see what the recognizer gives for them")
    return identities


def in_batches(photos, frames, left_out):
    """Yields some of the photos and, for each of the frames, their crops [B, image_size, image_size, 3] uint8.

    Those that cannot be read or show no face are missing there, and `left_out` gets {key: the reason why}.
    """
    progress = tqdm.tqdm(crops.read_all(sources.contents(photos), *frames), "photos", len(photos), unit=" photos",
                         dynamic_ncols=True)
    found = zip(photos, progress, strict=True)
    while some := list(itertools.islice(found, AT_A_TIME)):
        left_out |= {photo.key: str(why) for photo, why in some if isinstance(why, ValueError)}
        good = [(photo, each) for photo, each in some if not isinstance(each, ValueError)]
        if good:
            kept, seen = zip(*good, strict=True)
            yield kept, [np.stack(framed) for framed in zip(*seen, strict=True)]


def _log(left_out, missing):
    for key, reason in left_out.items():
        logging.warning("%s: left out: %s", key, reason)
    for person in missing:
        logging.warning("%s: no photo of this person is left", person)
