"""How the programs end when the user's input is at fault."""
import functools
import sys

from morph3d.training.callbacks import NonFiniteLoss


def in_one_line(main):
    """`main`, but a ValueError, a missing file or a broken loss ends it with one line on stderr and exit code 1."""
    @functools.wraps(main)
    def guarded(arguments):
        try:
            return main(arguments)
        except (ValueError, OSError, NonFiniteLoss) as error:
            sys.exit(f"error: {' '.join(str(error).split())}")
    return guarded
