"""The linear algebra of a basis [K, 3 V] of modes, which for a Basel model is as large as 127 MB: weighted sums and least squares.

A basis may be stored in half precision, and least squares want double, but never is a converted copy of a whole basis made:
all goes by blocks of columns, which stay in the processor's cache.
"""
import numpy as np
import tensorflow as tf

BLOCK = 8192  # columns


def combine(label, coefficients, basis):
    """[B, n] coefficients and [K, 3 V] modes -> [B, V, 3] float32, the sum of the first n modes; `label` begins the error.

    On GPUs TensorFlow keeps ten bits of the factors (TF32): of 199 shape modes that moves vertices by 0.002 mm, at most 0.013.
    """
    coefficients = tf.convert_to_tensor(coefficients, tf.float32)
    given, size = coefficients.shape[-1], basis.shape[0]
    if coefficients.shape.rank != 2 or (given or 0) > size:
        raise ValueError(f"{label} coefficients must be [batch, n] with n at most {size}, the model's {label} size; "
                         f"found {coefficients.shape}")
    if given != size:
        basis = basis[:tf.shape(coefficients)[1]]
    product = tf.matmul if basis.dtype == tf.float32 else _product_with_halves
    return tf.reshape(product(coefficients, basis), [-1, basis.shape[1] // 3, 3])


@tf.custom_gradient
def _product_with_halves(coefficients, basis):
    """coefficients @ basis in float32; the modes are constants. Without its own gradient a tape would keep all converted blocks."""
    def gradient(upstream):
        # The dependency keeps TensorFlow from sharing the converted blocks between the two directions, for the same reason.
        with tf.control_dependencies([upstream]):
            parts = [tf.matmul(upstream[:, columns], tf.cast(basis[:, columns], tf.float32), transpose_b=True)
                     for columns in _blocks(basis)]
        return tf.add_n(parts), None

    return tf.concat([coefficients @ tf.cast(basis[:, columns], tf.float32) for columns in _blocks(basis)], 1), gradient


def principal_modes(deviations, count, products=None):
    """Principal components of a population, in the precision of its deviations.

    Args:
      deviations: [N, V, 3] from what stands for zero, floats.
      count: the number wished for.
      products: [N, N] the inner products of the deviations, where they are others than the sums over the coordinates.

    Returns:
      Modes [min(count, N - 1), V, 3], one standard deviation each, largest first. A mode's entry of largest size is positive,
      so that its sign does not depend on the linear algebra library.
    """
    flat = deviations.reshape(len(deviations), -1)
    # By the inner products of the few faces, not those of the many coordinates: the eigenvalues are the same.
    _, weights = np.linalg.eigh(flat @ flat.T if products is None else products)
    weights = weights[:, ::-1][:, :min(count, len(flat) - 1)] / np.sqrt(len(flat) - 1.)
    modes = weights.T.astype(flat.dtype) @ flat
    modes *= np.sign(modes[np.arange(len(modes)), np.abs(modes).argmax(1)])[:, None]
    return modes.reshape(-1, *deviations.shape[1:])


def inner_products(left, right):
    """[M, 3 V] and [K, 3 V] -> [M, K] float64."""
    return tf.add_n([tf.matmul(tf.cast(left[:, columns], tf.float64), tf.cast(right[:, columns], tf.float64), transpose_b=True)
                     for columns in _blocks(right)])


def inverse_gram(*bases):
    """[K, K] float64 NumPy array, K modes together: the pseudo-inverse of the matrix of their inner products.

    A combination of modes whose length is below a millionth of the longest's counts as zero, as it is but for rounding.
    """
    gram = np.block([[inner_products(left, right).numpy() for right in bases] for left in bases])
    return np.linalg.pinv(gram, rcond=1e-12, hermitian=True)


def least_squares(residual, bases, inverse):
    """The coefficients [B, K] float32 whose sum of modes is nearest to the residual [B, V, 3], those of least norm.

    Args:
      residual: [B, V, 3].
      bases: some [K_i, 3 V], with K modes together.
      inverse: their `inverse_gram`.
    """
    residual = tf.reshape(residual, [-1, bases[0].shape[1]])
    return tf.cast(tf.concat([inner_products(residual, basis) for basis in bases], 1) @ inverse, tf.float32)


def _blocks(basis):
    return [slice(first, first + BLOCK) for first in range(0, basis.shape[1], BLOCK)]
