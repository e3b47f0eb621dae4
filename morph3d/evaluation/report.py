"""What an evaluation has found, as a person and a program want to see it: tables, numbers, pictures."""
import base64
import html
import json
import os
import pathlib
import textwrap
from typing import Any, NamedTuple

import matplotlib.backends.backend_agg
import matplotlib.figure
import numpy as np

from morph3d import atomic_files, images
from morph3d.evaluation.statistics import Estimate


class Table(NamedTuple):
    """A table of figures.

    >>> print(Table("Distances", ("face", "mm"), [("mean face", 2.26), ("network", Estimate(2.05, 1.98, 2.13, 60))], "60 people"))
    Distances
    <BLANKLINE>
      face       mm
      mean face  2.26
      network    2.050 (1.980 to 2.130)
    <BLANKLINE>
      60 people
    """
    title: str
    columns: tuple[str, ...]
    rows: list[tuple[Any, ...]]  # of texts, numbers, Estimates, or None where there is nothing
    note: str = ""

    def __str__(self) -> str:
        lines = [self.columns, *(tuple(map(_cell, row)) for row in self.rows)]
        widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
        text = ["  " + "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines]
        note = ["", textwrap.fill(self.note, 110, initial_indent="  ", subsequent_indent="  ")] if self.note else []
        return "\n".join([self.title, "", *text, *note])

    def html(self) -> str:
        """The table as an HTML table with a caption."""
        rows = [f"<tr>{''.join(f'<{tag}>{html.escape(_cell(cell))}</{tag}>' for cell in row)}</tr>"
                for tag, row in [("th", self.columns), *(("td", row) for row in self.rows)]]
        note = f"<p>{html.escape(self.note)}</p>" if self.note else ""
        return f"<table><caption>{html.escape(self.title)}</caption>{''.join(rows)}</table>{note}"


class Report(NamedTuple):
    """The findings of one evaluation."""
    summary: dict[str, Any]  # what JSON can hold, and Estimates
    tables: list[Table]
    pictures: dict[str, np.ndarray]  # file name without ending: [H, W, 3] uint8

    def __str__(self) -> str:
        return "\n\n".join(map(str, self.tables))

    def write(self, json_path: str | None = None, folder: str | None = None) -> list[pathlib.Path]:
        """Writes the summary as a JSON file and the pictures as PNG files into a folder, where these are given; -> their paths."""
        paths = []
        if json_path:
            paths.append(pathlib.Path(json_path))
            paths[-1].parent.mkdir(parents=True, exist_ok=True)
            with atomic_files.replacing(paths[-1]) as beside:
                beside.write_text(json.dumps(_plain(self.summary), indent=2, allow_nan=False) + "\n")
        for name, picture in self.pictures.items() if folder else ():
            paths.append(pathlib.Path(folder, f"{name}.png"))
            paths[-1].parent.mkdir(parents=True, exist_ok=True)
            images.write_png(paths[-1], picture)
        return paths


def write_page(path: str | os.PathLike, title: str, sections: list[tuple[str, str, Report | None]]) -> None:
    """Writes a `page` as a file, and makes its folder if need be."""
    with atomic_files.replacing(path) as beside:
        beside.write_text(page(title, sections), encoding="utf-8")


def page(title: str, sections: list[tuple[str, str, Report | None]]) -> str:
    """An HTML page of Reports that needs no other file: (heading, words, Report or None) each."""
    parts = [_HEAD.format(html.escape(title))]
    for heading, words, report in sections:
        parts += [f"<h2>{html.escape(heading)}</h2>", *([f"<p>{html.escape(words)}</p>"] if words else [])]
        if report:
            parts += [table.html() for table in report.tables]
            parts += [f'<p><img alt="{html.escape(name)}" src="{_data(picture)}">' for name, picture in report.pictures.items()]
    return "\n".join(parts)


def _data(picture):
    return f"data:image/png;base64,{base64.b64encode(images.png(picture)).decode()}"


_HEAD = """<!DOCTYPE html>
<html lang="en"><meta charset="utf-8"><title>{0}</title>
<style>
  body {{ font: 15px/1.5 sans-serif; max-width: 70em; margin: 2em auto; padding: 0 1em; }}
  table {{ border-collapse: collapse; margin-top: 1.5em; }}
  caption {{ text-align: left; font-weight: bold; padding-bottom: .4em; }}
  td, th {{ padding: .15em 1.2em .15em 0; text-align: left; border-bottom: 1px solid #ddd; }}
  img {{ max-width: 100%; }}
</style>
<h1>{0}</h1>"""


def pixels(figure: matplotlib.figure.Figure) -> np.ndarray:
    """A drawing of matplotlib's, made without pyplot, as a picture [H, W, 3] uint8."""
    canvas = matplotlib.backends.backend_agg.FigureCanvasAgg(figure)
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())[..., :3].copy()


def _plain(value):
    """What JSON can hold: an Estimate under a name becomes its value, with NAME_interval and NAME_people beside it."""
    if isinstance(value, dict):
        plain = {}
        for name, each in value.items():
            plain[name] = _plain(each)
            if isinstance(each, Estimate):
                interval = [round(each.low, 6), round(each.high, 6)] if each.count > 1 else None
                plain |= {f"{name}_interval": interval, f"{name}_people": each.count}
        return plain
    if isinstance(value, Estimate):
        return round(value.value, 6)
    if isinstance(value, (list, tuple)):
        return [_plain(each) for each in value]
    return value.item() if isinstance(value, np.generic) else value


def _cell(value):
    if value is None:
        return "-"
    return f"{value:.4g}" if isinstance(value, (float, np.floating)) else str(value)
