"""Libraries that only an extra of the package installs."""
import importlib.util


def require(extra, module):
    """Refuses to go on without a library, before any work is begun. Does not import it, which may take seconds.

    Raises:
      ImportError: it is not installed; the message says how to get it.
    """
    if importlib.util.find_spec(module) is None:
        raise ImportError(f"{module} is not installed: it comes with the extra {extra!r}, `pip install '.[{extra}]'` in the "
                          "project's folder")
