"""Geometry of reconstructions: how far the faces made of photos are from scans of the same people (paper, section 4.2, table 1)."""
import collections
import concurrent.futures
import os
from typing import NamedTuple

import numpy as np
import tqdm
from absl import logging

from morph3d.evaluation.geometry import model_fit, protocols
from morph3d.evaluation.geometry.scans import Scan
from morph3d.inference.faces import Face
from morph3d.photos import crops

PROTOCOLS = ("micc", "deng", "now", "regions")
USUAL = PROTOCOLS[:3]
AVERAGED, SINGLE, MEAN_FACE, BEST_FIT = KINDS = "averaged", "single", "mean_face", "best_fit"
BINS = np.linspace(0., 50., 5001)  # mm, in which distances of many scans are counted


class Figure(NamedTuple):
    """One error. Of faces made of photos it has a condition, of a mean face and a best fit it has none."""
    subject: str
    model: str
    kind: str  # of KINDS: from the mean encoding, the mean over single photos, of no photo, fitted to the scan itself
    condition: str
    protocol: str  # of PROTOCOLS; "regions: nose" and its like
    error: float  # mm


class Shown(NamedTuple):
    """A face beside its scan, for pictures: that of the first model, condition and protocol, from the mean encoding."""
    scan: Scan
    face: Face
    measured: protocols.Measured


class Measurement(NamedTuple):
    figures: list[Figure]
    left_out: list[tuple[str, str]]  # (subject, or subject and condition, why)
    photos: collections.Counter  # {"used", "left out"}
    counts: dict[tuple[str, str], np.ndarray]  # (model, kind): how many distances of NoW are in each of BINS
    shown: list[Shown]


def measure(reconstructors, subjects, wanted=USUAL, pictured=0, left_out=(), best_fit=True):
    """Reconstructs each subject from each photo alone and from the mean encoding of all photos of a condition, and compares.

    Beside these stand what needs no photo, the model's mean face, and what needs the scan, the best fit of its modes. A scan or
    photo that is no good is told, counted and left out; a subject counts for a protocol with all its faces or with none.

    Args:
      reconstructors: {label: Reconstructor}.
      subjects: iterable of Subject (subjects.py); one is in memory at a time.
      wanted: names of PROTOCOLS; regions take as long as the others together.
      pictured: how many subjects are to be shown; the best and the worst come on top. 0: none.
      left_out: (who, why) of those that were left out before.
      best_fit: whether the best fits are compared too; they take longer than all else.

    Returns:
      Measurement.

    Raises:
      ValueError: nobody could be measured; says why.
    """
    counts = collections.defaultdict(lambda: np.zeros(len(BINS) - 1, np.int64))
    result = Measurement([], list(left_out), collections.Counter(), counts, [])
    modes = {label: model_fit.modes_of(reconstructor) if best_fit else None for label, reconstructor in reconstructors.items()}
    # One for all readings of a network: faces that are the same are compared once.
    mean_faces = {id(reconstructor.network): reconstructor.mean_face for reconstructor in reconstructors.values()}
    for number, subject in enumerate(tqdm.tqdm(subjects, unit=" scans", dynamic_ncols=True)):
        try:
            scan = subject.scan()
            seen = _crops(subject, reconstructors, result)
            faces = [face for label, reconstructor in reconstructors.items()
                     for face in _faces(label, reconstructor, mean_faces[id(reconstructor.network)], modes[label], scan, seen)]
        except ValueError as error:
            _leave_out(result.left_out, subject.name, error)
            continue
        shown = _compare(result, scan, faces, wanted)
        protocols.aligned.cache_clear()
        if pictured:
            _keep(result.shown, shown, number < pictured, pictured)
    if not result.figures:
        raise ValueError("nobody could be measured: " + "; ".join(f"{who}: {why}" for who, why in result.left_out[:3]))
    return result


class _Made(NamedTuple):
    """A face to be compared."""
    model: str
    kind: str
    condition: str
    face: Face | model_fit.Fit


