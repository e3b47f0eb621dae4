"""Likeness: does a face recognizer that training never saw find the right person for a rendering of the reconstruction?"""
import pathlib
from typing import NamedTuple

import numpy as np

from morph3d import aligned_rendering, images, scene
from morph3d.data import sources
from morph3d.photos import crops, decoding, face_detection

AT_A_TIME = 12  # faces that are drawn together


class Likeness(NamedTuple):
    top1: float  # share of renderings whose nearest photo shows the right person
    top5: float  # ... whose five nearest photos do
    right_cosine: float  # mean over pairs of the same person
    wrong_cosine: float  # mean over pairs of different people
    crops: np.ndarray  # [N, S, S, 3] uint8, the photos as the encoder saw them
    faces: np.ndarray  # [N, R, R, 3] uint8, the renderings as the recognizer saw them


def first_photos(folder, people):
    """The first photo of each of the first `people` folders of `folder`, in sorted order."""
    folders = sorted(path for path in pathlib.Path(folder).iterdir() if path.is_dir())[:people]
    if len(folders) < people:
        raise ValueError(f"{folder}: {len(folders)} folders of people, {people} are needed; give one folder a person")
    return [pathlib.Path(sources.find(person).photos[0].location) for person in folders]


def likeness(reconstructor, paths, recognizer):
    """The paper's identity recall (section 4.4): each photo's reconstruction, drawn from the front, looks for its photo.

    Args:
      reconstructor: Reconstructor.
      paths: one photo of each of N people.
      recognizer: Encoder; must not have been used in training.

    Returns:
      Likeness.

    Raises:
      ValueError: a photo cannot be read or shows no face.
    """
    seen, shown = (np.stack(both) for both in zip(*(_crops(path, reconstructor, recognizer) for path in paths)))
    drawn = _in_parts(lambda part: _drawn(reconstructor, part, recognizer), seen)
    identities = (_in_parts(lambda part: recognizer(part).identity, pictures) for pictures in (images.to_float(shown), drawn))
    return score(*identities)._replace(crops=seen, faces=images.to_pixels(drawn))


def score(photo_identities, rendering_identities):
    """Ranks N photos for each of N renderings by cosine; the i-th belong together.

    Where other photos are exactly as near as the right one, their order is a matter of chance, and it counts as found among the
    first k with the share of the orders in which it is: identities that are all the same score k / N.

    Args:
      photo_identities, rendering_identities: [N, D] unit vectors.

    Returns:
      Likeness without pictures.

    Raises:
      ValueError: an identity is not finite.
    """
    for name, identities in ("photos", photo_identities), ("renderings", rendering_identities):
        broken = np.flatnonzero(~np.isfinite(identities).all(1))
        if len(broken):
            raise ValueError(f"the identities of {len(broken)} of {len(identities)} {name} are not finite (the first is number "
                             f"{broken[0]}); see what the recognizer gives for them")
    cosine = rendering_identities @ photo_identities.T
    right = np.diag(cosine)
    nearer, as_near = (cosine > right[:, None]).sum(1), (cosine == right[:, None]).sum(1)
    top1, top5 = (float(np.clip((k - nearer) / as_near, 0., 1.).mean()) for k in (1, 5))
    wrong = cosine[~np.eye(len(cosine), dtype=bool)]
    return Likeness(top1, top5, float(right.mean()), float(wrong.mean()), None, None)


def contact_sheet(result, count, with_photos=True, columns=6):
    """The first `count` faces, each below its photo if wanted, `columns` in a row; uint8 [H, W, 3]."""
    size = result.faces.shape[1]
    tiles = list(result.faces[:count])
    if with_photos:
        shown = [images.resize(crop, size) for crop in result.crops[:count]]
        tiles = [np.concatenate(pair) for pair in zip(shown, tiles)]
    tiles += [np.full_like(tiles[0], 255)] * (-len(tiles) % columns)
    return np.concatenate([np.concatenate(tiles[i:i + columns], 1) for i in range(0, len(tiles), columns)])


def _crops(path, *frames):
    """The main face of a photo as each of some networks wants to see it."""
    photo = decoding.read(path)
    points = face_detection.detect(photo)
    try:
        return [crops.crop(photo, points, frame) for frame in frames]
    except ValueError as error:
        raise ValueError(f"{path}: {error}; every person's first photo has to show one") from None


def _in_parts(function, pictures):
    """A function of pictures [N, ...], called with a few at a time."""
    return np.concatenate([function(pictures[i:i + AT_A_TIME]) for i in range(0, len(pictures), AT_A_TIME)])


def _drawn(reconstructor, crops, recognizer):
    face = reconstructor.network.reconstruct(images.to_float(crops))
    return frontal(reconstructor.network, face["vertices"], face["colors"], recognizer)


def frontal(mesh, vertices, colors, frame):
    """The rendering by which a face is judged: frontal, neutral, on mid-gray, the same camera and lights for all.

    Args:
      mesh: whatever has `triangles` [F, 3] and `landmarks` [68], vertex indices.
      vertices: [B, V, 3] mm.
      colors: [B, V, 3] sRGB.
      frame: whatever has an `image_size` and a `template`: every Encoder does.

    Returns:
      [B, image_size, image_size, 3] sRGB in 0..1.
    """
    return aligned_rendering.draw(vertices, colors, mesh.triangles, mesh.landmarks, scene.studio(len(vertices)), frame).numpy()
