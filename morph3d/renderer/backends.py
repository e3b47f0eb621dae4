"""The renderer's backends: compiled ops (native.py), or the same functions in TensorFlow's own ops (portable/)."""
import functools

import tensorflow as tf
from absl import logging

from morph3d.renderer import native, portable


@functools.cache
def ops(backend="auto"):
    """The module of functions `morph3d_rasterize`, `morph3d_interpolate` ... that the stages of the renderer call.

    Args:
      backend: "native", the compiled ops, which run on the CPU; "tensorflow", slower there, which need no compiler and run
        wherever TensorFlow does; "auto", the compiled ones unless there is an accelerator or they cannot be loaded, in
        which case one line of the log says why.

    Returns:
      A module.

    Raises:
      ValueError: another name. ImportError: "native", and they cannot be loaded.
    """
    if backend not in ("auto", "native", "tensorflow"):
        raise ValueError(f'backend must be "auto", "native" or "tensorflow", but is {backend!r}')
    reason = _reason_for_tensorflow() if backend == "auto" else None
    if reason:
        logging.warning("rendering with TensorFlow's own ops: %s", reason)
    return portable if reason or backend == "tensorflow" else native.ops()


def accelerators():
    """The names of the devices that are no CPUs."""
    return [device.name for device in tf.config.get_visible_devices() if device.device_type != "CPU"]


def _reason_for_tensorflow():
    """Why the compiled ops are not for this machine; None if they are."""
    found = accelerators()
    if found:
        return f"they run on {found[0]}, the compiled ones do not"
    try:
        native.ops()
    except ImportError as error:
        return str(error)
