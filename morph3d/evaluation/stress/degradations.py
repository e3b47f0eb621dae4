"""The series of the stress test: what gets worse, in which unit, and from level to level (paper, section 4.5).

Where the untouched picture stands no level is named: it comes before the first, and is the same for all series. Each is made by
the function of its name, those of scenes (figures 8 to 10) in scene_series.py, those of finished pictures (figures 11 and 12)
in picture_series.py.
"""
from typing import NamedTuple


class Series(NamedTuple):
    """A series of conditions, each worse than the one before."""
    title: str
    unit: str
    levels: tuple[float, ...]
    of_scenes: bool = False  # so it is only to be had where a scene can be drawn again, that is of synthetic people


SERIES = {
    "light": Series("Light that moves to the side and behind", "degrees from the front", (30, 60, 90, 120, 150), True),
    "yaw": Series("Head turned to the side", "degrees", (15, 30, 45, 60, 75, 90), True),
    "pitch": Series("Head lowered", "degrees", (10, 20, 30, 40, 50), True),
    "expression": Series("Expression", "standard deviations", (.5, 1, 1.5, 2, 3), True),
    "occlusion_below": Series("Covered from the chin upward", "% of the face", (10, 20, 30, 40, 50, 60)),
    "occlusion_side": Series("Covered from one side", "% of the face", (10, 20, 30, 40, 50, 60)),
    "glasses": Series("Glasses with dark frames, by how thick they are", "mm", (1, 2, 4, 6, 8)),
    "blur": Series("Gaussian blur, by its deviation", "% of the eyes' distance", (3, 6, 10, 15, 20, 30)),
    "jpeg": Series("JPEG compression", "quality", (50, 30, 20, 10, 5, 1)),
    "side_light": Series("Light that falls off to one side", "% less there", (50, 75, 90, 95, 98)),
    "exposure": Series("Underexposure", "stops", (1, 2, 3, 4, 5, 6)),
    "temperature": Series("Warm light", "kelvin in place of 6500", (5000, 4000, 3000, 2500, 2000)),
}
OCCLUSIONS = "occlusion_below", "occlusion_side", "glasses"  # as a hand, hair and glasses do


def choose(wanted, offered):
    """The names of `wanted` series in the order of SERIES; None: all that are offered.

    Raises:
      ValueError: a series is unknown, or cannot be made of these people.
    """
    for name in wanted or ():
        if name not in SERIES:
            raise ValueError(f"unknown series {name!r}: expected some of {', '.join(SERIES)}")
        if name not in offered:
            turned = any(SERIES[other].of_scenes for other in offered)
            why = "the model has no expressions" if turned else "photos cannot be turned or lit again"
            raise ValueError(f"series {name}: {why}; expected some of {', '.join(offered)}")
    return [name for name in offered if wanted is None or name in wanted]
