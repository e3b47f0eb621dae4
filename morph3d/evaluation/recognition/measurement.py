"""Likeness of reconstructions: how well a recognizer that training never saw knows the people (paper, sections 4.3 and 4.4)."""
from typing import NamedTuple

import numpy as np
from absl import logging

from morph3d.evaluation import galleries, judges
from morph3d.evaluation.recognition import recall, similarity, verification


class Findings(NamedTuple):
    """What was found about the faces of one reconstructor, or, as the ceiling, about photos in place of renderings."""
    likeness: recall.Found | None  # of one photo of each of some people; None where nobody has a second photo
    everything: recall.Found | None  # of all photos
    cosines: np.ndarray | None  # [N] of all photos with their renderings
    coefficients: np.ndarray | None  # [N, S + T] of all photos, shape, then texture
    verified: dict[str, verification.Verification]  # by what the pairs were compared


class Result(NamedTuple):
    """What was found, N photos, for each reconstructor and as the ceiling of all."""
    models: dict[str, Findings]  # by the reconstructors' labels
    ceiling: Findings
    gallery: galleries.Gallery
    photo_pairs: similarity.Pairs
    verified_pairs: verification.Pairs | None
    official: bool  # whether those came from a file
    chosen: np.ndarray  # the numbers of the photos of the likeness protocol
    judge: str  # its fingerprint
    trained_with: list[str]  # labels of the reconstructors whose training used the judge
    pictures: dict[str, tuple[np.ndarray, np.ndarray]]  # of some of the chosen: see galleries.show


def measure(reconstructors, source, judge, people=84, pairs=None, pictured=0):
    """Reconstructs the face of each photo from that alone, draws it from the front, and lets the judge look for its photo.

    The likeness protocol takes the first photo that can be used of each of the first `people` people, in sorted order, of those
    who have one. Its ceiling takes a second photo in place of the rendering, where there is one.

    Args:
      reconstructors: {label: Reconstructor}.
      source: of photos, see sources.find, that says of each whom it shows: a folder a person, or tfds:lfw.
      judge: Encoder, see judges.load.
      people: how many take part in the likeness protocol.
      pairs: file of pairs to be verified, see verification.read; None: some are drawn.
      pictured: how many of the faces to return as pictures.

    Raises:
      ValueError: there are fewer people, or those of verification.read and galleries.read.
    """
    photos = galleries.listing(source, people)
    named = verification.read(pairs, photos) if pairs else None
    gallery, faces = galleries.read(photos, reconstructors, judge)
    if pairs:
        number = {photo.key: n for n, photo in enumerate(photos)}
        named = verification.within(named, [number[key] for key in gallery.keys])
    else:
        named = verification.draw(gallery.people)
    chosen = _first(gallery.people, np.arange(len(gallery.people)))[:people]
    if len(chosen) < people:
        logging.warning("photos of %d people are left for the likeness protocol, where %d were asked for", len(chosen), people)
    models = {label: _findings(made, gallery, chosen, named) for label, made in faces.items()}
    by_key = {photo.key: photo for photo in photos}
    shown = [by_key[gallery.keys[n]] for n in chosen[:pictured]]
    return Result(models, _ceiling(gallery, chosen, named), gallery, similarity.of_pairs(gallery.identities, gallery.people), named,
                  pairs is not None, chosen, judge.fingerprint, judges.trained_with(judge, reconstructors),
                  galleries.show(shown, reconstructors, judge) if shown else {})


def _findings(faces, gallery, chosen, pairs):
    drawn, photos, people = galleries.finite("renderings", faces.identities), gallery.identities, gallery.people
    verified = {"coefficients": faces.coefficients, "renderings": drawn} if pairs else {}
    return Findings(recall.find(drawn[chosen], people[chosen], photos[chosen], people[chosen]),
                    recall.find(drawn, people, photos, people), (drawn * photos).sum(1), faces.coefficients,
                    _verified(verified, pairs))


def _ceiling(gallery, chosen, pairs):
    """Photos in place of renderings: the second photo of each chosen person who has one; every photo among all others."""
    photos, people = gallery.identities, gallery.people
    seconds = _first(people, np.setdiff1d(np.flatnonzero(np.isin(people, people[chosen])), chosen))
    several = np.flatnonzero(recall.has_another(people))
    return Findings(
        recall.find(photos[seconds], people[seconds], photos[chosen], people[chosen]) if len(seconds) else None,
        recall.find(photos[several], people[several], photos, people, own=several) if len(several) else None,
        None, None, _verified({"photos": photos} if pairs else {}, pairs))


def _verified(vectors, pairs):
    return {name: verification.verify(verification.cosines(each, pairs), pairs) for name, each in vectors.items()}


def _first(people, numbers):
    """Of these photos the first of each person, in the order of the people's names."""
    return numbers[np.unique(people[numbers], return_index=True)[1]]
