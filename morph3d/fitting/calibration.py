"""What fitting must know of a network and of the landmark detector, measured on pictures of random faces whose truth is known.

Which points of the morphable model the dense landmarks are, how exact these are, and how far the network is from the truth.
"""
import math
from typing import NamedTuple

import numpy as np
import tensorflow as tf
import tqdm

from morph3d import cache, images, scene
from morph3d.morphable import model as morphable_model
from morph3d.morphable.landmarks import five_points
from morph3d.photos import crops, dense_landmarks
from morph3d.renderer import transforms
from morph3d.renderer.interpolate import interpolate
from morph3d.renderer.render import render

FACES, AT_A_TIME = 400, 20
SIZE = 256  # pixels of a picture
YAW = math.radians(35.)  # the largest turn
NEAR = 12.  # mm on the mean face, around the middle of where a landmark is seen, in which its vertex is looked for
KEPT = .9  # the share of pictures that count, those where a landmark errs least
VERSION = 1


class Calibration(NamedTuple):
    """What was measured; root mean squares."""
    vertices: np.ndarray  # [468] int32, the vertices that dense landmarks are
    off: np.ndarray  # [468] float32 mm, by which each landmark is off in either direction
    shape: np.ndarray  # [S] float32 standard deviations, by which the expected coefficients are off
    texture: np.ndarray  # [T] float32 likewise


def of(reconstructor, model):
    """The Calibration of a Reconstructor and its LinearModel, which is kept in the cache: it takes twenty seconds to measure."""
    black = np.zeros([1, reconstructor.image_size, reconstructor.image_size, 3], np.uint8)
    probe = np.rint(100. * reconstructor.reading().read(black)["shape"])  # what else tells networks apart
    name = f"fitting/{morphable_model.digest(model.mean, model.moves, model.triangles, probe)}_{VERSION}.npz"
    return cache.read_or_make(name, "the measures of this network and its model", lambda: _measure(reconstructor, model), _read,
                              _write)


def _read(path):
    with np.load(path) as file:
        return Calibration(**file)


def _write(found, path):
    with open(path, "wb") as file:
        np.savez(file, **found._asdict())


class _Seen(NamedTuple):
    """Pictures of N faces."""
    landmarks: np.ndarray  # [N, 468, 2] pixels
    vertices: np.ndarray  # [N, V, 2] pixels, where they are
    below: np.ndarray  # [N, 468, 3] mm on the mean face, of what is seen at a landmark; NaN for background
    pixels_per_mm: np.ndarray  # [N]
    shape: np.ndarray  # [N, S] by which the expected coefficients are off
    texture: np.ndarray  # [N, T]


def _measure(reconstructor, model):
    reader = reconstructor.reading(renderings=True, expected=True)
    batches = [_look(reader, model, number) for number in tqdm.trange(FACES // AT_A_TIME, unit=" batches", dynamic_ncols=True)]
    seen = _Seen(*map(np.concatenate, zip(*batches, strict=True)))
    vertices, off = zip(*(_place(model, seen, number) for number in range(dense_landmarks.COUNT)), strict=True)
    return Calibration(np.int32(vertices), np.float32(off), *(np.float32(np.sqrt(np.square(part).mean(0)))
                                                              for part in (seen.shape, seen.texture)))


def _look(reader, model, number):
    """The _Seen of a batch of faces."""
    random = np.random.default_rng([0, number])
    expression, shape, texture = (random.standard_normal([AT_A_TIME, size]) for size in model.sizes)
    vertices = np.stack([model.vertices(*pair) for pair in zip(expression, shape, strict=True)])
    colors = np.stack([model.colors(each) for each in texture])
    setting = scene.sample(AT_A_TIME, [0, number], yaw=YAW)
    drawn = render(vertices, colors, model.triangles, setting, SIZE)
    places = transforms.project(vertices, setting.pose, setting.camera, SIZE).numpy()
    fives = five_points(places[:, model.landmarks]).numpy()
    pictures = images.to_pixels(drawn.image.numpy())
    landmarks = np.stack([_detect(picture, five) for picture, five in zip(pictures, fives, strict=True)])
    mean = interpolate(tf.tile(model.mean[None], [AT_A_TIME, 1, 1]), drawn, model.triangles).numpy()
    x, y = np.moveaxis(np.clip(np.nan_to_num(landmarks), 0., SIZE - 1).astype(int), -1, 0)
    batch = np.arange(AT_A_TIME)[:, None]
    below = np.where(drawn.mask.numpy()[batch, y, x][..., None], mean[batch, y, x], np.nan)
    focal = SIZE / 2. / np.tan(setting.camera.field_of_view.numpy() / 2.)
    crop = np.stack([crops.crop(picture, five, reader) for picture, five in zip(pictures, fives, strict=True)])
    read = reader.coefficients(reader.encode(crop))
    return _Seen(landmarks, places, below, -focal / setting.pose.translation[:, 2].numpy(), read[:, :shape.shape[1]] - shape,
                 read[:, shape.shape[1]:] - texture)


def _detect(picture, five):
    found = dense_landmarks.detect(picture, five)
    return np.full([dense_landmarks.COUNT, 2], np.nan) if found is None else found[:, :2]


def _place(model, seen, number):
    """The vertex of a landmark and how far it is off, mm."""
    good = np.isfinite(seen.landmarks[:, number, 0])
    around = np.flatnonzero(np.linalg.norm(model.mean - np.nanmedian(seen.below[:, number], axis=0), axis=1) < NEAR)
    off = np.square(seen.vertices[good][:, around] - seen.landmarks[good, None, number]).sum(-1) / seen.pixels_per_mm[good, None]**2
    errors = np.sort(off, 0)[:int(KEPT * len(off))].mean(0)
    return around[np.argmin(errors)], math.sqrt(errors.min() / 2.)
