"""What every network of an ablation is measured on: likeness, geometry, moments of the coefficients, stability over pose."""
import collections
import json
import os
import zipfile
from typing import NamedTuple

import numpy as np

from morph3d import atomic_files
from morph3d.encoders.base import Encoder
from morph3d.evaluation.geometry import measurement as geometry_measurement
from morph3d.evaluation.geometry import synthetic_scans
from morph3d.evaluation.geometry.measurement import AVERAGED, MEAN_FACE
from morph3d.evaluation.recognition import measurement as recognition_measurement
from morph3d.evaluation.stress import measurement as stress_measurement
from morph3d.evaluation.stress import scene_series
from morph3d.evaluation.stress.degradations import SERIES
from morph3d.morphable.model import MorphableModel

SHOWN = 6  # photos in the figure
TURNS = 30, 60  # degrees of yaw
DRIFTS = {"shape_drift": "shape", "texture_drift": "texture"}  # and what of different people each is a part of
EVERYBODY = "everybody"  # whose figure one of all people together is
NETWORK = "network"


class Figures(NamedTuple):
    """What was measured on one network."""
    values: dict[str, dict[str, dict[str, float]]]  # {part: {measure: {person: value}}}
    photos: np.ndarray  # [SHOWN, size, size, 3] uint8, as the network sees them
    faces: np.ndarray  # ... the frontal renderings of what it makes of them


class Bench(NamedTuple):
    """What every network is measured on."""
    photos: str  # a source of test photos, see sources.find, that says of each whom it shows
    people: int  # of them, with one photo each
    judge: Encoder  # a recognizer that training never saw
    model: MorphableModel  # another one than the networks'
    count: int  # random faces of it

    def figures(self, path, start, reconstructor):
        """The Figures of a network, which are kept in a file and not measured again.

        Args:
          path: of the file, .npz; what it holds of another start or another bench is measured anew.
          start: text, from where the network was trained.
          reconstructor: () -> Reconstructor.
        """
        of = {"start": start, "photos": os.path.abspath(self.photos), "people": self.people, "judge": self.judge.fingerprint,
              "model": self.model.fingerprint, "count": self.count}
        kept = _read(path, of)
        if kept is None:
            kept = self.measure(reconstructor())
            with atomic_files.replacing(path) as beside:
                np.savez(beside, photos=kept.photos, faces=kept.faces, text=json.dumps([of, kept.values]))
        return kept

    def measure(self, reconstructor):
        """The Figures of a Reconstructor."""
        of_photos, photos, faces = likeness(reconstructor, self)
        return Figures(of_photos | {"geometry": geometry(reconstructor, self), "pose": pose(reconstructor, self)}, photos, faces)


def _read(path, of):
    """The Figures in a file; None where there is none, a damaged one, or one of something else."""
    try:
        with np.load(path) as file:
            found, values = json.loads(file["text"].item())
            return Figures(values, file["photos"], file["faces"]) if found == of else None
    except (OSError, ValueError, EOFError, KeyError, zipfile.BadZipFile):
        return None


def likeness(reconstructor, bench):
    """How well the judge knows the faces, and the moments of their coefficients -> {part: values}, photos, faces."""
    result = recognition_measurement.measure({NETWORK: reconstructor}, bench.photos, bench.judge, bench.people, pictured=SHOWN)
    findings = result.models[NETWORK]
    found = findings.likeness
    known = {"top-1": found.top1, "top-5": found.top5, "cosine": found.right}
    coefficients = np.split(findings.coefficients[result.chosen], [len(reconstructor.mean_face.shape)], 1)
    return {"likeness": {name: _by(found.people, values) for name, values in known.items()},
            "moments": moments(*coefficients)}, *result.pictures[NETWORK]


def moments(shape, texture):
    """How far the moments of people's coefficients, [N, S] and [N, T], are from those of a standard normal distribution."""
    found = {}
    for name, part in (("shape", shape), ("texture", texture)):
        deviations = part.std(0, ddof=1)
        found |= {f"{name}: mean deviation": deviations.mean(), f"{name}: deviations from 1": _root_mean_square(deviations - 1.),
                  f"{name}: means from 0": _root_mean_square(part.mean(0))}
    return {name: {EVERYBODY: float(value)} for name, value in found.items()}


def geometry(reconstructor, bench):
    """The distance to faces of the other model by the paper's protocol, mm, and as a part of the mean face's."""
    readings = {"read": reconstructor.reading(renderings=True), "expected": reconstructor.reading(renderings=True, expected=True)}
    found = geometry_measurement.measure(readings, synthetic_scans.subjects(bench.model, bench.count), ["micc"], best_fit=False)
    errors = collections.defaultdict(dict)
    for figure in found.figures:
        errors[figure.model, figure.kind][figure.subject] = figure.error
    values = {}
    for label in readings:
        face, mean_face = errors[label, AVERAGED], errors[label, MEAN_FACE]
        values |= {f"{label}, mm": face, f"{label}, of mean face": {who: face[who] / mean_face[who] for who in face}}
    return values


def pose(reconstructor, bench):
    """How far faces of the other model drift as the head is turned, as a part of what different people are apart; and the judge's
    cosine with the untouched face."""
    people = scene_series.SyntheticPeople(bench.model, bench.count, 0)
    result = stress_measurement.measure({NETWORK: reconstructor.reading(renderings=True)}, people, ["yaw"], bench.judge)
    network = result.networks[NETWORK]
    found, measures, _ = network.curves["yaw"]
    values = {}
    for degrees in TURNS:
        level = 1 + SERIES["yaw"].levels.index(degrees)  # before the first is the untouched picture
        who = np.array(result.people)[found[level]]
        for name in (*DRIFTS, "likeness"):
            apart = network.between[DRIFTS[name]] if name in DRIFTS else 1.
            values[f"{degrees}°: {name.replace('_', ' ')}"] = _by(who, measures[name][level][found[level]] / apart)
    return values


def _by(people, values):
    return {str(who): float(value) for who, value in zip(people, values, strict=True)}


def _root_mean_square(values):
    return np.sqrt(np.mean(np.square(values)))
