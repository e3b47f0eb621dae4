"""The folder in which the project keeps what it has made once and can make again."""
import os
import pathlib


def folder():
    """$XDG_CACHE_HOME/morph3d, or ~/.cache/morph3d."""
    return pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache") / "morph3d"
