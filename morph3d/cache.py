"""The cache folder, for what the project has made and can make again."""
import os
import pathlib

from absl import logging

from morph3d import atomic_files


def folder():
    """$XDG_CACHE_HOME/morph3d, or ~/.cache/morph3d; nothing can be kept there where the user has no home.

    A relative $XDG_CACHE_HOME does not count, as its specification has it.
    """
    given, home = os.environ.get("XDG_CACHE_HOME", ""), os.path.expanduser("~")  # which stays "~" where nobody knows a home
    base = given if os.path.isabs(given) else os.path.join(home if os.path.isabs(home) else os.devnull, ".cache")
    return pathlib.Path(base, "morph3d")


def read_or_make(name, what, make, read, write):
    """The content of a file of the cache. Where there is none, or a damaged one, it is made and kept.

    Where nothing can be kept (a home that is read only, a full disk) it is made in memory, every time anew.

    Args:
      name: the file's path below `folder()`.
      what: a noun for the log.
      make: called without arguments, gives the value.
      read: called with the path, gives the value.
      write: called with the value and a path.
    """
    path = folder() / name
    try:
        if path.is_file():
            return read(path)
    except Exception as error:  # a damaged file raises nearly anything
        logging.warning("%s: found a damaged file in the cache (%s); making %s again", path, type(error).__name__, what)
    else:
        logging.info("making %s, once, into %s", what, path)
    value = make()
    try:
        with atomic_files.replacing(path) as beside:
            write(value, beside)
    except OSError as error:
        logging.warning("%s: cannot be kept (%s), so %s will be made anew every time; set XDG_CACHE_HOME to a folder that can be "
                        "written to", path, error.strerror or error, what)
        return value
    return read(path)  # for a file may round
