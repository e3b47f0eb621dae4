"""The tables and the figure of an ablation: means over the seeds of each setting, and differences to the full one."""
from typing import NamedTuple

import numpy as np

from experiments.ablation_training import FULL
from morph3d import images
from morph3d.evaluation import report, sheets, statistics
from morph3d.evaluation.report import Report, Table

TILE = 160  # pixels of a picture
INTERVALS = "In brackets intervals of 95 % over the people: one that leaves out 0 tells the settings apart."
PARTS = {
    "likeness": ("Likeness", "One photo each of test people. Does the judge find the photo of a face, first or among the first "
                 "five, and how near are the two?"),
    "geometry": ("Distance to the faces of another morphable model", "The paper's symmetric point-to-plane distance, of faces as "
                 "they are read and of the expected ones; and as a part of the mean face's: above 1 the mean face is nearer."),
    "moments": ("Moments of the coefficients", "Of the faces of the test photos: standard deviations over people, mean over the "
                "coefficients; how far these are from 1 and the means from 0, root mean square over the coefficients."),
    "pose": ("Stability over pose", "Heads of another morphable model turned to the side: the distance of the coefficients from "
             "those of the untouched picture, as a part of what different people are apart, and the judge's cosine of both faces.")}


class Spread(NamedTuple):
    """A mean over seeds, and their standard deviation."""
    mean: float
    deviation: float | None  # None of one seed
    seeds: list[float]  # the figure of each

    def __str__(self):
        return f"{self.mean:.3f}" if self.deviation is None else f"{self.mean:.3f} ± {self.deviation:.3f}"


def write(folder, found):
    """Writes the page, index.html, and the figures, ablation.json, into a folder -> their paths.

    The figures are {part: {measure: {"people": how many, "settings": {setting: the fields of Spread}, "differences": {setting:
    Estimate}}}}; None stands for figures of nobody.

    Args:
      folder: pathlib.Path.
      found: {setting: [Figures of each seed]}, that of FULL among them.
    """
    parts = {part: _part(found, part) for part in PARTS}
    pictures = Report({part: each.summary for part, each in parts.items()}, [], {"ablation": figure(found)})
    sections = [("Figure 3", f"Seeds: {len(found[FULL])}; the faces are those of the first.", pictures)]
    report.write_page(folder / "index.html", "Ablation", sections + [(*PARTS[part], each) for part, each in parts.items()])
    return [folder / "index.html", *pictures.write(json_path=folder / "ablation.json")]


def figure(found):
    """The photos, and beside each its face by each setting's first seed (figure 3); uint8 [H, W, 3]."""
    shown = [figures[0].faces for figures in found.values()]
    rows = zip(found[FULL][0].photos, *shown, strict=True)
    return sheets.sheet("The losses removed one by one", ["photo", *found],
                        [("", [images.resize(picture, TILE) for picture in row]) for row in rows])


def _part(found, part):
    """The Report of a part."""
    compared = {measure: _compared(found, part, measure) for measure in found[FULL][0].values[part]}
    columns = "setting", *compared
    means = [(setting, *(each["settings"][setting] for each in compared.values())) for setting in found]
    differences = [(setting, *(each["differences"][setting] for each in compared.values())) for setting in found if setting != FULL]
    people = max(each["people"] for each in compared.values())
    note = f"Of the means over the seeds, on the same people, {people} or as many of them as were found. {INTERVALS}"
    tables = [Table("Means, ± their standard deviation over seeds", columns, means),
              Table(f"Difference to {FULL}", columns, differences, note if people > 1 else "")]
    plain = {measure: each | {"settings": {setting: spread and spread._asdict() for setting, spread in each["settings"].items()}}
             for measure, each in compared.items()}
    return Report(plain, tables, {})


def _compared(found, part, measure):
    """What is said of a measure, on those people of whom every network has a figure; None in place of figures of nobody."""
    each = {setting: [figures.values[part][measure] for figures in networks] for setting, networks in found.items()}
    who = sorted(set.intersection(*(set(values) for networks in each.values() for values in networks)))
    values = {setting: np.array([[of[name] for name in who] for of in networks]) for setting, networks in each.items()}
    return {"people": len(who), "settings": {setting: _spread(some) if who else None for setting, some in values.items()},
            "differences": {setting: statistics.difference(some.mean(0), values[FULL].mean(0)) if who else None
                            for setting, some in values.items() if setting != FULL}}


def _spread(values):
    """The Spread of values [seeds, people]."""
    means = values.mean(1)
    return Spread(float(means.mean()), float(means.std(ddof=1)) if len(means) > 1 else None, means.tolist())
