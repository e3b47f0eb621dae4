"""What pip reads: one version, one pin of TensorFlow, ranges that hold the pins, requirements for all that is imported.

The slow tests build an sdist and a wheel, and install the wheel with its libraries in a fresh environment, for which pip has to
reach an index.
"""
import ast
import email
import importlib.metadata
import pathlib
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile

import pytest
from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name as canonical

import morph3d

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = pathlib.Path(__file__).parents[1]
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
EXTRAS = PYPROJECT["project"]["optional-dependencies"]
PROGRAMS = PYPROJECT["project"]["scripts"]
PYTHONS = ["3.10", "3.11", "3.12", "3.13"]


def required(*extras):
    """-> the Requirements of setup.py and of extras."""
    assignments = (node for node in ast.parse((ROOT / "setup.py").read_text()).body if isinstance(node, ast.Assign))
    base, = (ast.literal_eval(node.value) for node in assignments if node.targets[0].id == "REQUIREMENTS")
    return [Requirement(text) for text in base + [text for extra in extras for text in EXTRAS[extra]]]


def pins(python):
    """-> {canonical name: version} of constraints.txt on a Python."""
    lines = (line for line in (ROOT / "constraints.txt").read_text().splitlines() if not line.startswith("#"))
    environment = {**default_environment(), "python_version": python}
    found = [pin for pin in map(Requirement, lines) if pin.marker is None or pin.marker.evaluate(environment)]
    assert len({canonical(pin.name) for pin in found}) == len(found), "a pin is there twice"
    return {canonical(pin.name): str(pin.specifier).removeprefix("==") for pin in found}


def test_the_version_is_that_of_the_package_and_stands_nowhere_else():
    assert PYPROJECT["tool"]["setuptools"]["dynamic"]["version"] == {"attr": "morph3d.__version__"}
    assert importlib.metadata.version("morph3d") == morph3d.__version__
    for file in ("setup.py", "pyproject.toml", "CITATION.cff", "Makefile"):
        assert not re.search(rf"(?<![\w.]){re.escape(morph3d.__version__)}(?![\w.])", (ROOT / file).read_text()), file


def test_the_release_of_tensorflow_is_named_in_one_place():
    files = [file for name in ("*.py", "*.toml", "*.txt", "*.md", "Makefile", ".ci/run") for file in ROOT.glob(name)]
    assert [file.name for file in files if re.search(r"tensorflow\s*[=~]=\s*\d", file.read_text())] == ["constraints.txt"]
    range_, = (Requirement(text) for text in PYPROJECT["build-system"]["requires"] if text.startswith("tensorflow"))
    assert all(range_.specifier.contains(pins(python)["tensorflow"]) for python in PYTHONS)


def test_what_is_installed_asks_for_the_tensorflow_that_it_was_built_against():
    assert f"tensorflow=={importlib.metadata.version('tensorflow')}" in importlib.metadata.requires("morph3d")


@pytest.mark.parametrize("python", PYTHONS)
def test_each_requirement_has_a_pin_in_its_range(python):
    for requirement in required("photos", "export", "heic", "serve", "test"):
        if requirement.marker is None or requirement.marker.evaluate({**default_environment(), "python_version": python}):
            assert requirement.specifier.contains(pins(python)[canonical(requirement.name)]), f"{requirement} on Python {python}"


def needs(requirement, pinned):
    """-> the Requirements of a library and of its extras that are asked for; none where its pinned release is not installed."""
    try:
        distribution = importlib.metadata.distribution(requirement.name)
    except importlib.metadata.PackageNotFoundError:
        return []
    if distribution.version != pinned.get(canonical(requirement.name)):
        return []
    return [each for each in map(Requirement, distribution.requires or [])
            if each.marker is None or any(each.marker.evaluate({"extra": extra}) for extra in ["", *requirement.extras])]


def test_what_the_requirements_need_in_turn_is_pinned():
    """As far as it is installed here."""
    pinned, seen = pins(f"{sys.version_info.major}.{sys.version_info.minor}"), set()
    asked = required("photos", "export", "heic", "serve", "test")
    ahead = [Requirement("tensorflow"), *(each for each in asked if not each.marker or each.marker.evaluate())]
    while ahead:
        requirement = ahead.pop()
        found = canonical(requirement.name), *sorted(requirement.extras)
        if found not in seen:
            seen.add(found)
            ahead += needs(requirement, pinned)
    assert {name for name, *_ in seen} <= pinned.keys()


