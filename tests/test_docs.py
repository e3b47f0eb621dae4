"""Texts for readers: links, files and names in them are there."""
import ast
import pathlib
import re

import pytest

ROOT = pathlib.Path(__file__).parent.parent
TEXTS = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").glob("*.md"))]


def anchors(text):
    """The anchors that GitHub gives to the headings of a text."""
    headings = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def defined_in(path):
    """The names of functions, classes and variables that a source file defines, at any depth."""
    if path.suffix != ".py":
        return set(re.findall(r"(\w+)\(", path.read_text()))
    nodes = list(ast.walk(ast.parse(path.read_text())))
    return ({node.name for node in nodes if isinstance(node, ast.FunctionDef | ast.ClassDef)}
            | {node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)})


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: path.name)
def test_links_lead_to_files_and_headings(path):
    text = path.read_text()
    for file, anchor in re.findall(r"\]\((?!https?:)([^)#\s]*)#?([^)\s]*)\)", text):
        target = path.parent / file if file else path
        assert target.exists(), f"{path.name} links to {file}"
        assert not anchor or anchor in anchors(target.read_text()), f"{path.name} links to {file}#{anchor}"


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: path.name)
def test_files_and_folders_that_are_named_exist(path):
    named = re.findall(r"`((?:morph3d|tests|benchmarks|experiments|examples)/[\w./]*)`", path.read_text())
    assert [name for name in named if "NAME" not in name and not (ROOT / name).exists()] == []


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: path.name)
def test_what_is_named_behind_a_file_is_defined_in_it(path):
    for file, names in re.findall(r"`(morph3d/[\w/]+\.\w+)`: ((?:`\w+`(?:, )?)+)", path.read_text()):
        missing = set(re.findall(r"\w+", names)) - defined_in(ROOT / file)
        assert not missing, f"{path.name} names {', '.join(sorted(missing))} of {file}"
