"""A face recognizer's training by triplets (Schroff, Kalenichenko and Philbin 2015): photos of one person close, others farther."""
import keras
import tensorflow as tf

from morph3d import images
from morph3d.data.prepared import dataset

SHUFFLED_BATCHES = 8  # sets of photos wait for as many batches, so that those of one person, whose photos lie together, get apart


def loss(identity, people, margin=.2):
    """The triplet loss with all pairs of one person's photos (anchor, positive), each with one negative of the batch.

    A pair's negative is the anchor's nearest photo of somebody else among those farther away than the positive ("semi-hard",
    section 3.2 of the FaceNet paper), and where none is farther, the farthest there is.

    Args:
      identity: [N, I] unit vectors.
      people: [N] int64, equal for photos of one person.
      margin: by which the squared distance to the negative should exceed that to the positive.

    Returns:
      The mean loss of all pairs, and the share of the pairs whose loss is not zero. Both are 0 without pairs or negatives.
    """
    distance = 2. - 2. * tf.matmul(identity, identity, transpose_b=True)
    same = people[:, None] == people
    negatives = tf.sort(tf.where(same, tf.constant(float("inf")), distance))  # of each anchor, the nearest first
    count = tf.reduce_sum(tf.cast(~same, tf.int32), 1, keepdims=True)
    no_farther = tf.searchsorted(negatives, distance, side="right")
    negative = tf.gather(negatives, tf.maximum(tf.minimum(no_farther, count - 1), 0), batch_dims=1)
    pair = tf.cast(same, tf.float32) - tf.eye(tf.shape(people)[0])
    losses = pair * tf.nn.relu(distance - negative + margin)
    pairs = tf.reduce_sum(pair)
    return tf.math.divide_no_nan(tf.reduce_sum(losses), pairs), tf.math.divide_no_nan(tf.reduce_sum(tf.sign(losses)), pairs)


def batches(photos, people, photos_per_person, image_size, seed):
    """Endless batches of sets of photos, each set of one person, mirrored at random; a function of the photos and the seed.

    In memory are, beside some batches, fewer than `photos_per_person` encoded photos of each person: those waiting for their set.
    A person with fewer photos than that comes with repeated ones; with a single photo or without a name ("") not at all. Sets in
    a batch can be of the same person.

    Args:
      photos: an endless dataset of {"image": string, "person": string}, shuffled (dataset.crops).
      people: sets in a batch.
      photos_per_person: photos in a set; at least 2.
      image_size: of the photos once they are decoded.
      seed: an integer.

    Returns:
      A dataset of {"crops": [N, image_size, image_size, 3] uint8, "people": [N] int64}, N = people * photos_per_person.
    """
    shuffled = sets(photos, photos_per_person).shuffle(SHUFFLED_BATCHES * people, seed, reshuffle_each_iteration=False)

    def flat(step, batch):
        names = tf.reshape(batch["person"], [-1])
        crops = tf.map_fn(lambda image: dataset.decode(image, image_size), tf.reshape(batch["image"], [-1]), tf.uint8)
        mirror = tf.random.stateless_uniform(tf.shape(names), tf.stack([tf.cast(seed, tf.int64), step])) < .5
        return {"crops": tf.where(mirror[:, None, None, None], crops[:, :, ::-1], crops), "people": _number(names)}

    return shuffled.batch(people, drop_remainder=True).enumerate().map(flat, num_parallel_calls=2, deterministic=True).prefetch(2)


def sets(photos, photos_per_person):
    """{"image": string, "person": string} -> {"image": [N], "person": [N]} of one person, not all the same photo."""
    named = photos.filter(lambda photo: photo["person"] != "")
    of_one_person = named.group_by_window(lambda photo: _number(photo["person"]),
                                          lambda _, window: window.batch(photos_per_person, drop_remainder=True),
                                          photos_per_person)
    # Who has a single photo comes by once an epoch, until the set is full of it.
    return of_one_person.filter(lambda photos: tf.reduce_any(photos["image"] != photos["image"][:1]))


def _number(people):
    return tf.strings.to_hash_bucket_fast(people, 2**63 - 1)


class TripletTraining(keras.Model):
    """A recognizer in training on the batches of `batches`; `train_step` returns what `loss` gives as "loss" and "active".

    Args:
      network: a Keras model, images [B, size, size, 3] in 0..1 -> [features, identity [B, I] of unit length].
      margin: see `loss`.
    """

    def __init__(self, network, margin=.2):
        super().__init__(name="triplet_training")
        self.network, self.margin = network, margin

    def call(self, pictures, training=None):
        return self.network(pictures, training=training)

    def train_step(self, batch):
        with tf.GradientTape() as tape:
            _, identity = self(images.to_float(batch["crops"]), training=True)
            value, active = loss(identity, batch["people"], self.margin)
        variables = self.network.trainable_variables
        gradients = tape.gradient(value, variables)
        self.optimizer.apply_gradients(zip(gradients, variables))
        return {"loss": value, "active": active, "gradient": tf.linalg.global_norm(gradients)}
