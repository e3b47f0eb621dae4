"""Figures of benchmarks: times that are taken by turns, and what becomes of the figures: shown, and by --json kept."""
import json
import time
from collections.abc import Callable

import numpy as np
from absl import flags

from morph3d.atomic_files import replacing

_JSON = flags.DEFINE_string("json", None, "a file for all figures: one dictionary")


def medians(functions: dict[str, Callable], rounds: int) -> dict[str, float]:
    """{name: seconds} of functions that wait for their results; called by turns, so that ratios hold on a busy machine too."""
    seconds: dict[str, list[float]] = {name: [] for name in functions}
    for _ in range(2 + rounds):
        for name, function in functions.items():
            start = time.perf_counter()
            function()
            seconds[name].append(time.perf_counter() - start)
    # The first call traces, the second warms up.
    return {name: float(np.median(values[2:])) for name, values in seconds.items()}


def show(figures):
    """Prints {name: number}, a line each."""
    for name, value in figures.items():
        print(f"{name:<44}{value:12.3f}", flush=True)


def keep(figures):
    """Writes the dictionary into the file that --json names, if any."""
    if _JSON.value:
        with replacing(_JSON.value) as path:
            path.write_text(json.dumps(figures, indent=1))
