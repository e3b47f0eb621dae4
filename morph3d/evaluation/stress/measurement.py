"""How stable reconstructions are while a picture gets worse: lighting, pose, expression, occlusion, blur (paper, section 4.5)."""
from typing import NamedTuple

import numpy as np
import tqdm
from absl import logging
from scipy.spatial import distance

from morph3d import images
from morph3d.encoders.base import Framing
from morph3d.evaluation import judges
from morph3d.evaluation.stress import degradations, picture_series
from morph3d.inference import face_pictures
from morph3d.photos import crops, face_detection

AT_A_TIME = 12  # faces that go through a network together
SHOWN = 3  # people in the pictures
TILE = Framing(160, picture_series.PORTRAIT.template * 160. / picture_series.SIZE)  # of a picture in a sheet
VIEWS = (-90., -45., 0., 45., 90.)  # degrees (figure 13)


class Curve(NamedTuple):
    """What one network made of N people in M conditions: the untouched pictures, then the levels of a series."""
    found: np.ndarray  # [M, N] bool, whether a face was found
    measures: dict[str, np.ndarray]  # [M, N] each, NaN where none was found; see `measure`
    faces: np.ndarray  # [M, shown, size, size, 3] uint8 frontal renderings, black where none was found


class Network(NamedTuple):
    """What was measured on one network."""
    between: dict[str, float]  # shape, texture and maybe likeness of pairs of different people, untouched: means over the pairs
    mean_face_error: float | None  # mm, if the mean face stood for every reconstruction; None where the truth is not known
    curves: dict[str, Curve]  # by series
    views: np.ndarray  # [shown, 5, size, size, 3] uint8, the untouched reconstructions turned by VIEWS


class Stress(NamedTuple):
    people: list[str]  # N names
    left_out: dict[str, str]  # name: why
    inputs: dict[str, np.ndarray]  # by series: [M, shown, size, size, 3] uint8, the pictures
    networks: dict[str, Network]  # by label
    judge: str | None  # the recognizer's fingerprint
    trained_with: list[str]  # labels of the networks that the recognizer trained


def measure(reconstructors, people, series=None, recognizer=None):
    """How far reconstructions drift from those of the untouched pictures, and whether there are any.

    The measures of a person in a condition:
      shape_drift, texture_drift: the distance of the coefficients from those of the untouched picture, root mean square over
        them, in standard deviations.
      likeness: the cosine of the recognizer's identities of both frontal renderings.
      error_mm: the mean distance in mm from the true face's vertices, where these are known (see scene_series.Truth).

    Args:
      reconstructors: {label: Reconstructor}.
      people: picture_series.People; who has no face that is found in the untouched picture is left out with a warning.
      series: names in degradations.SERIES; None: all that the people offer.
      recognizer: Encoder, the judge of the likeness (see judges.py), or None.

    Returns:
      Stress.

    Raises:
      ValueError: a series is unknown or not offered, or nobody's face is found.
    """
    names = degradations.choose(series, people.offered)
    points = face_detection.detect_all(list(people.portraits))
    kept, left_out = _kept(reconstructors, people, points)
    portraits, points = people.portraits[kept], [points[i] for i in kept]
    probes = {label: _Probe(reconstructor, recognizer, people.truth(reconstructor.network), kept, portraits, points)
              for label, reconstructor in reconstructors.items()}
    inputs, curves = {}, {label: {} for label in probes}
    total = len(kept) * sum(len(degradations.SERIES[name].levels) for name in names)
    with tqdm.tqdm(desc="stress", total=total, unit=" pictures", dynamic_ncols=True) as bar:
        for name in names:
            shown, readings = [_tiles(portraits)], {label: [probe.untouched] for label, probe in probes.items()}
            for level in degradations.SERIES[name].levels:
                pictures = people.pictures(name, level)[kept]
                points = face_detection.detect_all(list(pictures))
                shown.append(_tiles(pictures))
                for label, probe in probes.items():
                    readings[label].append(probe.read(pictures, points))
                bar.update(len(kept))
            inputs[name] = np.stack(shown)
            for label, probe in probes.items():
                curves[label][name] = probe.curve(readings[label])
    return Stress([people.names[i] for i in kept], left_out, inputs,
                  {label: probe.network(curves[label]) for label, probe in probes.items()},
                  recognizer and recognizer.fingerprint, judges.trained_with(recognizer, reconstructors) if recognizer else [])


def _kept(reconstructors, people, points):
    """The numbers of those whose untouched faces all networks can see, and {name: why} of the others."""
    left_out = dict(people.left_out)
    for name, portrait, five in zip(people.names, people.portraits, points, strict=True):
        whys = [why for _, why in (_crop(portrait, five, frame) for frame in reconstructors.values()) if why]
        if whys:
            left_out[name] = f"untouched: {whys[0]}"
            logging.warning("%s: %s; left out", name, left_out[name])
    kept = [i for i, name in enumerate(people.names) if name not in left_out]
    if not kept:
        raise ValueError(f"no face found in the untouched pictures of any of {len(people.names)} people; give others")
    return kept, left_out


