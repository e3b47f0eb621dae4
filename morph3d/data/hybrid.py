"""Hybrid batches for stage 2: encoded photos, the scenes their faces will be drawn in, and synthetic faces."""
import tensorflow as tf

from morph3d import scene
from morph3d.data import synthetic


def batches(photos, model, drawn, views, synthetic_batch, seed, start=0):
    """Endless hybrid batches; all but the photos is a function of (seed, step) alone.

    Args:
      photos: a dataset of Encoding [P, .] that begins with step `start` (prepared.dataset.encodings); P >= drawn.
      model: the MorphableModel whose coefficients are drawn for the synthetic part.
      drawn: how many of the photos, the first, get scenes: reading coefficients from a stored encoding costs nearly nothing, and
        the distribution of many is better known than that of the few that there is time to draw.
      views: scenes for each of them.
      synthetic_batch: synthetic faces in a batch.
      seed: an integer.
      start: the first step, so that a restart draws what would have come.

    Returns:
      A dataset of {"photos": Encoding [P, .], "views": Scene [drawn * views], "synthetic": SyntheticFaces}.
    """
    def element(step, encoding):
        view_seed, synthetic_seed = tf.unstack(tf.random.split(tf.stack([tf.cast(seed, tf.int64), step]), 2))
        return {"photos": encoding, "views": scene.sample(drawn * views, view_seed),
                "synthetic": synthetic.sample(model, synthetic_batch, synthetic_seed)}

    return tf.data.Dataset.zip(tf.data.Dataset.counter(start), photos).map(element).prefetch(4)
