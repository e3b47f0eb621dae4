"""Start and end of every program: its name, flags, a quiet standard error, and one line for an error that the user can mend."""
import contextlib
import gc
import importlib
import logging
import os
import pathlib
import pkgutil
import signal
import sys
import warnings

from absl import app, flags
from absl import logging as absl_logging

from morph3d import stopwatch

FLAGS = flags.FLAGS
PACKAGE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def choose(package, command, title):
    """Runs the program of a package that the first argument names, with the others.

    Args:
      package: whose modules have a `run()` each; this one does not count.
      command: what was typed before the name, for the usage.
      title: how the program calls itself, with {} for its name.
    """
    names = [module.name.replace("_", "-") for module in pkgutil.iter_modules(package.__path__) if module.name != "program"]
    name = sys.argv[1] if len(sys.argv) > 1 else None
    if name not in names:
        usage = f"usage: {command} NAME [--flag=value ...]\n  NAME: {', '.join(names)}\n  NAME --help lists its flags"
        if name in ("-h", "--help"):
            print(usage)
            return
        sys.exit(usage if name is None else f"error: no program {name!r}\n{usage}")
    sys.argv[:2] = [title.format(name)]
    importlib.import_module(f"{package.__name__}.{name.replace('-', '_')}").run()


def run(program, required=(), inputs=None):
    """Runs a program: its flags are what --help shows, and bad input ends it with one line on stderr and exit code 1.

    TensorFlow is imported only once the flags have proved right, so that --help is there at once.

    Args:
      program: a module with `define()`, which defines its flags, `main()`, and a docstring for --help.
      required: names of flags that must be given.
      inputs: what stands beside the flags, at least one of it, as words for an error; `main` is given the list. None: nothing.
    """
    _mend_streams()
    for number in signal.SIGTERM, signal.SIGHUP:
        if signal.getsignal(number) == signal.SIG_DFL:  # which would leave half a file behind; nohup's choice stays
            signal.signal(number, lambda number, _: sys.exit(128 + number))
    flags.DEFINE_bool("debug", False, "Show where in the program an error comes from.")
    program.define()
    for module in program, sys.modules[__name__]:
        for flag in FLAGS.get_key_flags_for_module(module):
            FLAGS.register_key_flag_for_module(sys.argv[0], flag)
    sys.modules["__main__"].__doc__ = program.__doc__
    if "--help" in sys.argv[1:]:  # absl's own exits with 1
        app.usage(shorthelp=True, writeto_stdout=True, exitcode=0)
    flags.mark_flags_as_required(required)
    app.run(lambda arguments: _guarded(program, arguments[1:], inputs))


def _mend_streams():
    """Has the standard streams take names of any bytes, and be there: the next file opened would else stand in for a closed one."""
    for name, mode in ("stdin", "r"), ("stdout", "w"), ("stderr", "w"):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode))
    sys.stdin.reconfigure(errors="surrogateescape")
    sys.stdout.reconfigure(errors="backslashreplace")


def _guarded(program, arguments, inputs):
    if arguments and not inputs:
        raise app.UsageError(f"unexpected argument {arguments[0]!r}: values are given as --flag=value")
    if inputs and not arguments:
        raise app.UsageError(f"nothing given, expected {inputs}")
    try:
        start_quietly(program.__file__)
        return program.main(arguments) if inputs else program.main()
    except KeyboardInterrupt:
        sys.exit("stopped")
    except Exception as error:
        if FLAGS.debug:
            raise
        sys.exit(f"error: {in_one_line(error)}")
    finally:
        stopwatch.tell()


def in_one_line(error):
    """An error's words; of one that is not about the user's input, its kind too, and how to see where it comes from."""
    words = " ".join(str(error).split())
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename}: {error.strerror}" if error.filename else error.strerror
    if isinstance(error, MemoryError):
        return f"the memory is full ({words or 'MemoryError'}); close other programs, or lift the limit that is set"
    of_tensorflow = type(error).__module__.startswith("tensorflow.")  # known without importing it, which may be what has failed
    if of_tensorflow or isinstance(error, (ValueError, OSError, ImportError, ArithmeticError)):
        return words
    return f"{type(error).__name__}: {words} (a fault of morph3d: --debug shows where)"


@contextlib.contextmanager
def writing_to(output):
    """Has an OSError of the block name --output and the remedy."""
    try:
        yield
    except OSError as error:
        above = str(error.filename) in map(str, pathlib.Path(output).parents)
        reason = in_one_line(error) if above else error.strerror or error  # else the file is one that it would become
        raise OSError(f"{output}: cannot be written ({reason}); make room there, or give another --output") from error


def tell(*lines):
    """Prints lines. Where nobody reads them any more, as after `| head`, the work goes on without.

    Raises:
      ValueError: they cannot be written.
    """
    try:
        print(*lines, sep="\n", flush=True)
    except OSError as error:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # where the end of the program will write what is left
        if isinstance(error, BrokenPipeError):
            return
        raise ValueError(f"standard output: cannot be written ({error.strerror}); make room there, or send it elsewhere") from error


def start_quietly(path):
    """Imports TensorFlow so that nothing but this project's own words reaches standard error, unless --verbosity=1 asks for all.

    Args:
      path: of the program's file, which may lie outside of the package.
    """
    if FLAGS.verbosity >= absl_logging.DEBUG:
        _import_tensorflow()
        return
    os.environ |= {"TF_CPP_MIN_LOG_LEVEL": "3", "OPENCV_LOG_LEVEL": "OFF", "OPENCV_FFMPEG_LOGLEVEL": "-8",
                   "TEST_TMPDIR": os.curdir}  # absl's tests, which come along, would look for a folder that may not be there
    warnings.simplefilter("ignore")
    with _held_back(sys.stderr):
        _import_tensorflow()
    absl_logging.set_verbosity(absl_logging.INFO)
    handler = absl_logging.get_absl_handler()
    handler.setFormatter(logging.Formatter("%(message)s"))
    handler.addFilter(lambda record: record.levelno >= logging.ERROR or record.pathname.startswith((PACKAGE, path)))


def _import_tensorflow():
    """With what it makes left out of garbage collection, now and when the program ends: most of a second."""
    gc.disable()
    with stopwatch.timed("import of TensorFlow"), _hidden("matplotlib", "sklearn"):
        import tensorflow  # noqa: F401
    gc.enable()
    gc.freeze()


@contextlib.contextmanager
def _hidden(*names):
    """Has modules that are not imported yet seem not to be installed.

    Keras, which comes along with TensorFlow, would import these two for helpers that nobody asks for here: a third of the time.
    """
    hidden = [name for name in names if name not in sys.modules]
    sys.modules.update(dict.fromkeys(hidden))
    try:
        yield
    finally:
        for name in hidden:
            del sys.modules[name]


@contextlib.contextmanager
def _held_back(stream):
    """Keeps from the stream what is written to its file descriptor; if the block fails, passes it on after all.

    In memory, for there may be no folder for temporary files. While TensorFlow is being imported its C++ parts write to the stream
    before any log level is known to them.
    """
    stream.flush()
    descriptor = stream.fileno()
    kept = os.dup(descriptor)
    with open(os.memfd_create("held"), "w+b") as held:
        os.dup2(held.fileno(), descriptor)
        try:
            yield
        except Exception:
            held.seek(0)
            os.write(kept, held.read())
            raise
        finally:
            stream.flush()
            os.dup2(kept, descriptor)
            os.close(kept)
