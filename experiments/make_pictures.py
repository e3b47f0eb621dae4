"""The pictures of the README that the shipped network makes.

    python -m experiments.make_pictures --run=runs/shipped

The run is the one that the network was made of: its portraits of people who were held out of training are shown, in the order in
which they come, none left out. Without it, only the pictures of the astronaut are made.
"""
import pathlib

import numpy as np
import skimage.data
from absl import app, flags

from morph3d import aligned_rendering, images, scene
from morph3d.data.prepared import people
from morph3d.fitting.fitter import Fitter
from morph3d.inference import face_pictures, reconstructor
from morph3d.training.run import Run

_RUN = flags.DEFINE_string("run", None, "Folder of the training run that the shipped network was made of.")
_OUTPUT = flags.DEFINE_string("output", "docs", "Folder for the pictures.")

PORTRAITS, FACES = 12, 24
TURN = -35.  # degrees


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


def fitted(network, photo):
    """[448, 4 * 448, 3] uint8: the photo, the fitted face's geometry and albedo over it, and the face turned, in its texture."""
    fitter = Fitter(network)
    face = fitter.fit(photo, fitter.reconstructor.reconstruct(photo))
    turned, = images.to_pixels(face_pictures.draw_views(face, [TURN]))
    over = (images.resize(face.fitted.pictures[name], len(turned)) for name in ("photo", "mesh", "albedo"))
    return np.concatenate([*over, turned], 1)


def main(_):
    network, folder, photo = reconstructor.load(), pathlib.Path(_OUTPUT.value), skimage.data.astronaut()
    images.write_png(folder / "astronaut.png", face_pictures.draw_beside_photo(network.reconstruct(photo)))
    images.write_png(folder / "astronaut_fitted.png", fitted(network, photo))
    if _RUN.value:
        _portraits(network, folder, Run(_RUN.value))


def _portraits(network, folder, run):
    _, held_out = people.hold_out(run.index, run.config.validation_people)
    crops = people.gallery(held_out).crops
    images.write_png(folder / "portraits.png", tiled(beside(network, crops[:PORTRAITS], (0., 40.)), 2))
    images.write_png(folder / "shipped_faces.png", tiled(beside(network, crops[PORTRAITS:PORTRAITS + FACES], (0.,)), 6))


if __name__ == "__main__":
    app.run(main)