def imported():
    """Yields (path, top-level module) of all that the package imports, functions' imports included."""
    for path in (ROOT / "morph3d").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                yield from ((path, alias.name.partition(".")[0]) for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and not node.level:
                yield path, node.module.partition(".")[0]


def test_what_the_package_imports_is_required():
    """Except TensorFlow Graphics, which is asked for in words (renderer/tfg.py)."""
    asked = {canonical(requirement.name) for requirement in required("photos", "export", "heic", "serve")}
    asked |= {"tensorflow", "tensorflow-graphics"}
    asked_for = {file.parts[0].partition(".")[0] for distribution in importlib.metadata.distributions()
                 if canonical(distribution.metadata["Name"]) in asked for file in distribution.files or []}
    for path, module in imported():
        assert module in asked_for | {"morph3d"} | sys.stdlib_module_names, f"{path} imports {module}"


def test_the_extras_that_errors_name_exist_and_bring_the_library():
    texts = "".join(path.read_text() for path in (ROOT / "morph3d").rglob("*.py"))
    named = re.findall(r'extras\.require\("(\w+)", "(\w+)"\)', texts)
    assert named
    for extra, module in named:
        assert canonical(module) in {canonical(Requirement(text).name) for text in EXTRAS[extra]}


def test_the_notice_names_every_library():
    named = {canonical(word) for word in re.findall(r"[\w.-]*\w", (ROOT / "NOTICE.md").read_text())}
    assert set.union(*(set(pins(python)) for python in PYTHONS)) <= named


MODEL = {"morph3d/morphable/embedded.npz", "morph3d/morphable/embedded/human_head.npz.xz"}


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """-> the folder with the sdist and the wheel, made from a copy of the project."""
    folder = tmp_path_factory.mktemp("build")
    ignored = shutil.ignore_patterns(".*", "build", "dist", "runs", "*.egg-info", "*.so", "__pycache__")
    shutil.copytree(ROOT, folder / "project", ignore=ignored)
    subprocess.run([sys.executable, "-m", "build", "--no-isolation", "--outdir", folder / "dist", folder / "project"], check=True)
    return folder / "dist"


@pytest.mark.slow
def test_the_sdist_has_what_is_needed_to_build_and_no_more(built):
    path, = built.glob("*.tar.gz")
    with tarfile.open(path) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    kernels = {str(path.relative_to(ROOT)) for path in (ROOT / "morph3d/renderer/kernels").glob("*.[ch]*")}
    modules = {str(path.relative_to(ROOT)) for path in (ROOT / "morph3d").rglob("*.py")}
    texts = {"CHANGELOG.md", "CITATION.cff", "LICENSE", "NOTICE.md", "README.md"}
    assert kernels | modules | texts | MODEL | {"setup.py", "pyproject.toml", "constraints.txt", "morph3d/py.typed"} <= names
    assert not any(re.match(r"(tests|benchmarks|experiments|docs)/", name) or name.endswith(".so") for name in names)


@pytest.mark.slow
def test_the_wheel_has_the_package_with_its_op_and_types_and_no_more(built):
    path, = built.glob("*.whl")
    with zipfile.ZipFile(path) as archive:
        names = set(archive.namelist())
        metadata, = (email.message_from_bytes(archive.read(name)) for name in names if name.endswith(".dist-info/METADATA"))
    assert {name.partition("/")[0] for name in names} == {"morph3d", f"morph3d-{morph3d.__version__}.dist-info"}
    import tensorflow as tf
    assert {"morph3d/py.typed", *MODEL, f"morph3d/renderer/native_ops_tf{tf.__version__}.so"} <= names
    assert not any(name.endswith((".cc", ".h")) for name in names)
    tensorflow, = (text for text in metadata.get_all("Requires-Dist") if re.match(r"tensorflow\b(?!-)", text))
    assert tensorflow == f"tensorflow=={importlib.metadata.version('tensorflow')}"
    assert metadata["License-Expression"] == "Apache-2.0" and "Project-URL" not in metadata


@pytest.fixture(scope="module")
def fresh(built, tmp_path_factory):
    """-> the programs' folder of an environment that holds the wheel, without extras, and what it asks for."""
    folder = tmp_path_factory.mktemp("fresh")
    subprocess.run([sys.executable, "-m", "venv", folder / "venv"], check=True)
    wheel, = built.glob("*.whl")
    pip = [folder / "venv" / "bin" / "python", "-m", "pip"]
    subprocess.run([*pip, "install", "--quiet", "-c", ROOT / "constraints.txt", wheel], check=True)
    yield folder / "venv" / "bin"
    shutil.rmtree(folder)  # gigabytes


def in_fresh(fresh, program, *arguments):
    return subprocess.run([fresh / program, *arguments], cwd=fresh, capture_output=True, text=True)


@pytest.mark.slow
@pytest.mark.parametrize("program", PROGRAMS)
def test_an_installed_program_explains_itself(fresh, program):
    result = in_fresh(fresh, program, "--help")
    assert "--" in result.stdout and "Traceback" not in result.stderr


IMPORT_ALL = """
import importlib, pkgutil, morph3d
for module in pkgutil.walk_packages(morph3d.__path__, "morph3d."):
    if not module.name.startswith(("morph3d.cli.", "morph3d.__main__")):
        try:
            importlib.import_module(module.name)
        except ImportError as error:
            print(module.name, error)
from morph3d.renderer import native
native.ops()
print("all tried")
"""


@pytest.mark.slow
def test_an_installed_package_imports_and_has_its_op(fresh):
    result = in_fresh(fresh, "python", "-c", IMPORT_ALL)
    server, graphics, last = result.stdout.splitlines()  # the first needs an extra, whose program asks for it in words
    assert server == "morph3d.inference.server No module named 'anyio'", result
    assert graphics.startswith('morph3d.renderer.tfg gradient="tfg" needs TensorFlow Graphics') and last == "all tried", result


@pytest.mark.slow
def test_an_installed_package_has_its_model(fresh):
    result = in_fresh(fresh, "python", "-c", "import morph3d; print(morph3d.load_model('embedded'))")
    assert result.stdout.startswith("MorphableModel('embedded', 16,865 vertices")


@pytest.mark.slow
def test_an_installed_program_without_an_extra_names_it(fresh, tmp_path):
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "a.jpg").write_bytes(b"")
    result = in_fresh(fresh, "morph3d-prepare", f"--photos={tmp_path / 'photos'}", f"--output={tmp_path / 'prepared'}")
    assert result.returncode == 1
    assert result.stderr.splitlines()[-1].startswith("error: apache_beam is not installed: it comes with the extra 'photos'")
