"""What the stress test has found: tables, figures for programs, curves, and sheets like the paper's figures 6 and 8 to 13."""
import itertools

import matplotlib.figure
import numpy as np

from morph3d.evaluation import sheets, statistics
from morph3d.evaluation.report import Report, Table, pixels
from morph3d.evaluation.stress import measurement
from morph3d.evaluation.stress.degradations import SERIES

MEASURES = {"found": "found", "shape_drift": "shape drift", "shape_drift_of_spread": "shape drift of spread",
            "texture_drift": "texture drift", "texture_drift_of_spread": "texture drift of spread", "likeness": "likeness",
            "error_mm": "mm from the truth"}
NOTE = ("Below, drift is the distance of the coefficients from those of the untouched picture, root mean square, in standard "
        "deviations, and likeness the cosine of both renderings' identities; all over the people whose faces are found.")


def report(result):
    """The Report of a Stress.

    Of several networks the first one's figures are at the top level of the summary, all are below "models", and its "differences"
    are those of the others to the first on the same people, at the last level of a series at which both find a face.
    """
    figures = {label: _figures(network) for label, network in result.networks.items()}
    first = next(iter(figures.values()))
    summary = {"people": len(result.people), "left_out": result.left_out, "judge": result.judge,
               "judge_of_training": result.trained_with, **first}
    tables = [_yardstick(result), *(_table(name, figures) for name in result.inputs)]
    if len(figures) > 1:
        differences = _differences(result.networks)
        summary |= {"models": figures, "differences": differences}
        tables.append(_comparison(differences))
    pictures = {f"stress_{name}": _sheet(name, result) for name in result.inputs}
    return Report(summary, tables, pictures | {"stress_views": _views(result), "stress_curves": _curves(figures)})


def _figures(network):
    """The figures of a network as JSON holds them."""
    between = {f"{name}_between_people": value for name, value in network.between.items()}
    return between | ({} if network.mean_face_error is None else {"mean_face_error_mm": network.mean_face_error}) | {
        "series": {name: [_at(curve, i, level, network.between) for i, level in enumerate((None, *SERIES[name].levels))]
                   for name, curve in network.curves.items()}}


def _at(curve, i, level, between):
    """The figures of one level; a measure of nobody is None."""
    found = curve.found[i]
    figures = {"level": level, "found": statistics.share(found)}
    for name, values in curve.measures.items():
        figures[name] = statistics.mean(values[i][found]) if found.any() else None
    return figures | {f"{name}_drift_of_spread": _part(figures[f"{name}_drift"], between.get(name))
                      for name in ("shape", "texture")}


def _part(estimate, whole):
    """An Estimate as a part of a number that is taken for exact; None without one, or of 0."""
    if estimate is None or not whole:
        return None
    return statistics.Estimate(estimate.value / whole, estimate.low / whole, estimate.high / whole, estimate.count)


def _yardstick(result):
    rows = [(label, *(network.between.get(name) for name in ("shape", "texture", "likeness")), network.mean_face_error)
            for label, network in result.networks.items()]
    columns = "network", "shape distance", "texture distance", "likeness", "mean face, mm from the truth"
    note = (f"People: {len(result.people)}, left out: {len(result.left_out)}. Means over all pairs: the spread that a drift is to "
            f"be compared with. {NOTE}")
    if result.trained_with:
        note += f" No independent judge: {', '.join(result.trained_with)} was trained with this recognizer."
    return Table("Different people, untouched", columns, rows, note)


def _table(name, figures):
    several = len(figures) > 1
    present = [measure for measure in MEASURES if any(measure in each["series"][name][0] for each in figures.values())]
    rows = [(_level(at["level"]), *([label] if several else []), *(_cell(measure, at.get(measure)) for measure in present))
            for at_level in zip(*(each["series"][name] for each in figures.values()), strict=True)
            for label, at in zip(figures, at_level, strict=True)]
    titles = ("of spread" if "spread" in measure else MEASURES[measure] for measure in present)
    return Table(f"{SERIES[name].title} ({SERIES[name].unit})", ("level", *(["network"] if several else []), *titles), rows)


def _cell(measure, estimate):
    """What a table shows of an Estimate: counts, and parts of the spread without their intervals, which are those of the drift."""
    if measure == "found":
        return f"{round(estimate.value * estimate.count)} of {estimate.count}"
    return f"{estimate.value:.2f}" if estimate and "spread" in measure else estimate


def _level(level):
    return "untouched" if level is None else f"{level:g}"


def _differences(networks):
    """{label of another network: {series: {"level", and of each measure an Estimate of it minus the first one's}}}."""
    (_, first), *others = networks.items()
    return {label: {name: _difference(first, other, name) for name in first.curves} for label, other in others}


