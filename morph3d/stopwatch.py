"""A stopwatch for the parts of a program: where its time goes, which --verbosity=1 shows."""
import collections
import contextlib
import threading
import time

from absl import logging

_START = time.monotonic()
_seconds: collections.Counter = collections.Counter()
_lock = threading.Lock()


@contextlib.contextmanager
def timed(part):
    """Adds the time that the block takes to a part of the program, a noun; blocks in several threads at once count each."""
    start = time.monotonic()
    try:
        yield
    finally:
        with _lock:
            _seconds[part] += time.monotonic() - start


def tell():
    """Logs how long the parts took until now, in the order in which they first ended, and the program."""
    parts = ", ".join(f"{part} {seconds:.2f} s" for part, seconds in _seconds.items())
    logging.debug("%.2f s, of which, some at the same time: %s", time.monotonic() - _START, parts)
