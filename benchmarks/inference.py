"""The speed of reconstruction: crop to mesh beside the encoder alone, which nobody can do without; a folder of photos; one photo.

    python -m benchmarks.inference --json=runs/inference.json

Crop to mesh and encoder are measured by turns, so that their ratio holds on a busy machine too. The folder and the single photo are
those of a whole program, started as from the shell: the folder's photos to GLB files, its rate without the start of the program,
which the single photo, to all files of the default, is mostly made of.
"""
import pathlib
import re
import subprocess
import sys
import tempfile
import time

import numpy as np
import skimage.data
import tensorflow as tf
from absl import app, flags

from benchmarks import measuring
from morph3d import images
from morph3d.inference import reconstructor

_ROUNDS = flags.DEFINE_integer("rounds", 25, "how often each is measured", lower_bound=1)
_PHOTOS = flags.DEFINE_integer("photos", 64, "how many photos the folder has", lower_bound=2)

BATCHES = 1, 32


def over_encoder(network, batch):
    """{batchN_...: figure}: milliseconds from crops to meshes, of the encoder alone, and their ratio."""
    size = int(network.image_size)
    crops = tf.random.stateless_uniform([batch, size, size, 3], [0, 0])
    found = measuring.medians({"mesh": lambda: network.reconstruct(crops)["vertices"][0, 0, 0].numpy(),
                               "encoder": lambda: network.encode(crops)[0, 0].numpy()}, _ROUNDS.value)
    return {f"batch{batch}_mesh_milliseconds": 1e3 * found["mesh"], f"batch{batch}_encoder_milliseconds": 1e3 * found["encoder"],
            f"batch{batch}_over_encoder": found["mesh"] / found["encoder"]}


def reconstruct(*arguments):
    """Runs the program -> seconds in all, and what it said."""
    start = time.perf_counter()
    program = pathlib.Path(sys.executable).with_name("morph3d-reconstruct")
    done = subprocess.run([program, *map(str, arguments)], check=True, text=True, capture_output=True)
    return time.perf_counter() - start, done.stderr


def programs(folder):
    """{figure: number} of the program, given a folder of photos and a single one: scikit-image's astronaut, darker and lighter."""
    photo = skimage.data.astronaut()
    for number, gain in enumerate(np.linspace(.7, 1.2, _PHOTOS.value)):
        images.write_png(folder / "photos" / f"{number}.png", images.to_pixels(photo / 255. * gain))
    _, said = reconstruct(folder / "photos", "--formats=glb", f"--output={folder / 'faces'}")
    count, seconds = re.search(r"(\d+) faces of \d+ photos in ([\d.]+) s", said).groups()
    single = [reconstruct(folder / "photos" / "0.png", f"--output={folder / 'face'}")[0] for _ in range(5)]
    return {"photos_per_second": int(count) / float(seconds), "single_photo_s": float(np.median(single))}


def main(_):
    network = reconstructor.load().network
    figures = {name: value for batch in BATCHES for name, value in over_encoder(network, batch).items()}
    with tempfile.TemporaryDirectory() as folder:
        figures |= programs(pathlib.Path(folder))
    measuring.show(figures)
    measuring.keep(figures)


if __name__ == "__main__":
    app.run(main)
