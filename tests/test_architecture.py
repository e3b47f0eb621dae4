"""The house's arrows: which part may import which."""
import ast
import graphlib
import pathlib
import sys

import pytest

ROOT = pathlib.Path(__file__).parent.parent
# From the ground up; a part may import those on lower floors, and itself.
FLOORS = [
    ["morph3d.atomic_files", "morph3d.colors", "morph3d.extras", "morph3d.plain_paths", "morph3d.stopwatch"],
    ["morph3d.cache", "morph3d.scene", "morph3d.run_settings", "morph3d.images"],
    ["morph3d.mesh"],
    ["morph3d.alignment"],
    ["morph3d.renderer", "morph3d.morphable", "morph3d.encoders"],
    ["morph3d.photos", "morph3d.aligned_rendering", "morph3d.decoder", "morph3d.losses"],
    ["morph3d.data"],
    ["morph3d.inference"],
    ["morph3d.training"],
    ["morph3d.fitting"],
    ["morph3d.evaluation"],
    ["morph3d.cli"],
    ["experiments"],
]
FLOOR = {part: number for number, parts in enumerate(FLOORS) for part in parts}
OUTSIDE = {"morph3d", "morph3d.__main__"}  # on no floor: the public surface and the door to the programs


def part_of(module):
    return next((part for part in FLOOR if module == part or module.startswith(part + ".")), None)


def module_of(path):
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def imports(path):
    """The absolute names of all that a file imports, `from . import x` and `from .x import y` included."""
    package = module_of(path).split(".")[:None if path.name == "__init__.py" else -1]
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package[:len(package) - node.level + 1] if node.level else []
            module = ".".join([*above, *filter(None, [node.module])])
            yield from (f"{module}.{alias.name}" for alias in node.names)


def sources():
    return sorted([*(ROOT / "morph3d").rglob("*.py"), *(ROOT / "experiments").glob("*.py")])


@pytest.mark.parametrize("path", sources(), ids=lambda path: str(path.relative_to(ROOT)))
def test_arrows_never_point_back(path):
    own = part_of(module_of(path))
    assert own or module_of(path) in OUTSIDE, f"{path} is on no floor: add it to FLOORS"
    for module in imports(path):
        other = part_of(module)
        if own and other not in (own, None):
            assert FLOOR[other] < FLOOR[own], f"{path.name} is part of {own} and must not import {module}"


def test_relative_imports_are_seen(tmp_path, monkeypatch):
    monkeypatch.setattr(sys.modules[__name__], "ROOT", tmp_path)
    package = tmp_path / "morph3d" / "renderer"
    package.mkdir(parents=True)
    lines = ["from . import b", "from .c import d", "from ..data import e", "from .. import training", "import os.path"]
    (package / "a.py").write_text("\n".join(lines))
    (package / "__init__.py").write_text("from . import a\nfrom ..cli import train\n")
    assert list(imports(package / "a.py")) == [
        "morph3d.renderer.b", "morph3d.renderer.c.d", "morph3d.data.e", "morph3d.training", "os.path"]
    assert list(imports(package / "__init__.py")) == ["morph3d.renderer.a", "morph3d.cli.train"]


def test_no_imports_go_in_circles():
    """Among all modules: a circle inside a part is one too. What functions import when they are called counts as well."""
    modules = {module_of(path): path for path in sources()}
    arrows = {module: {name for found in imports(path) for name in (found, found.rpartition(".")[0])
                       if name in modules and name != module and not module.startswith(name + ".")}
              for module, path in modules.items()}
    with_packages = graphlib.TopologicalSorter(arrows)
    with_packages.prepare()  # raises CycleError, which names the circle


@pytest.mark.parametrize("path", sorted(path for folder in ("morph3d", "experiments", "benchmarks", "tests")
                                        for path in (ROOT / folder).rglob("*") if path.suffix in (".py", ".cc", ".h")),
                         ids=lambda path: str(path.relative_to(ROOT)))
def test_files_stay_short(path):
    assert len(path.read_text().splitlines()) <= 300


def test_flags_are_defined_in_programs_only():
    for path in (ROOT / "morph3d").rglob("*.py"):
        if part_of(module_of(path)) != "morph3d.cli":
            assert not any(module.startswith(("absl.flags", "absl.app")) for module in imports(path)), path