def _crops(subject, reconstructors, result):
    """{condition: {label: crops [N, size, size, 3]}}; what is left out is added to the result."""
    seen = {}
    for condition, contents in subject.photos.items():
        found = list(crops.read_all(contents(), *reconstructors.values()))
        good = [each for each in found if not isinstance(each, ValueError)]
        result.photos.update({"used": len(good), "left out": len(found) - len(good)})
        if good:
            seen[condition] = dict(zip(reconstructors, map(np.stack, zip(*good, strict=True)), strict=True))
        else:
            reasons = collections.Counter(map(str, found)).most_common(1)
            _leave_out(result.left_out, f"{subject.name}, {condition}", reasons[0][0] if reasons else "no photos")
    if not seen:
        raise ValueError("no photo shows a face")
    return seen


def _faces(label, reconstructor, mean_face, modes, scan, seen):
    """Yields the _Made of one model; without its best fit if there are no modes."""
    yield _Made(label, MEAN_FACE, "", mean_face)
    if modes:
        yield _Made(label, BEST_FIT, "", model_fit.fit(modes, scan, mean_face))
    for condition, of_models in seen.items():
        averaged = reconstructor.from_crops(of_models[label])
        yield _Made(label, AVERAGED, condition, averaged)
        alone = [reconstructor.from_crops(crop[None]) for crop in of_models[label]] if len(of_models[label]) > 1 else [averaged]
        yield from (_Made(label, SINGLE, condition, face) for face in alone)


def _compare(result, scan, faces, wanted):
    """Adds the figures of one scan to the result; -> what is shown of it: nothing or one."""
    measured = _measured(scan, faces, wanted)
    for protocol, error in [(name, one) for name, one in measured.items() if isinstance(one, ValueError)]:
        _leave_out(result.left_out, f"{scan.name}, {protocol}", error)
        del measured[protocol]
    errors = collections.defaultdict(list)
    for of_faces in measured.values():
        for made in faces:
            for name, one in of_faces[id(made.face)].items():
                errors[made.model, made.kind, made.condition, name].append(one.error)
                if name == "now":
                    result.counts[made.model, made.kind] += np.histogram(np.clip(one.distances, 0., BINS[-1]), BINS)[0]
    result.figures.extend(Figure(scan.name, *which, float(np.mean(values))) for which, values in errors.items())
    first = next(made.face for made in faces if made.kind == AVERAGED)
    return [Shown(scan, first, of_faces[id(first)][name]) for name, of_faces in measured.items() if name in of_faces[id(first)]][:1]


def _measured(scan, faces, wanted):
    """{protocol: {id of a face: {name: protocols.Measured}}}; of a protocol that fails for one face its ValueError.

    Face by face, for the protocols share its alignment, and several faces at a time.
    """
    distinct = list({id(made.face): made.face for made in faces}.values())
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        found = list(pool.map(lambda face: [_by(protocol, scan, face) for protocol in wanted], distinct))
    return {protocol: next((one for one in of_faces if isinstance(one, ValueError)), None)
            or dict(zip(map(id, distinct), of_faces, strict=True))
            for protocol, of_faces in zip(wanted, zip(*found, strict=True), strict=True)}


def _by(protocol, scan, face):
    """{name: protocols.Measured}, one by the protocol's own name, or one a region; or the ValueError that says why not."""
    try:
        found = getattr(protocols, protocol)(scan, face)
    except ValueError as error:
        return error
    return {f"{protocol}: {region}": one for region, one in found.items()} if isinstance(found, dict) else {protocol: found}


def _keep(shown, new, wanted, pictured):
    """Adds what is new to what is shown; beyond those wanted only the best and the worst stay."""
    first, rest = shown[:pictured], shown[pictured:]
    if wanted:
        shown[:] = first + new
    else:
        ranked = sorted(rest + new, key=lambda one: one.measured.error)
        shown[:] = first + (ranked if len(ranked) < 2 else [ranked[0], ranked[-1]])


def _leave_out(left_out, who, why):
    logging.warning("%s: left out: %s", who, why)
    left_out.append((who, str(why)))
