"""Likeness: does a face recognizer that training never saw find the right person for a rendering of the reconstruction?"""
import pathlib
from typing import NamedTuple

import cv2
import numpy as np
import tensorflow as tf

from morph3d import aligned_rendering, scene
from morph3d.data import sources
from morph3d.encoders.base import Framing
from morph3d.inference import faces
from morph3d.photos import crops, decoding, face_detection


class Recognizer:
    """A SavedModel `serving_default(faces [B, 112, 112, 3] RGB 0..255) -> [B, D]` for faces aligned to `template`."""
    image_size = 112
    template = np.float32([[38.29, 51.70], [73.53, 51.50], [56.03, 71.74], [41.55, 92.37], [70.73, 92.20]])

    def __init__(self, folder):
        if not (pathlib.Path(folder) / "saved_model.pb").is_file():
            raise ValueError(f"{folder}: holds no saved_model.pb; --recognizer takes the folder of a SavedModel")
        self._model = tf.saved_model.load(str(folder))

    def identity(self, images):
        """[B, 112, 112, 3] sRGB in 0..1 -> [B, D] unit vectors."""
        outputs = self._model.signatures["serving_default"](tf.cast(images, tf.float32) * 255.)
        return tf.math.l2_normalize(next(iter(outputs.values())), -1).numpy()


class Likeness(NamedTuple):
    top1: float  # share of renderings whose nearest photo shows the right person
    top5: float  # ... whose five nearest photos do
    right_cosine: float  # mean over pairs of the same person
    wrong_cosine: float  # mean over pairs of different people
    crops: np.ndarray  # [N, S, S, 3] uint8, the photos as the encoder saw them
    faces: np.ndarray  # [N, 112, 112, 3] uint8, the renderings as the recognizer saw them
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
      recognizer: Recognizer; must not have been used in training.

    Returns:
      Likeness.
    """
    encoder = Framing(faces.crop_size(reconstructor), reconstructor.template)
    read, seen = (np.stack(pictures) for pictures in zip(*(_crops(path, (encoder, recognizer)) for path in paths)))
    renderings = np.concatenate([_frontal(reconstructor, read[i:i + 12], recognizer) for i in range(0, len(read), 12)])
    return score(recognizer.identity(seen / 255.), recognizer.identity(renderings))._replace(
        crops=read, faces=np.uint8(np.round(renderings * 255.)))


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


def _crops(path, frames):
    """The crops of one photo for some networks."""
    photo = decoding.read(path)
    points = face_detection.detect(photo)
    try:
        return [crops.crop(photo, points, frame) for frame in frames]
    except ValueError as error:
        raise ValueError(f"{path}: {error}; every person's first photo has to show one") from None


def _frontal(reconstructor, crops, recognizer):
    """One frontal rendering of each crop's face, neutral, on mid-gray, the same camera and lights for all."""
    face = reconstructor(tf.cast(crops, tf.float32) / 255.)
    return aligned_rendering.draw(face["vertices"], face["colors"], reconstructor.triangles, reconstructor.landmarks,
                          scene.studio(len(crops)), recognizer).numpy()
