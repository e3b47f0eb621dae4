"""The tables, figures and words of a measurement of geometry."""
import collections

import numpy as np

from morph3d.evaluation import statistics
from morph3d.evaluation.geometry import published
from morph3d.evaluation.geometry.measurement import AVERAGED, BEST_FIT, BINS, KINDS, MEAN_FACE, SINGLE
from morph3d.evaluation.report import Report, Table

ALL = "all"
TITLES = {
    "micc": "MICC, as the paper: symmetric point-to-plane distance within 95 mm of the tip of the nose, mm",
    "deng": "MICC after Deng et al. 2019: root mean square point-to-plane distance, without the forehead, mm",
    "now": "NoW, not metrical: each scan's median distance to the surface, mm",
    "regions": "After REALY, without its non-rigid step: mean distance in regions aligned one by one, mm"}
WORDS = {AVERAGED: "mean encoding of the photos", SINGLE: "single photos, mean of their errors", MEAN_FACE: "mean face",
         BEST_FIT: "best fit of its own modes"}


def report(measurement, dataset, unit="mm"):
    """The Report of a Measurement.

    The summary has for each protocol {condition, "mean", "single", "mean_face", "best_fit", "against_mean_face": Estimate}: the
    condition's and the mean's figures are those of mean encodings. Of several models the first one's are at the top, all are under
    "models" by their labels, and "differences" has the others' to the first one's, on the same people.

    Args:
      measurement: what measurement.measure gives.
      dataset: of published.FIGURES, or any other text.
      unit: of the scans; "unknown" is told.
    """
    figures = _grouped(measurement.figures)
    models = list(dict.fromkeys(figure.model for figure in measurement.figures))
    names = list(dict.fromkeys(figure.protocol for figure in measurement.figures))
    of_models = {model: {name: _summary(figures, model, name) for name in names} | _pooled_summary(measurement, model)
                 for model in models}
    first, *others = models
    summary = of_models[first] | {
        "dataset": dataset, "unit": unit, "subjects": len({figure.subject for figure in measurement.figures}),
        "photos": measurement.photos["used"],
        "left_out": {"photos": measurement.photos["left out"],
                     "scans": [{"which": who, "why": why} for who, why in measurement.left_out]}}
    if others:
        summary |= {"models": of_models, "differences": {
            f"{model} - {first}": {name: _difference(*(figures[one, AVERAGED, name] for one in (model, first))) for name in names}
            for model in others}}
    tables = [_table(figures, models, name, dataset) for name in names if ":" not in name]
    tables += [_regions(figures, models, names)] if any(":" in name for name in names) else []
    tables += [_pooled(measurement, models, dataset)] if measurement.counts else []
    tables[-1] = tables[-1]._replace(note=". ".join(filter(None, [tables[-1].note, _words(measurement, unit)])))
    return Report(summary, tables, {})


def _grouped(figures):
    """{(model, kind, protocol): {(subject, condition): error}}."""
    grouped = collections.defaultdict(dict)
    for figure in figures:
        grouped[figure.model, figure.kind, figure.protocol][figure.subject, figure.condition] = figure.error
    return grouped


def _mean(errors, condition=None):
    """The Estimate of {(subject, condition): error}, of one condition or of all; None where there are none."""
    chosen = {which: error for which, error in errors.items() if condition in (None, which[1])}
    return statistics.mean(list(chosen.values()), [subject for subject, _ in chosen]) if chosen else None


def _difference(errors, others, condition=None):
    """The Estimate of differences to the same subject's other errors, of the same condition or of none; None if there are none."""
    pairs = [(error, others.get(which, others.get((which[0], ""))), which[0]) for which, error in errors.items()
             if condition in (None, which[1])]
    pairs = [pair for pair in pairs if pair[1] is not None]
    return statistics.difference(*zip(*pairs, strict=True)) if pairs else None


def _conditions(figures, models, name):
    return list(dict.fromkeys(condition for model in models for _, condition in figures[model, AVERAGED, name]))


