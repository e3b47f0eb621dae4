"""Files that are there whole or not at all."""
import contextlib
import os
import pathlib
import uuid


@contextlib.contextmanager
def replacing(path):
    """Yields a path beside `path` to write to.

    When the block ends well, what was written there takes the place of `path`; when it does not, it is removed and `path` stays as
    it was. The folder is made if need be.
    """
    path = pathlib.Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{uuid.uuid4().hex}.{path.name}")  # the suffix stays: writers go by it
    try:
        yield beside
        os.replace(beside, path)
    finally:
        beside.unlink(missing_ok=True)
