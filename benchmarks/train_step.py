"""The speed of a hybrid step of training beside the encoder's own work in it, which no implementation can do without.

    python -m benchmarks.train_step --json=runs/train_step.json

The encoder's work is forward and back through as many pictures as the step draws. All that is compared is measured in one run and
by turns, so that the ratios hold on a busy machine too. FaceNet has random weights, which cost the same.
"""
import dataclasses
import pathlib
import tempfile

import keras
import tensorflow as tf
from absl import app, flags
from keras_facenet import inception_resnet_v1

from benchmarks import measuring
from morph3d import decoder, morphable, scene
from morph3d.data.synthetic_store import CHUNK, EncodedFaces, SyntheticStore
from morph3d.encoders import registry
from morph3d.training import train
from morph3d.training.config import TrainingConfig
from tests.encoders import facenet_files

_ROUNDS = flags.DEFINE_integer("rounds", 9, "how often each is measured", lower_bound=1)

BASEL_VERTICES = 53149
DRAWN = 16  # photos of a batch that are drawn, three times each
GROWTH = 8, 16, 32, 64


def facenet(folder):
    """keras-facenet's network."""
    keras.utils.set_random_seed(0)
    path = pathlib.Path(folder, "facenet.h5")
    facenet_files.write(path, inception_resnet_v1.InceptionResNetV1((160, 160, 3), 512))
    return registry.load("facenet", path, color_features=True)


def hybrid_step(model, encoder, drawn):
    """-> a function that takes a hybrid step, and one that does the encoder's work in it."""
    config = TrainingConfig.default("", "")
    config = dataclasses.replace(config, hybrid=dataclasses.replace(config.hybrid, drawn_photos=drawn))
    training, pictures = train.assemble(config, model, encoder), drawn * config.hybrid.views
    training.optimizer.build(training.decoder.trainable_variables)
    images = tf.random.stateless_uniform([pictures, encoder.image_size, encoder.image_size, 3], [0, 0])
    photos = tf.nest.map_structure(lambda part: tf.repeat(part, -(-config.hybrid.photo_batch // pictures), 0), encoder(images))
    count, sizes = config.hybrid.synthetic_batch, (encoder.feature_size, *model.sizes[:2])
    decoder.standardize(training.decoder, photos.features, photos.features)
    batch = {"photos": photos, "views": scene.sample(pictures, [0, 1]),
             "synthetic": EncodedFaces(*(tf.random.stateless_normal([count, size], [0, 2]) for size in sizes))}

    @tf.function
    def step():
        return training.train_step(batch)["loss"]

    @tf.function
    def encoder_alone():
        with tf.GradientTape() as tape:
            tape.watch(images)
            seen = encoder(images)
        return tf.reduce_sum(tape.gradient(seen, images))

    return step, encoder_alone


def over_encoder(name, model, encoder):
    """{name_...: figure} of a step, and how many times its encoder's work it takes."""
    step, encoder_alone = hybrid_step(model, encoder, DRAWN)
    found = measuring.medians({"step": lambda: float(step()), "encoder": lambda: float(encoder_alone())}, _ROUNDS.value)
    return {f"{name}_step_seconds": found["step"], f"{name}_encoder_seconds": found["encoder"],
            f"{name}_step_over_encoder": found["step"] / found["encoder"]}


def growth(model, encoder):
    """{dlib_small_milliseconds_per_photo_of_N: figure}."""
    steps = {drawn: hybrid_step(model, encoder, drawn)[0] for drawn in GROWTH}
    found = measuring.medians({str(drawn): lambda step=step: float(step()) for drawn, step in steps.items()}, _ROUNDS.value)
    return {f"dlib_small_milliseconds_per_photo_of_{drawn}": 1e3 * found[str(drawn)] / drawn for drawn in steps}


def faces_per_second(model, encoder, folder):
    """How many synthetic faces a second are drawn and encoded for the store."""
    store = SyntheticStore(folder, model, encoder, 5 * CHUNK, 0)
    store.first(CHUNK)  # makes the graph
    drawn, seconds = store.drawn, store.seconds
    store.first(5 * CHUNK)
    return (store.drawn - drawn) / (store.seconds - seconds)


def measure(folder):
    """All figures, {name: number}."""
    dlib, small = registry.load("dlib", color_features=True), morphable.load("embedded-7k")
    basel = morphable.load("embedded-67k").decimated(BASEL_VERTICES)
    return {**over_encoder("dlib_small", small, dlib), **over_encoder("facenet_basel", basel, facenet(folder)),
            **growth(small, dlib), "synthetic_faces_per_second": faces_per_second(small, dlib, pathlib.Path(folder, "faces"))}


def main(_):
    with tempfile.TemporaryDirectory() as folder:
        found = measure(folder)
    measuring.show(found)
    measuring.keep(found)


if __name__ == "__main__":
    app.run(main)
