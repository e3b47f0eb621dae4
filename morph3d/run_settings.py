"""What long work was begun with, kept beside its results, so that it goes on only with the same."""
import json
import pathlib

from morph3d import atomic_files


def write(path, settings):
    """Writes a flat dictionary as JSON."""
    with atomic_files.replacing(path) as beside:
        beside.write_text(json.dumps(settings, indent=2) + "\n")


def read(path):
    """What `write` wrote; ValueError if there is nothing or it cannot be read."""
    try:
        return dict(json.loads(pathlib.Path(path).read_text()))
    except FileNotFoundError:
        raise ValueError(f"{path}: not found; expected the folder of a run that morph3d-train has begun") from None
    except (ValueError, TypeError) as error:
        raise ValueError(f"{path}: no settings can be read from it ({error}); restore the file or take another folder") from None


def require_same(path, settings, names):
    """Refuses to go on with what was begun with something else.

    Args:
      path: the settings file, if it was begun.
      settings: this program's settings.
      names: those that have to agree.

    Raises:
      ValueError: naming the file, the setting and both values.
    """
    if not pathlib.Path(path).exists():
        return
    earlier = read(path)
    for name in sorted(names):
        if name not in earlier:
            raise ValueError(f"{path}: begun by another version of this program, which did not note {name}; give another folder")
        if earlier[name] != settings[name]:
            raise ValueError(f"{path}: begun with {name} = {earlier.get(name)!r}, but {settings[name]!r} was asked for; "
                             f"give that again, or another folder")
