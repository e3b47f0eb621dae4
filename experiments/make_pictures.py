"""The pictures of the README that the shipped network makes.

    python -m experiments.make_pictures --run=runs/shipped

The run is the one that the network was made of: its portraits of people who were held out of training are shown, in the order in
which they come, none left out.
"""
import pathlib

import numpy as np
import skimage.data
from absl import app, flags

from morph3d import aligned_rendering, images, scene
from morph3d.data.prepared import people
from morph3d.inference import face_pictures, reconstructor
from morph3d.training.run import Run

_RUN = flags.DEFINE_string("run", None, "Folder of the training run that the shipped network was made of.", required=True)
_OUTPUT = flags.DEFINE_string("output", "docs", "Folder for the pictures.")

PORTRAITS, FACES = 12, 24


def beside(network, crops, degrees):
    """[N, size, k size, 3] uint8: each of the crops [N, size, size, 3] beside its face turned by each yaw, framed like the crop."""
    shown = []
    for crop in crops:
        face = network.from_crops(crop[None])
        vertices, colors = (np.repeat(part[None], len(degrees), 0) for part in (face.vertices, face.colors))
        turned = scene.studio(len(degrees), np.radians(degrees).astype(np.float32))
        views = aligned_rendering.draw(vertices, colors, face.triangles, network.network.landmarks, turned, network)
        shown.append(np.concatenate([crop, *images.to_pixels(views)], 1))
    return np.stack(shown)


def tiled(pictures, columns):
    """[N, H, W, 3] -> one picture, row by row."""
    rows = [np.concatenate(pictures[first:first + columns], 1) for first in range(0, len(pictures), columns)]
    return np.concatenate(rows, 0)


def main(_):
    network, folder, run = reconstructor.load(), pathlib.Path(_OUTPUT.value), Run(_RUN.value)
    images.write_png(folder / "astronaut.png", face_pictures.draw_beside_photo(network.reconstruct(skimage.data.astronaut())))
    _, held_out = people.hold_out(run.index, run.config.validation_people)
    crops = people.gallery(held_out).crops
    images.write_png(folder / "portraits.png", tiled(beside(network, crops[:PORTRAITS], (0., 40.)), 2))
    images.write_png(folder / "shipped_faces.png", tiled(beside(network, crops[PORTRAITS:PORTRAITS + FACES], (0.,)), 6))


if __name__ == "__main__":
    app.run(main)
