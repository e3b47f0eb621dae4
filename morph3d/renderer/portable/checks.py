"""Checks of the functions' inputs, in the words of the compiled ops."""
import tensorflow as tf


def require(condition, message):
    """Raises InvalidArgumentError unless the (Python) condition holds."""
    if not condition:
        raise tf.errors.InvalidArgumentError(None, None, message)


def floats(name, values, axes, **sizes):
    """Values -> float32 tensor of a given shape.

    Args:
      name: of the values, for the message.
      axes: names of the axes, as "B V 4"; a number is the axis' size.
      sizes: those of other axes, as far as they are known.

    Raises:
      InvalidArgumentError: another shape, now or, of what is not known while tracing, when the graph runs.
    """
    return _of_shape(name, tf.convert_to_tensor(values, tf.float32), axes, sizes)


def indices(name, values, axes, low, end, **sizes):
    """Values (int32) -> int64 tensor of a given shape (see floats) whose elements all lie in [low, end), or it raises."""
    values = _of_shape(name, tf.cast(tf.convert_to_tensor(values, tf.int32), tf.int64), axes, sizes)
    end = tf.cast(end, tf.int64)
    found = tf.reduce_max(tf.where((values < low) | (values >= end), values, tf.int64.min))
    if tf.executing_eagerly():
        require(found == tf.int64.min, f"{name} must lie in [{low}, {end}), but found {found}")
        return values
    message = [f"{name} must lie in [{low}, ", end, "), but found ", found]  # XLA cannot format strings
    with tf.control_dependencies([tf.debugging.Assert(found == tf.int64.min, message)]):
        return tf.identity(values)


def _of_shape(name, tensor, axes, sizes):
    axes = axes.split()
    expected = [int(axis) if axis.isdigit() else sizes.get(axis) for axis in axes]
    if not tensor.shape.is_compatible_with(expected):
        named = [axis if axis.isdigit() or size is None else f"{axis}={size}" for axis, size in zip(axes, expected, strict=True)]
        found = ",".join(str(size) for size in tensor.shape)
        require(False, f"{name} must have the shape [{', '.join(named)}], but it has shape [{found}]")
    return tf.ensure_shape(tensor, expected)
