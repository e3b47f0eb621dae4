"""Names of folders that TensorFlow reads as they are: it takes a checkpoint's or SavedModel's name for a pattern, as of `ls`."""
import contextlib
import os


@contextlib.contextmanager
def folder(path):
    """Yields another name of a folder, without brackets or stars whatever its own is: that of an open file descriptor.

    Raises:
      OSError: there is no such folder.
    """
    descriptor = os.open(path, os.O_RDONLY)
    try:
        yield f"/proc/self/fd/{descriptor}"
    finally:
        os.close(descriptor)
