"""Training on several devices, or on several machines: each replica has its rows of every batch, and one worker, the chief, writes.

A worker is a process, and a replica a device of it with a copy of the decoder. Whatever their number, a step has the same batch.
"""
import contextlib
import functools
import json
import os

import tensorflow as tf


class WorkerLost(ConnectionError):
    """Another worker of the training has ended, or cannot be reached."""


class Distribution:
    """How a training is shared out to workers and replicas.

    Attributes:
      strategy: the tf.distribute.Strategy.
      replicas: how many there are in all.
      chief: whether this worker is the one that writes.

    Args:
      kind: as in config.TrainingConfig. "multi_worker" has to come before anything else that TensorFlow does in this process, and
        waits until every worker of the cluster is there.

    Raises:
      ValueError: TF_CONFIG names no cluster for "multi_worker".
    """

    def __init__(self, kind="none"):
        self._several = kind == "multi_worker"
        if self._several and not json.loads(os.environ.get("TF_CONFIG", "{}")).get("cluster"):
            raise ValueError("distribution=multi_worker: the environment variable TF_CONFIG names no cluster; give every worker "
                             "its own, as TensorFlow's guide to multi-worker training shows, or take distribution=mirrored")
        self.strategy = _strategy(kind)
        self.replicas = self.strategy.num_replicas_in_sync
        self.chief = self.strategy.extended.should_checkpoint
        self._sum_over_replicas = tf.function(lambda values: self.strategy.run(_all_reduce, (values,)))

    @classmethod
    def of(cls, config):
        """The Distribution that a TrainingConfig asks for; ValueError where its batches cannot be shared out evenly, too."""
        distribution = cls(config.distribution)
        distribution.require_even({
            "synthetic_batch": config.synthetic.batch, "hybrid_photo_batch": config.hybrid.photo_batch,
            "hybrid_drawn_photos": config.hybrid.drawn_photos, "hybrid_synthetic_batch": config.hybrid.synthetic_batch})
        return distribution

    def require_even(self, batches):
        """ValueError unless batches, {setting's name: size}, can be shared out evenly."""
        uneven = {name: size for name, size in batches.items() if size % self.replicas}
        if uneven:
            raise ValueError(f"{', '.join(f'{name} = {size}' for name, size in uneven.items())}: cannot be shared out evenly to "
                             f"{self.replicas} replicas; expected multiples of {self.replicas}, such as "
                             f"{', '.join(f'{-(-size // self.replicas) * self.replicas}' for size in uneven.values())}, or fewer "
                             f"devices")

    def rows(self, batches, drawn):
        """The batches of a dataset, as `fit` takes them, shared out to the replicas (see `shared_out`)."""
        if self.replicas == 1:
            return batches

        def of_worker(context):
            here = self.replicas // context.num_input_pipelines
            first = here * context.input_pipeline_id
            return batches.map(lambda batch: tf.nest.map_structure(
                lambda part: part[first:first + here], shared_out(batch, self.replicas, drawn))).unbatch()

        return self.strategy.distribute_datasets_from_function(of_worker)

    def take_from_chief(self, variables):
        """Gives variables the values that they have in the chief."""
        if self._several:
            own = [tf.cast(variable.value, tf.float64) for variable in variables]
            for variable, value in zip(variables, self._total(own if self.chief else [tf.zeros_like(value) for value in own])):
                variable.assign(tf.cast(value, variable.dtype))

    def any(self, flag):
        """Whether a flag is set in any worker; all of them have to ask, and wait for each other here."""
        return bool(self._total([tf.constant(float(flag), tf.float64)])[0]) if self._several else flag

    def meet(self):
        """Waits for all workers."""
        self.any(False)

    @contextlib.contextmanager
    def workers_watched(self):
        """A context that raises WorkerLost where this worker has waited for another one in vain."""
        try:
            yield
        except (tf.errors.UnavailableError, tf.errors.AbortedError, tf.errors.CancelledError) as error:
            if not self._several:
                raise
            raise WorkerLost("another worker has ended or cannot be reached, what it has printed says why; start all workers "
                             "again to go on from the last checkpoint") from error

    def _total(self, values):
        """Float64 tensors -> their sums over all workers."""
        local = self.strategy.experimental_local_results
        return [local(value)[0] / len(local(value)) for value in self._sum_over_replicas(values)]


@functools.cache  # each new one would number its collective operations anew, and TensorFlow take them for those of an earlier one
def _strategy(kind):
    return {"none": tf.distribute.get_strategy, "mirrored": tf.distribute.MirroredStrategy,
            "multi_worker": tf.distribute.MultiWorkerMirroredStrategy}[kind]()


ALONE = Distribution()


def shared_out(batch, replicas, drawn):
    """A batch of FaceTraining, all parts [N, ...] -> the parts of each replica, [replicas, N / replicas, ...].

    The first `drawn` of the photos, to whom the views belong, are shared out by themselves and come first in each replica as well.
    """
    def even(part):
        return tf.reshape(part, [replicas, part.shape[0] // replicas, *part.shape[1:]])

    def photos(part):
        return tf.concat([even(part[:drawn]), even(part[drawn:])], 1)

    return {name: tf.nest.map_structure(photos if name == "photos" else even, part) for name, part in batch.items()}


def _all_reduce(values):
    values = [tf.identity(value) for value in values]  # which are on a device then; what a function is given is on none
    return tf.distribute.get_replica_context().all_reduce("SUM", values)
