"""Likeness: does a face recognizer that training never saw find the right person for a rendering of the reconstruction?"""
import pathlib
from typing import NamedTuple

import cv2
import numpy as np
import tensorflow as tf

from morph3d import aligned_rendering, alignment, scene
from morph3d.data import sources
from morph3d.inference import faces
from morph3d.photos import decoding, face_detection


class Likeness(NamedTuple):
    top1: float  # share of renderings whose nearest photo shows the right person
    top5: float  # ... whose five nearest photos do
    right_cosine: float  # mean over pairs of the same person
    wrong_cosine: float  # mean over pairs of different people
    crops: np.ndarray  # [N, S, S, 3] uint8, the photos as the encoder saw them
    faces: np.ndarray  # [N, S, S, 3] uint8, the renderings as the recognizer saw them
    ranks: np.ndarray  # [N] the right photo's place, 0 is the nearest


def first_photos(folder, people):
    """The first photo of each of the first `people` folders of `folder`, in sorted order."""
    folders = sorted(path for path in pathlib.Path(folder).iterdir() if path.is_dir())[:people]
    if len(folders) < people:
        raise ValueError(f"{folder}: {len(folders)} folders of people, {people} are needed; give one folder a person")
    return [pathlib.Path(sources.find(person).photos[0].location) for person in folders]


def likeness(reconstructor, paths, recognizer):
    """The paper's identity recall (section 4.4): each photo's reconstruction, drawn from the front, looks for its photo.

    Args:
      reconstructor: see `inference.export.load`.
      paths: one photo of each of N people.
      recognizer: Encoder; must not have been used in training.

    Returns:
      Likeness.
    """
    size, template = faces.crop_size(reconstructor), reconstructor.template.numpy()
    read = [decoding.read(path) for path in paths]
    points = [_points(photo, path) for photo, path in zip(read, paths)]
    crops = np.stack([alignment.crop(photo, five, template, size) for photo, five in zip(read, points)])
    seen = np.stack([alignment.crop(photo, five, recognizer.template, recognizer.image_size)
                     for photo, five in zip(read, points)])
    renderings = np.concatenate([_frontal(reconstructor, crops[i:i + 12], recognizer) for i in range(0, len(crops), 12)])
    return score(recognizer(seen / 255.).identity.numpy(), recognizer(renderings).identity.numpy())._replace(
        crops=crops, faces=np.uint8(np.round(renderings * 255.)))


def score(photo_identities, rendering_identities):
    """Ranks [N, D] photos for each of [N, D] renderings by cosine; the i-th belong together. -> Likeness without pictures."""
    cosine = rendering_identities @ photo_identities.T
    right = np.diag(cosine)
    ranks = (cosine > right[:, None]).sum(1)
    wrong = cosine[~np.eye(len(cosine), dtype=bool)]
    return Likeness(float((ranks < 1).mean()), float((ranks < 5).mean()), float(right.mean()), float(wrong.mean()),
                    None, None, ranks)


def contact_sheet(result, count, with_photos=True, columns=6):
    """The first `count` faces, each below its photo if wanted, `columns` in a row; uint8 [H, W, 3]."""
    size = result.faces.shape[1]
    tiles = list(result.faces[:count])
    if with_photos:
        shown = [cv2.resize(crop, (size, size), interpolation=cv2.INTER_AREA) for crop in result.crops[:count]]
        tiles = [np.concatenate(pair) for pair in zip(shown, tiles)]
    tiles += [np.full_like(tiles[0], 255)] * (-len(tiles) % columns)
    return np.concatenate([np.concatenate(tiles[i:i + columns], 1) for i in range(0, len(tiles), columns)])


def _points(photo, path):
    points = face_detection.detect(photo)
    if points is None:
        raise ValueError(f"{path}: no face found; every person's first photo has to show one")
    return points


def _frontal(reconstructor, crops, recognizer):
    """One frontal rendering of each crop's face, neutral, on mid-gray, the same camera and lights for all."""
    face = reconstructor(tf.cast(crops, tf.float32) / 255.)
    return aligned_rendering.draw(face["vertices"], face["colors"], reconstructor.triangles, reconstructor.landmarks,
                          scene.studio(len(crops)), recognizer).numpy()