def _crop(picture, points, frame):
    """-> a picture's crop and None, or None and why there is none."""
    try:
        return crops.crop(picture, points, frame), None
    except ValueError as error:
        return None, str(error)


def _tiles(pictures):
    return np.stack([images.resize(picture, TILE.image_size) for picture in pictures[:SHOWN]])


class _Reading(NamedTuple):
    """What a network reads from the pictures of N people."""
    found: np.ndarray  # [N] bool
    values: dict[str, np.ndarray]  # of those that were found: shape [M, S], texture [M, T], maybe identity [M, I] and error [M]
    faces: np.ndarray  # [shown, size, size, 3] uint8


class _Probe:
    """A network under test, which knows what it made of the untouched portraits."""

    def __init__(self, reconstructor, recognizer, truth, kept, portraits, points):
        self._reconstructor, self._recognizer = reconstructor, recognizer
        self._truth, self._numbers = truth, np.array(kept)
        self._portraits, self._points = portraits, points
        self.untouched = self.read(portraits, points)

    def read(self, pictures, points):
        """The _Reading of pictures [N, size, size, 3] uint8 whose five points, or None, are given."""
        cropped = [_crop(picture, five, self._reconstructor)[0] for picture, five in zip(pictures, points, strict=True)]
        found = np.array([crop is not None for crop in cropped])
        tiles = np.zeros([min(SHOWN, len(pictures)), TILE.image_size, TILE.image_size, 3], np.uint8)
        parts = []
        numbers = np.flatnonzero(found)
        for first in range(0, len(numbers), AT_A_TIME):
            part = numbers[first:first + AT_A_TIME]
            made = self._reconstructor.read(np.stack([cropped[i] for i in part]))
            parts.append(self._values(made, part))
            shown = part[part < SHOWN]
            if len(shown):
                tiles[shown] = images.to_pixels(self._draw(made, TILE, len(shown)))
        values = {name: np.concatenate([each[name] for each in parts]) for name in (parts[0] if parts else ())}
        return _Reading(found, values, tiles)

    def _values(self, made, numbers):
        values = {"shape": made["shape"].numpy(), "texture": made["texture"].numpy()}
        if self._recognizer is not None:
            values["identity"] = self._recognizer(self._draw(made, self._recognizer)).identity.numpy()
        if self._truth is not None:
            values["error"] = self._truth.errors(made["vertices"].numpy(), self._numbers[numbers])
        return values

    def _draw(self, made, frame, count=None):
        return judges.frontal(self._reconstructor.network, made["vertices"][:count], made["colors"][:count], frame)

    def curve(self, readings):
        """The Curve of readings, of which the first is that of the untouched pictures."""
        measures = [self._measures(reading) for reading in readings]
        return Curve(np.stack([reading.found for reading in readings]),
                     {name: np.stack([each[name] for each in measures]) for name in measures[0]},
                     np.stack([reading.faces for reading in readings]))

    def _measures(self, reading):
        """The measures of each person, [N], as `measure` lists them."""
        now, before = reading.values, {name: values[reading.found] for name, values in self.untouched.values.items()}
        measures = {name: np.full(len(reading.found), np.nan) for name in _MEASURES if _MEASURES[name][0] in before}
        for name, values in measures.items() if now else ():
            of, compare = _MEASURES[name]
            values[reading.found] = compare(now[of], before[of])
        return measures

    def network(self, curves):
        """The Network with these curves."""
        error = None
        if self._truth is not None:
            mean_faces = np.repeat(self._reconstructor.mean_face.vertices[None], len(self._numbers), 0)
            error = float(self._truth.errors(mean_faces, self._numbers).mean())
        views = []
        for portrait, five in list(zip(self._portraits, self._points, strict=True))[:SHOWN]:
            face = self._reconstructor.from_crops([_crop(portrait, five, self._reconstructor)[0]])
            views.append(images.to_pixels(face_pictures.draw_views(face, VIEWS, TILE.image_size)))
        return Network(_between(self.untouched.values), error, curves, np.stack(views))


def _between(values):
    """The measures between different people, means over all pairs."""
    if len(values["shape"]) < 2:
        return {}
    between = {name: distance.pdist(values[name]).mean() / np.sqrt(values[name].shape[1]) for name in ("shape", "texture")}
    if "identity" in values:
        between["likeness"] = 1. - distance.pdist(values["identity"], "cosine").mean()
    return {name: float(value) for name, value in between.items()}


def _root_mean_square(values, others):
    return np.sqrt(np.square(values - others).mean(-1))


def _cosine(values, others):
    return (values * others).sum(-1)


# Of each measure what it is made of, and how this is compared with the same of the untouched picture.
_MEASURES = {"shape_drift": ("shape", _root_mean_square), "texture_drift": ("texture", _root_mean_square),
             "likeness": ("identity", _cosine), "error_mm": ("error", lambda values, _: values)}
