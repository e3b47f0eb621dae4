"""Finds the shape of a face from one picture of it by gradient descent through the renderer.

    python examples/fit_by_rendering.py [MODEL]

The picture is itself a rendering, in a light and a pose that are known, so that the truth is too.
"""
import sys

import keras
import tensorflow as tf

import morph3d
from morph3d.renderer.render import render


def main(model="embedded", steps=60, size=128):
    model = morph3d.load_model(model)
    scene = morph3d.studio(yaw=.5)
    truth = model.sample(1, seed=3).neutral()

    def picture(coefficients):
        return render(*model.instance(coefficients), model.triangles, scene, size).image

    target = picture(truth)
    shape = tf.Variable(tf.zeros_like(truth.shape))
    optimizer = keras.optimizers.Adam(.1)
    distance = []
    for step in range(steps + 1):
        with tf.GradientTape() as tape:
            guess = truth._replace(shape=shape)
            loss = tf.reduce_mean(tf.square(picture(guess) - target))
        distance.append(float(tf.reduce_mean(tf.norm(model.instance(guess)[0] - model.instance(truth)[0], axis=-1))))
        if step % 10 == 0:
            print(f"step {step:3}: pictures differ by {float(loss)**.5:.4f}, surfaces by {distance[-1]:.2f} mm")
        optimizer.apply([tape.gradient(loss, shape)], [shape])
    return distance


if __name__ == "__main__":
    main(*sys.argv[1:])
