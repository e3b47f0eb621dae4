"""Run settings, saved so that a restart with others is refused: a line of JSON for the first start, and one for each that differs.

A line is a flat dictionary of the settings, with the "time" of the start (UTC) and the "versions" of what it ran with. Lines are
only ever added. The last may have been cut when its program was killed; it does not count then.
"""
import datetime
import importlib.metadata
import json
import os
import pathlib
import platform

from absl import logging

PACKAGES = ("morph3d", "tensorflow", "keras", "numpy")


def keep(path, settings, fixed):
    """Adds the settings of a start to a run's, where they differ from those of the start before, and tells each change in the log.

    Args:
      path: of the file, in the run's folder; made if need be.
      settings: {name: value}, as JSON has them.
      fixed: names of those that a run may not change.

    Returns:
      The changes since the start before, ["hybrid_learning_rate: 0.0005 -> 0.0001", ...].

    Raises:
      ValueError: fixed settings differ from the run's, or none can be read from its file.
      OSError: the file cannot be written.
    """
    settings = json.loads(json.dumps(settings))
    line = {"time": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"), **settings, "versions": _versions()}
    earlier = history(path) if pathlib.Path(path).exists() else []
    if not earlier:
        _append(path, line)
        return []
    _require_same(path, earlier[-1], {name: settings[name] for name in sorted(fixed)})
    changes = _changes(earlier[-1], line)
    if changes:
        _append(path, line)
    for change in changes:
        logging.info("%s: changed: %s", path, change)
    return changes


def require(path, settings):
    """Raises ValueError where settings are not all those of a run's newest start; writes nothing."""
    _require_same(path, read(path), json.loads(json.dumps(settings)))


def read(path):
    """The settings of a run's newest start; ValueError if there are none or they cannot be read."""
    lines = history(path)
    if not lines:
        raise ValueError(_unreadable(path))
    return lines[-1]


def history(path):
    """The settings of every start that changed any, from the first on; none yet if the first line was cut. ValueError as `read`."""
    try:
        lines = pathlib.Path(path).read_text(encoding="utf-8", errors="replace").split("\n")
    except FileNotFoundError:
        raise ValueError(f"{path}: not found; expected the folder of a run that morph3d-train has begun") from None
    found = [line for line in (_parsed(path, *line) for line in enumerate(lines, 1)) if line is not None]
    if not found and any(lines[:-1]):
        raise ValueError(_unreadable(path))
    return found


def _parsed(path, number, line):
    try:
        settings = json.loads(line)
        if isinstance(settings, dict):
            return settings
    except ValueError:
        pass
    if line:
        logging.warning("%s: line %d is not whole and does not count", path, number)
    return None


def _unreadable(path):
    return f"{path}: no settings can be read from it; restore the file or give another folder"


def _require_same(path, earlier, fixed):
    different = [f"with {f'{name} = {earlier[name]!r}' if name in earlier else f'no {name}'}, but {value!r} was asked for"
                 for name, value in fixed.items() if name not in earlier or earlier[name] != value]
    if different:
        raise ValueError(f"{path}: begun {'; '.join(different)}; give that again, or another folder")


def _changes(*lines):
    before, now = ({name: repr(value) for name, value in {**line, **line.get("versions", {}), "time": "", "versions": ""}.items()}
                   for line in lines)
    return [f"{name}: {before.get(name, 'not set')} -> {now.get(name, 'not set')}"
            for name in {**before, **now} if before.get(name) != now.get(name)]


def _append(path, line):
    """Adds a line in one piece, after the end of one that was cut."""
    path = pathlib.Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    cut = path.is_file() and path.read_bytes()[-1:] not in (b"", b"\n")
    try:
        with open(path, "ab") as file:
            file.write(b"\n" * cut + json.dumps(line).encode() + b"\n")
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise OSError(f"{path}: cannot be written ({error.strerror}); make room and start again") from error


def _versions():
    versions = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            versions[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            versions[package] = None
    return versions
