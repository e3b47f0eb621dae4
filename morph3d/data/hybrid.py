"""Hybrid batches for stage 2: encoded photos, the scenes their faces will be drawn in, and encoded synthetic faces."""
import tensorflow as tf

from morph3d import scene


def batches(photos, faces, drawn, views, seed, start=0):
    """Endless hybrid batches; the scenes are a function of (seed, step) alone.

    Args:
      photos: a dataset of Encoding [P, .] that begins with step `start` (prepared.dataset.encodings); P >= drawn.
      faces: a dataset of EncodedFaces that begins with step `start` (SyntheticStore.batches).
      drawn: how many of the photos, the first, get scenes: reading coefficients from a stored encoding costs nearly nothing, and
        the distribution of many is better known than that of the few that there is time to draw.
      views: scenes for each of them.
      seed: an integer.
      start: the first step, so that a restart draws what would have come.

    Returns:
      A dataset of {"photos": Encoding [P, .], "views": Scene [drawn * views], "synthetic": EncodedFaces}.
    """
    def element(step, encoding, encoded):
        views_of_step = scene.sample(drawn * views, tf.stack([tf.cast(seed, tf.int64), step]))
        return {"photos": encoding, "views": views_of_step, "synthetic": encoded}

    return tf.data.Dataset.zip(tf.data.Dataset.counter(start), photos, faces).map(element).prefetch(4)