def _difference(first, other, name):
    curves = first.curves[name], other.curves[name]
    both = curves[0].found & curves[1].found
    last = np.flatnonzero(both.any(1))[-1]
    values = [_comparable(curve, last, both[last], network.between) for curve, network in zip(curves, (first, other), strict=True)]
    return {"level": (None, *SERIES[name].levels)[last]} | {
        measure: statistics.difference(values[1][measure], values[0][measure]) for measure in values[0] if measure in values[1]}


def _comparable(curve, i, people, between):
    """The measures of some people at a level that mean the same for networks of other models: drifts as parts of the spread."""
    drifts = {f"{name}_drift_of_spread": curve.measures[f"{name}_drift"][i][people] / between[name]
              for name in ("shape", "texture") if between.get(name)}
    return drifts | {name: curve.measures[name][i][people] for name in ("likeness", "error_mm") if name in curve.measures}


def _comparison(differences):
    measures = [name for name in MEASURES if any(name in at for each in differences.values() for at in each.values())]
    rows = [(label, SERIES[name].title, _level(at["level"]), *(at.get(measure) for measure in measures))
            for label, each in differences.items() for name, at in each.items()]
    columns = ("network", "series", "level", *(MEASURES[name] for name in measures))
    return Table("Difference to the first network", columns, rows, "Network minus first on the same people, at the last level at "
                 "which both find a face. Less drift is better; more likeness too, unless different people look as much alike.")


def _sheet(name, result):
    """Inputs above reconstructions, the shown people one below the other."""
    rows = []
    for i, person in enumerate(result.people[:measurement.SHOWN]):
        rows.append((_short(person), list(result.inputs[name][:, i])))
        for label, network in result.networks.items():
            faces, found = network.curves[name].faces[:, i], network.curves[name].found[:, i]
            rows.append((label if len(result.networks) > 1 else "",
                         [face if there else "no face found" for face, there in zip(faces, found, strict=True)]))
    return sheets.sheet(f"{SERIES[name].title}, {SERIES[name].unit}", list(map(_level, (None, *SERIES[name].levels))), rows)


def _views(result):
    rows = [(f"{_short(person)} {label if len(result.networks) > 1 else ''}".strip(), list(network.views[i]))
            for i, person in enumerate(result.people[:measurement.SHOWN]) for label, network in result.networks.items()]
    return sheets.sheet("Reconstructions of the untouched pictures", [f"{degrees:g}°" for degrees in measurement.VIEWS], rows)


def _short(name):
    """The end of a long name, such as a path."""
    return name if len(name) <= 24 else f"...{name[-21:]}"


def _curves(figures):
    """A row of diagrams a series, a line a network, and dotted what different people are apart; uint8 [H, W, 3]."""
    first = next(iter(figures.values()))["series"]
    levels = [at for each in figures.values() for of_series in each["series"].values() for at in of_series]
    present = [name for name in MEASURES if any(at.get(name) for at in levels)]
    present = [name for name in present if f"{name}_of_spread" not in present]  # the same curve in another unit
    figure = matplotlib.figure.Figure(figsize=(3.2 * len(present), 2.6 * len(first)), dpi=90, layout="constrained")
    axes = figure.subplots(len(first), len(present), squeeze=False)
    for (name, row), (column, measure) in itertools.product(zip(first, axes, strict=True), enumerate(present)):
        for number, (label, each) in enumerate(figures.items()):
            apart = 1. if "spread" in measure else each.get(f"{measure}_between_people")
            _line(row[column], each["series"][name], measure, apart, label, f"C{number}")
        row[column].set_xticks(range(len(first[name])), ["-", *map(_level, SERIES[name].levels)])
        row[column].set(xlabel=SERIES[name].unit, ylabel=MEASURES[measure], title=SERIES[name].title if column == 0 else None)
        row[column].set_ylim(bottom=0.)
    if len(figures) > 1:
        axes[0, 0].legend(fontsize="small")
    return pixels(figure)


def _line(axes, levels, measure, apart, label, color):
    """Means over the levels at which there are any, with their intervals; nothing where there are none at all."""
    there = [(i, at[measure]) for i, at in enumerate(levels) if at.get(measure)]
    if not there:
        return
    x, (value, low, high, _) = [i for i, _ in there], zip(*(estimate for _, estimate in there), strict=True)
    axes.plot(x, value, marker="o", markersize=3, label=label, color=color)
    axes.fill_between(x, low, high, alpha=.2, color=color)
    if apart is not None:
        axes.axhline(apart, linestyle=":", color=color)
