"""The network that is trained: the decoder, and around it what its losses need (paper, figure 2)."""
import keras
import tensorflow as tf

from morph3d import aligned_rendering, losses
from morph3d.decoder import RENDERINGS, decode, readings
from morph3d.morphable.coefficients import Coefficients
from morph3d.training.distribution import ALONE


class FaceTraining(keras.Model):
    """Trains a decoder on batches of synthetic faces, photos, or both.

    A batch is a dictionary: "synthetic" holds EncodedFaces, which give the parameter loss; "photos" (an Encoding of [P, .]) and
    "views" (Scenes for the renderings of the first of them, `views` for each) give the other three. The parameter loss is that of
    the expected face; in a batch of both, stage 2, there is also that of the face that differs as people do, "read_parameter".

    `train_step` returns every term by its name, unweighted, and their weighted sum as "loss".

    Under Keras' policy "mixed_float16" the decoder's hidden layers compute in halves, and Keras' optimizer scales the loss: a step
    whose gradient overflows changes nothing, but counts, and its "gradient" is reported as 0.

    On several replicas each has a part of the batch (distribution.shared_out); what is reported and the step that is taken are
    those of the whole batch. The decoder and the optimizer have to be made in the strategy's scope, but this not: Keras would
    build it by calling it with a batch.

    Args:
      decoder: what `morph3d.decoder.build` gives; the only part that is trained.
      morphable: MorphableModel.
      encoder: a frozen encoder.
      weights: config.LossWeights.
      views: renderings of each photo's face; the paper takes three.
      strategy: the tf.distribute.Strategy of the decoder.
    """

    def __init__(self, decoder, morphable, encoder, weights, views=3, strategy=ALONE.strategy):
        super().__init__(name="face_training")
        self.decoder = decoder
        # Behind a function: Keras would otherwise list the frozen variables among its own.
        self._frozen = lambda: (morphable, encoder)
        self.weights_of_losses, self.views, self._strategy = weights, views, strategy
        self._coefficient_weights = {"shape_weight": weights.shape, "texture_weight": weights.texture}

    def call(self, features):
        return decode(self.decoder, features)

    def make_train_function(self, force=False):
        """Makes what `fit` calls at each step; Keras' own (3.15) fails with several workers, seeking a batch axis in scalars."""
        train_step = tf.function(self.train_step, jit_compile=True) if self.jit_compile else self.train_step

        def step(batches):
            reported = self._strategy.run(train_step, (batches.get_next(),))
            return {name: self._strategy.experimental_local_results(value)[0] for name, value in reported.items()}

        if self.train_function is None or force:
            self.train_function = tf.function(step, autograph=False)

    def train_step(self, batch):
        replica = tf.distribute.get_replica_context()
        with tf.GradientTape() as tape:
            terms = self.terms(batch)
            weighted = [getattr(self.weights_of_losses, name) * value for name, value in terms.items()]
            regularization = tf.add_n(self.decoder.losses)
            loss = tf.add_n(weighted) + regularization
            scaled = self.optimizer.scale_loss(loss)
        variables = self._trained_by(batch)
        # Before the optimizer, which would look for numbers that are not finite in each replica's own gradient.
        gradients = replica.all_reduce("MEAN", tape.gradient(scaled, variables))
        length = tf.linalg.global_norm(gradients) / self.optimizer.scale_loss(1.)
        finite = tf.math.is_finite(length)
        # Keras sums over the replicas what it is given.
        self.optimizer.apply_gradients(zip([part / replica.num_replicas_in_sync for part in gradients], variables))
        if isinstance(self.optimizer, keras.optimizers.LossScaleOptimizer):  # which skips a step whose gradient is not finite,
            self.optimizer.iterations.assign_add(tf.cast(~finite, tf.int64))  # but a step has to be the number of its batch
            length = tf.where(finite, length, 0.)
        reported = replica.all_reduce("MEAN", {"loss": loss, **terms, "weight_decay": regularization})
        return {**reported, "gradient": length}

    def _trained_by(self, batch):
        """The variables that the losses of a batch reach; the pull toward zero, alone, would wipe out the others: Adam's steps have
        the same size however small a gradient is."""
        layers = ("expected",) * ("synthetic" in batch) + ("added",) * ("photos" in batch)
        return [variable for variable in self.decoder.trainable_variables if variable.path.startswith(layers)]

    def terms(self, batch):
        """The losses of this batch, {name in LossWeights: scalar}."""
        terms = {}
        if "synthetic" in batch:
            faces = batch["synthetic"]
            read, expected = readings(self.decoder, faces.features, RENDERINGS)
            terms["parameter"] = losses.parameter_loss(expected, faces.coefficients, **self._coefficient_weights)
            if "photos" in batch:
                terms["read_parameter"] = losses.parameter_loss(read, faces.coefficients, **self._coefficient_weights)
        if "photos" in batch:
            terms.update(self._photo_losses(batch["photos"], batch["views"]))
        return terms

    def coefficient_deviations(self, features):
        """Standard deviations of the shape and the texture coefficients over photos [N, D], means over the coefficients."""
        coefficients = decode(self.decoder, tf.constant(features))
        return tuple(float(tf.reduce_mean(tf.math.reduce_std(part, 0))) for part in coefficients[:2])

    def _photo_losses(self, photos, views):
        """All photos count for the distribution; the first of them are drawn, each view once for identity and loopback."""
        morphable, encoder = self._frozen()
        everybody = decode(self.decoder, photos.features)
        count = keras.ops.shape(views.background)[0] // self.views
        predicted = Coefficients(everybody.shape[:count], everybody.texture[:count])
        vertices, colors = morphable.instance(predicted)
        images = aligned_rendering.draw(tf.repeat(vertices, self.views, 0), tf.repeat(colors, self.views, 0), morphable.triangles,
                                morphable.landmarks, views, encoder)
        seen = encoder(images)
        return {"identity": losses.identity_loss(photos.identity[:count], seen.identity),
                "batch": losses.batch_distribution_loss(everybody),
                "loopback": losses.loopback_loss(predicted, decode(self.decoder, seen.features, RENDERINGS),
                                                 **self._coefficient_weights)}
