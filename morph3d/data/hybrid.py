"""Hybrid batches for stage 2: encoded photos, the scenes their faces will be drawn in, and synthetic faces."""
import numpy as np
import tensorflow as tf

from morph3d import scene
from morph3d.data import synthetic
from morph3d.encoders import Encoding


def encode(crops, encoder, batch=32):
    """What the frozen encoder sees in the photos: computed once, since it never changes.

    Args:
      crops: [N, S, S, 3] uint8.
      encoder: what `morph3d.encoders.load` gives.
      batch: photos in one call.

    Returns:
      Encoding of [N, .] float32 arrays.
    """
    run = tf.function(lambda images: tuple(encoder(tf.cast(images, tf.float32) / 255.)), reduce_retracing=True)
    parts = [run(tf.constant(crops[i:i + batch])) for i in range(0, len(crops), batch)]
    return Encoding(*(np.concatenate(part) for part in zip(*parts)))


def batches(photos, model, photo_batch, drawn, views, synthetic_batch, seed, start=0):
    """Endless hybrid batches, a function of (seed, step) alone: a restart at step `start` draws what would have come.

    Args:
      photos: Encoding of [N, .], N >= photo_batch.
      model: the MorphableModel whose coefficients are drawn for the synthetic part.
      photo_batch: photos in a batch; each epoch visits the photos in a new order, and leaves the incomplete last batch out.
      drawn: how many of these, the first, get scenes: reading coefficients from a stored encoding costs nearly nothing, and the
        distribution of many is better known than that of the few that there is time to draw.
      views: scenes for each of them.
      synthetic_batch: synthetic faces in a batch.
      seed: an integer.
      start: the first step.

    Returns:
      A dataset of {"photos": Encoding [photo_batch, .], "views": Scene [drawn * views], "synthetic": SyntheticFaces}.
    """
    count = len(photos.features)
    if count < photo_batch:
        raise ValueError(f"{count} photos are fewer than the {photo_batch} of a batch: "
                         f"give more photos or a smaller --photo_batch")
    photos = Encoding(*map(tf.constant, photos))

    def element(step):
        view_seed, synthetic_seed = tf.unstack(tf.random.split(tf.stack([tf.cast(seed, tf.int64), step]), 2))
        chosen = _indices(count, photo_batch, seed, step)
        return {"photos": Encoding(*(tf.gather(part, chosen) for part in photos)),
                "views": scene.sample(drawn * views, view_seed),
                "synthetic": synthetic.sample(model, synthetic_batch, synthetic_seed)}

    return tf.data.Dataset.counter(start).map(element).prefetch(2)


def _indices(count, batch, seed, step):
    """[batch] photo numbers for this step: the step's slice of its epoch's permutation."""
    per_epoch = count // batch
    epoch, position = step // per_epoch, step % per_epoch
    order = tf.random.experimental.stateless_shuffle(tf.range(count), tf.stack([tf.cast(seed, tf.int64) + 1, epoch]))
    return tf.slice(order, [position * batch], [batch])
