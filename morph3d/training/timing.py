"""Where the time of training goes: into waiting for batches, and into the parts of a step."""
import time

import tensorflow as tf

from morph3d import aligned_rendering
from morph3d.data import synthetic

REPEATS = 3


class Waits:
    """A clock that runs while somebody waits for a batch: the step, or what reads ahead for several replicas.

    Attributes:
      seconds: for how long it ran; lies in the computer's memory, so that reading it waits for no device.
    """

    def __init__(self):
        with tf.device("CPU"):
            self._seconds = tf.Variable(0., dtype=tf.float64, trainable=False)

    @property
    def seconds(self):
        return float(self._seconds)

    def of(self, batches):
        """The same dataset, on the clock."""
        asked = tf.data.Dataset.counter().map(lambda _: tf.timestamp())

        def stop(asked, batch):
            self._seconds.assign_add(tf.timestamp() - asked)
            return batch

        options = tf.data.Options()
        options.experimental_optimization.inject_prefetch = False  # a batch made ahead would be asked for ahead
        # A zip asks for its parts one after the other: first for the time, then for the batch.
        return tf.data.Dataset.zip((asked, batches)).map(stop).with_options(options)


def part_seconds(model, encoder, count):
    """How long drawing and encoder take alone, forward and back, for pictures of random faces: {"render", "encoder"}, seconds.

    A step of stage 2 is one graph, in which they cannot be timed. Alone they share the processors with nothing else of it, so that
    the sum of the parts says about, not exactly, what they take of a step.

    Args:
      model: MorphableModel.
      encoder: Encoder.
      count: pictures, as many as a step draws.
    """
    faces = synthetic.sample(model, count, [0, 0])

    def draw(vertices, colors):
        return aligned_rendering.draw(vertices, colors, model.triangles, model.landmarks, faces.scene, encoder)

    vertices, colors = model.instance(faces.coefficients)
    return {"render": _seconds(draw, vertices, colors), "encoder": _seconds(encoder, draw(vertices, colors))}


def _seconds(part, *inputs):
    @tf.function
    def there_and_back(*inputs):
        with tf.GradientTape() as tape:
            tape.watch(inputs)
            outputs = part(*inputs)
        return tf.add_n([tf.reduce_sum(gradient) for gradient in tape.gradient(outputs, inputs)])

    there_and_back(*inputs)  # makes the graph
    start = time.perf_counter()
    for _ in range(REPEATS):
        float(there_and_back(*inputs))  # waits for the device
    return (time.perf_counter() - start) / REPEATS
