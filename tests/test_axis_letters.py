"""One letter, one meaning: the axes in docstrings, comments and messages are those of docs/conventions.md."""
import pathlib
import re

import pytest

ROOT = pathlib.Path(__file__).parent.parent
LETTERS = {letter for row in re.findall(r"^\| ([A-Z, ]+) \| ", (ROOT / "docs" / "conventions.md").read_text(), re.MULTILINE)
           for letter in row.split(", ")}
SHAPE = re.compile(r"(?<![\w)\]])\[((?:[\w.*+<>= ]+)(?:, [\w.*+<>= ]+)*)\]")


def sources():
    return sorted(path for folder in ("morph3d", "benchmarks") for path in (ROOT / folder).rglob("*")
                  if path.suffix in (".py", ".cc", ".h"))


def shapes(text):
    """Yields each bracketed list as its axes, without numbers: "[B * N, I]" -> [{"B", "N"}, {"I"}]."""
    for inside in SHAPE.findall(text):
        yield [set(re.findall(r"\b[A-Z]\b", axis)) for axis in inside.split(", ")]


def test_the_page_has_the_letters():
    assert {"B", "V", "F", "S", "T", "E", "K", "L", "H", "W", "C", "D", "I"} <= LETTERS


@pytest.mark.parametrize("path", sources(), ids=lambda path: str(path.relative_to(ROOT)))
def test_shapes_have_letters_of_the_page_only(path):
    unknown = {letter for axes in shapes(path.read_text()) for axis in axes for letter in axis} - LETTERS
    assert not unknown, f"{path}: {', '.join(sorted(unknown))}"


@pytest.mark.parametrize("path", sources(), ids=lambda path: str(path.relative_to(ROOT)))
def test_letters_of_coefficients_and_triangles_are_not_used_for_something_else(path):
    text = path.read_text().replace("[H, H, 3]", "")
    assert not re.findall(r"\[(?:\w+, )*([A-Z]), \1, 3\]", text), "the side of a square picture is spelled out"
    assert not re.findall(r"\bT, 3\]|triangles[^\n]{0,12}\[T|\[T\] bool", text), "triangles are [F, 3]"
    assert not re.findall(r"\[\w+, F\]", text), "features are D"
