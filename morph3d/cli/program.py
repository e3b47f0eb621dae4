"""How the programs start and end."""
import functools
import sys

import tensorflow as tf
from absl import app, flags

from morph3d.training.callbacks import NonFiniteLoss


def run(main, module, required):
    """Runs the `main` of a program's module: its flags are what --help shows, and bad input ends it with one line.

    Args:
      main: takes no arguments.
      module: the module that defines the flags.
      required: names of flags that must be given.
    """
    for flag in flags.FLAGS.get_key_flags_for_module(module):
        flags.FLAGS.register_key_flag_for_module(sys.argv[0], flag)
    sys.modules["__main__"].__doc__ = module.__doc__
    flags.mark_flags_as_required(required)
    app.run(in_one_line(main))


def in_one_line(main):
    """`main`, but an error that the user can mend ends it with one line on stderr and exit code 1."""
    @functools.wraps(main)
    def guarded(arguments):
        if len(arguments) > 1:
            raise app.UsageError(f"unexpected argument {arguments[1]!r}: values are given as --flag=value")
        try:
            return main()
        except KeyboardInterrupt:
            sys.exit("stopped")
        except (ValueError, OSError, ImportError, NonFiniteLoss, tf.errors.OpError) as error:
            sys.exit(f"error: {' '.join(str(error).split())}")
    return guarded