def _summary(figures, model, name):
    averaged, mean_face = figures[model, AVERAGED, name], figures[model, MEAN_FACE, name]
    found = {condition: _mean(averaged, condition) for condition in _conditions(figures, [model], name)}
    return found | {"mean": _mean(averaged), "single": _mean(figures[model, SINGLE, name]), "mean_face": _mean(mean_face),
              "best_fit": _mean(figures[model, BEST_FIT, name]), "against_mean_face": _difference(averaged, mean_face)}


def _table(figures, models, name, dataset):
    """A row for each kind of face of each model and for their differences, a column for each condition and for all."""
    conditions = _conditions(figures, models, name)
    columns = [*(conditions if len(conditions) > 1 else []), None]
    rows = []
    for model in models:
        rows += [(f"{model}: {WORDS[kind]}", *([None] * (len(columns) - 1) + [_mean(figures[model, kind, name])] if
                  kind in (MEAN_FACE, BEST_FIT) else [_mean(figures[model, kind, name], column) for column in columns]))
                 for kind in _kinds(figures, model, name)]
        pairs = [("mean face", figures[model, MEAN_FACE, name]),
                 *((first, figures[first, AVERAGED, name]) for first in models[:1] if first != model)]
        rows += [(f"{model} less {other}", *(_difference(figures[model, AVERAGED, name], errors, column) for column in columns))
                 for other, errors in pairs]
    heads = [column or (conditions[0] if len(conditions) == 1 else ALL) for column in columns]
    known = published.rows(dataset, name, heads) if name != "now" else []
    people = len({subject for subject, _ in figures[models[0], AVERAGED, name]})
    note = f"{people} {'people' if people > 1 else 'person'}; intervals of 95 % over people"
    return Table(TITLES[name], (dataset, *heads), rows + known, "; ".join([note, *([published.NOTE] if known else [])]))


def _regions(figures, models, names):
    names = [name for name in names if ":" in name]
    rows = [(f"{model}: {WORDS[kind]}", *(_mean(figures[model, kind, name]) for name in names))
            for model in models for kind in _kinds(figures, model, names[0])]
    return Table(TITLES["regions"], ("", *(name.partition(": ")[2] for name in names)), rows)


def _kinds(figures, model, name):
    """KINDS, without best fits where these were gone without."""
    return [kind for kind in KINDS if kind != BEST_FIT or figures[model, kind, name]]


def _pooled(measurement, models, dataset):
    """NoW's own figures: over the vertices of all scans together."""
    rows = [(f"{model}: {WORDS[kind]}", *_moments(measurement.counts[model, kind])) for model in models for kind in KINDS
            if (model, kind) in measurement.counts]
    known = published.rows(dataset, "now", ("median", "mean", "deviation"))
    return Table("NoW, distances of the vertices of all scans together, mm", (dataset, "median", "mean", "deviation"), rows + known,
                 published.NOTE if known else "")


def _pooled_summary(measurement, model):
    return {"now_pooled": {kind: dict(zip(("median", "mean", "deviation"), _moments(measurement.counts[model, kind]), strict=True))
                           for kind in KINDS if (model, kind) in measurement.counts}} if measurement.counts else {}


def _moments(counts):
    """Median, mean and deviation of what lies in BINS, to half a bin."""
    middles = (BINS[:-1] + BINS[1:]) / 2.
    mean = np.average(middles, weights=counts)
    deviation = np.sqrt(np.average(np.square(middles - mean), weights=counts))
    return float(middles[np.searchsorted(np.cumsum(counts), counts.sum() / 2.)]), float(mean), float(deviation)


def _words(measurement, unit):
    words = ["{used} photos used, {left out} left out: no face in them, or not to be read".format(**measurement.photos)]
    words += [f"{len(measurement.left_out)} left out: " + "; ".join(f"{who}: {why}" for who, why in measurement.left_out[:5])
              + (" ..." if len(measurement.left_out) > 5 else "")] if measurement.left_out else []
    words += ["The scans' unit is unknown: each is brought to the size of an average face, and the figures are of relative size"
              ] if unit == "unknown" else []
    return ". ".join(words)
