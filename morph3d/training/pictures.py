"""What TensorBoard shows of a run to the eye: photos beside their faces, meshes, and the distribution of the coefficients."""
import io

import matplotlib.figure
import numpy as np
import tensorflow as tf
from tensorboard.plugins.mesh import summary_v2 as mesh_summary

from morph3d import aligned_rendering, images, scene
from morph3d.decoder import decode
from morph3d.training.callbacks import RunCallback

MESHES = 3  # of some 0.7 MB each


class Pictures(RunCallback):
    """Writes some photos' faces and the distribution of coefficients, each `every` steps and at the end of a stage.

    Args:
      writer: of TensorFlow's summaries.
      checkpoints: Checkpoints.
      morphable: MorphableModel.
      encoder: gives the framing of the pictures.
      features: [N, D] of photos, for the distribution of their coefficients.
      crops: [M, size, size, 3] uint8 photos to be shown beside their faces; there may be none.
      shown: [M, D] their features.
      every: steps.
    """

    def __init__(self, writer, checkpoints, morphable, encoder, features, crops, shown, every):
        super().__init__(checkpoints)
        self._writer, self._every = writer, every
        self._morphable, self._encoder = morphable, encoder
        self._features, self._crops, self._shown = features, crops, shown

    def on_train_batch_end(self, batch, logs=None):
        if self._due(batch, self._every):
            with self._writer.as_default(self._step(batch)):
                if len(self._crops):
                    self._write_faces(decode(self.model.decoder, self._shown))
                self._write_distribution(decode(self.model.decoder, self._features))

    def on_train_end(self, logs=None):
        self._writer.flush()

    def _write_faces(self, coefficients):
        count = len(self._crops)
        views = [aligned_rendering.draw_model(self._morphable, coefficients, scene.studio(count, yaw), self._encoder)
                 for yaw in (0., .6)]
        tf.summary.image("photo and face", tf.concat([images.to_float(self._crops), *views], 2), max_outputs=count)
        vertices, colors = self._morphable.instance(coefficients)
        triangles = tf.repeat(self._morphable.triangles[None], count, 0)
        mesh_summary.mesh("face", vertices[:MESHES], triangles[:MESHES], images.to_pixels(colors[:MESHES]))

    def _write_distribution(self, coefficients):
        for name in ("shape", "texture"):
            values = getattr(coefficients, name)
            tf.summary.histogram(f"coefficients/{name}", values)
            tf.summary.scalar(f"coefficients/{name}_standard_deviation", tf.reduce_mean(tf.math.reduce_std(values, 0)))
        tf.summary.image("coefficients", distribution_picture(coefficients)[None])


def distribution_picture(coefficients):
    """Densities of all predicted coefficients over the standard normal density, uint8 [height, width, 3]."""
    figure = matplotlib.figure.Figure(figsize=(8, 3), dpi=100, layout="constrained")
    x = np.linspace(-4., 4., 200)
    for axes, name in zip(figure.subplots(1, 2), ("shape", "texture")):
        values = getattr(coefficients, name).numpy()
        axes.hist(np.clip(values, -4., 4.).ravel(), 80, density=True, label=f"predicted, deviation {values.std(0).mean():.2f}")
        axes.plot(x, np.exp(-x**2 / 2.) / np.sqrt(2. * np.pi), label="standard normal")
        axes.set(title=f"{name} coefficients", yticks=[])
        axes.legend(fontsize="small")
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png")
    return tf.io.decode_png(buffer.getvalue(), 3)
