"""Files written whole or not at all, and locks on folders in which only one program may work."""
import contextlib
import fcntl
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
    end = os.fsdecode(os.fsencode(path.name)[-200:])  # by which writers go; a name has at most 255 bytes
    beside = path.with_name(f".{uuid.uuid4().hex}.{end}")
    try:
        yield beside
        os.replace(beside, path)
    finally:
        beside.unlink(missing_ok=True)


@contextlib.contextmanager
def only_one(lock, busy):
    """Lets only one program on this machine at a time run the block; the lock goes with its program, however that ends.

    Args:
      lock: path of an empty file, which is made, its folder too, and stays.
      busy: what to say to who comes second.

    Raises:
      ValueError: `busy`.
      OSError: the file system has no locks.
    """
    lock = pathlib.Path(lock)
    lock.parent.mkdir(parents=True, exist_ok=True)
    with open(lock, "a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ValueError(busy) from None
        except OSError as error:
            raise OSError(f"{lock}: cannot be locked ({error.strerror}); give a folder on another file system") from error
        yield
