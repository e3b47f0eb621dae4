"""Maps of errors: a scan in colors that say how far the face is from it, as PLY, and beside scan and face, as a picture."""
import dataclasses
import pathlib

import matplotlib
import numpy as np
import PIL.Image
import PIL.ImageDraw
import PIL.ImageFont
import tensorflow as tf

from morph3d import images, scene
from morph3d.evaluation.geometry import scan_landmarks
from morph3d.mesh import writers
from morph3d.mesh.mesh import Mesh
from morph3d.mesh.registration import Similarity
from morph3d.morphable.landmarks import AVERAGE_FACE
from morph3d.renderer.render import render_mesh

LARGEST = 5.  # mm, the upper end of the scale, the same in all maps
COLORS = "viridis"  # of matplotlib; even steps of error look like even steps
GRAY, NOT_COMPARED = .75, .6  # sRGB of a scan without colors, and of what the protocol leaves out
SIZE = 448  # pixels of one view
BAR = 110  # pixels to the right, for the scale


def colored(shown):
    """The scan of a measurement.Shown as a Mesh in the colors of its errors; gray where it is not compared."""
    distances = shown.measured.distances
    colors = matplotlib.colormaps[COLORS](np.clip(np.nan_to_num(distances) / LARGEST, 0., 1.))[:, :3]
    return Mesh(shown.scan.mesh.vertices, shown.scan.mesh.triangles, np.where(np.isnan(distances)[:, None], NOT_COMPARED, colors))


def draw(shown):
    """Scan, face and map of a measurement.Shown, upright from the front, beside the scale; uint8 [SIZE, 3 SIZE + BAR, 3]."""
    rotation = scan_landmarks.onto(shown.scan, AVERAGE_FACE).rotation.T
    center = np.mean(list(shown.scan.landmarks.values()), 0)
    upright = Similarity(1., rotation, -rotation @ center)
    scan, face = shown.scan.mesh, shown.face
    plain = scan if scan.colors is not None else dataclasses.replace(scan, colors=np.full_like(scan.vertices, GRAY))
    placed = Mesh(shown.measured.similarity.apply(face.vertices), face.triangles, face.colors)
    views = [_view(plain, upright), _view(placed, upright), _view(colored(shown), upright, plain_light=True)]
    return np.concatenate([*views, _bar()], 1)


def write(shown, folder, name):
    """Writes NAME.ply and NAME.png into a folder; -> their paths."""
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"{name}.ply", folder / f"{name}.png"]
    writers.write(paths[0], colored(shown))
    images.write_png(paths[1], draw(shown))
    return paths


def _view(mesh, upright, plain_light=False):
    """uint8 [SIZE, SIZE, 3]. In plain light colors are shown as they are, so that they can be read off the scale."""
    studio = scene.studio(distance=1100.)
    if plain_light:
        lights = studio.lights
        lights = lights._replace(intensities=tf.zeros_like(lights.intensities), ambient=tf.ones_like(lights.ambient))
        studio = studio._replace(lights=lights)
    return images.to_pixels(render_mesh(dataclasses.replace(mesh, vertices=upright.apply(mesh.vertices)), studio, SIZE))


def _bar():
    """The scale, uint8 [SIZE, BAR, 3]: mm beside their colors."""
    top, bottom, left, right = 40, SIZE - 40, 16, 40
    picture = np.full([SIZE, BAR, 3], 255, np.uint8)
    steps = np.linspace(1., 0., bottom - top)
    picture[top:bottom, left:right] = np.uint8(255. * matplotlib.colormaps[COLORS](steps)[:, None, :3] + .5)
    image = PIL.Image.fromarray(picture)
    pen, font = PIL.ImageDraw.Draw(image), PIL.ImageFont.load_default(16)
    for value in range(int(LARGEST) + 1):
        label = f"{value} mm" + (" +" if value == LARGEST else "")
        pen.text((right + 8, bottom - (bottom - top) * value / LARGEST), label, (0, 0, 0), font, "lm")
    return np.asarray(image)
