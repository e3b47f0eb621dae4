"""The house's arrows: which part may import which."""
import ast
import pathlib
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).parent.parent
# From the ground up; a part may import those on lower floors, and itself.
FLOORS = [
    ["morph3d.files"],
    ["morph3d.scene", "morph3d.begun_with"],
    ["morph3d.renderer", "morph3d.morphable", "morph3d.encoders"],
    ["morph3d.alignment"],
    ["morph3d.portraits", "morph3d.decoder", "morph3d.losses"],
    ["morph3d.data"],
    ["morph3d.inference", "morph3d.training"],
    ["morph3d.evaluation"],
    ["experiments"],
]
FLOOR = {part: number for number, parts in enumerate(FLOORS) for part in parts}


def part_of(module):
    return next((part for part in FLOOR if module == part or module.startswith(part + ".")), None)


def imports(path):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from ({f"{node.module}.{alias.name}" for alias in node.names})


def sources():
    return sorted([*(ROOT / "morph3d").rglob("*.py"), *(ROOT / "experiments").glob("*.py")])


@pytest.mark.parametrize("path", sources(), ids=lambda path: str(path.relative_to(ROOT)))
def test_arrows_never_point_back(path):
    own = part_of(".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"))
    assert own or path.name == "__init__.py", f"{path} is on no floor: add it to FLOORS"
    for module in imports(path):
        other = part_of(module)
        if other not in (own, None):
            assert FLOOR[other] < FLOOR[own], f"{path.name} is part of {own} and must not import {module}"


def test_flags_are_defined_in_experiments_only():
    for path in (ROOT / "morph3d").rglob("*.py"):
        assert not any(module.startswith(("absl.flags", "absl.app")) for module in imports(path)), path


def test_importing_morph3d_loads_no_library():
    code = "import sys, morph3d; print([m for m in ('tensorflow', 'keras', 'numpy', 'absl') if m in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True).stdout.strip() == "[]"
