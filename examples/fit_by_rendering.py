"""Finds the shape of a face from one picture of it by gradient descent through the renderer.

    python examples/fit_by_rendering.py [MODEL]

The picture is itself a rendering, so that the truth is known; colors, light and pose are given.
"""
import sys

import keras
import tensorflow as tf

import morph3d
from morph3d.renderer.render import render


def main(model="embedded", steps=60, size=128):
    model = morph3d.load_model(model)
    scene = morph3d.studio(yaw=.3)
    truth = model.sample(1, seed=3).neutral()

    def draw(coefficients):
        return render(*model.instance(coefficients), model.triangles, scene, size)

    target = draw(truth)
    shape = tf.Variable(tf.zeros_like(truth.shape))
    optimizer = keras.optimizers.Adam(.05)
    distances = []
    for step in range(steps + 1):
        guess = truth._replace(shape=shape)
        with tf.GradientTape() as tape:
            drawn = draw(guess)
            # Silhouettes have no gradient: only what both pictures show can be compared.
            both = tf.cast(drawn.mask & target.mask, tf.float32)[..., None]
            difference = tf.reduce_sum(both * tf.square(drawn.image - target.image)) / tf.reduce_sum(both)
            loss = difference + 1e-5 * tf.reduce_sum(tf.square(shape))  # likely faces first
        distances.append(float(tf.reduce_mean(tf.norm(model.instance(guess)[0] - model.instance(truth)[0], axis=-1))))
        if step % 10 == 0:
            print(f"step {step:3}: pictures differ by {float(difference)**.5:.4f}, surfaces by {distances[-1]:.2f} mm")
        optimizer.apply([tape.gradient(loss, shape)], [shape])
    return distances


if __name__ == "__main__":
    main(*sys.argv[1:])
