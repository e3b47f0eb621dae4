"""Learning rate over the two stages of training (paper, section 3.3)."""
import math

import keras
import tensorflow as tf


@keras.saving.register_keras_serializable("morph3d")
class TwoStageSchedule(keras.optimizers.schedules.LearningRateSchedule):
    """A learning rate that falls in each stage from its own value to a twentieth, along half a cosine, after a short warm-up.

    Args:
      steps: (synthetic, hybrid), the steps of each stage.
      rates: (synthetic, hybrid), the learning rate each starts with.
      warm_up: steps.
    """

    def __init__(self, steps, rates, warm_up=50):
        self.steps, self.rates, self.warm_up = tuple(steps), tuple(rates), warm_up

    def __call__(self, step):
        step = tf.cast(step, tf.float32)
        second = step >= self.steps[0]
        since = tf.where(second, step - self.steps[0], step)
        length = tf.where(second, float(max(1, self.steps[1])), float(max(1, self.steps[0])))
        rate = tf.where(second, self.rates[1], self.rates[0])
        fall = .05 + .95 * .5 * (1. + tf.cos(math.pi * tf.minimum(since / length, 1.)))
        return rate * fall * tf.minimum(1., (since + 1.) / self.warm_up)

    def get_config(self):
        return {"steps": self.steps, "rates": self.rates, "warm_up": self.warm_up}
