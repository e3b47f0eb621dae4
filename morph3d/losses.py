"""The four losses of the paper (section 3.3), pure functions of predictions; each returns one scalar.

Equation 3 sums over the batch, equation 4 is of one pair; here every loss is a mean over the batch, so that the weights do not
change their meaning with its size. BUILD_NOTES.md says how the weights were chosen.

Everything is computed in float32, also for callers that hand over halves. Nothing is broadcast: what does not belong together
raises ValueError where the shapes are known, and InvalidArgumentError in the step where they are not.
"""
import keras
import tensorflow as tf


def parameter_loss(predicted, true, *, shape_weight, texture_weight):
    """Squared distance of coefficients (equation 3): mean_b(shape_weight |s - s*|^2 + texture_weight |t - t*|^2).

    Args:
      predicted, true: Coefficients with shape [B, S] and texture [B, T].
      shape_weight, texture_weight: numbers.
    """
    shape = _mean_squared_norm(predicted.shape, true.shape)
    texture = _mean_squared_norm(predicted.texture, true.texture)
    return shape_weight * shape + texture_weight * texture


def identity_loss(photos, views):
    """One minus the cosine between a photo's identity and that of each rendering of its face, 0..2 (section 3.3.2).

    Equation 4 (section 3.3.2) prints the cosine itself, the similarity that is to be maximized.

    Args:
      photos: [B, I] unit vectors.
      views: [B * N, I] unit vectors, the N renderings of one photo's face next to each other.
    """
    photos, views = tf.cast(photos, tf.float32), tf.cast(views, tf.float32)
    count, size = keras.ops.shape(photos)
    views = tf.reshape(views, [count, _views_of_each(photos, views), size])
    return tf.reduce_mean(1. - tf.einsum("bi,bni->bn", photos, views))


def batch_distribution_loss(coefficients):
    """Squared distance of the batch's mean and variance from those of a standard normal distribution (equations 5 and 6).

    The variance is the unbiased one: of a dozen photos the biased one, driven to 1, would make the coefficients 4 % too large.

    In a replica of a tf.distribute.Strategy the batch is that of all replicas together, and so is the loss, in each of them.

    Args:
      coefficients: Coefficients with shape [B, S] and texture [B, T], B >= 2 in all.
    """
    values = tf.concat([tf.cast(part, tf.float32) for part in coefficients[:2]], 1)
    count = _over_replicas(tf.cast(tf.shape(values)[0], tf.float32))
    mean = _over_replicas(tf.reduce_sum(values, 0)) / count
    variance = _over_replicas(tf.reduce_sum(tf.square(values - mean), 0)) / (count - 1.)
    return tf.reduce_sum(tf.square(mean)) + tf.reduce_sum(tf.square(variance - 1.))


def loopback_loss(coefficients, read_back, *, shape_weight, texture_weight):
    """The parameter loss between coefficients and what the decoder reads from their renderings (section 3.3.4).

    Gradients flow into both: into what was predicted and into the reading of its pictures.

    Args:
      coefficients: Coefficients [B, .] predicted from photos.
      read_back: Coefficients [B * N, .], those of one photo's N renderings next to each other.
      shape_weight, texture_weight: as in `parameter_loss`.
    """
    views = _views_of_each(coefficients.shape, read_back.shape)
    repeated = coefficients._replace(shape=tf.repeat(coefficients.shape, views, 0),
                                     texture=tf.repeat(coefficients.texture, views, 0))
    return parameter_loss(read_back, repeated, shape_weight=shape_weight, texture_weight=texture_weight)


def _mean_squared_norm(predicted, true):
    predicted, true = tf.cast(predicted, tf.float32), tf.cast(true, tf.float32)
    (count, size), (true_count, true_size) = keras.ops.shape(predicted), keras.ops.shape(true)
    with _required([count == true_count, size == true_size], "predicted and true coefficients of one shape", predicted, true):
        return tf.reduce_mean(tf.reduce_sum(tf.square(predicted - true), -1))


def _views_of_each(photos, views):
    """-> N, an integer where it is known, of photos [B, I] and views [B * N, I]."""
    (count, size), (total, view_size) = keras.ops.shape(photos), keras.ops.shape(views)
    with _required([size == view_size, total % count == 0], "photos [B, I] and their views [B * N, I]", photos, views):
        return total // count


def _required(conditions, expected, first, second):
    """A context for what needs the conditions, which are Python's where sizes are known, and tensors where they are not."""
    if any(condition is False for condition in conditions):
        raise ValueError(f"expected {expected}, found {first.shape} and {second.shape}")
    return tf.control_dependencies([
        tf.debugging.Assert(condition, [f"expected {expected}, found", tf.shape(first), "and", tf.shape(second)])
        for condition in conditions if condition is not True])


def _over_replicas(part):
    """The sum over all replicas; gradients flow into every replica's part."""
    return tf.distribute.get_replica_context().all_reduce("SUM", part)
