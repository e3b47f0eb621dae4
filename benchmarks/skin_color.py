"""Is skin as light, red and yellow as people's? The cheeks of a model's random faces against those of photographs, CIELAB.

Light and camera tint every photograph, so photographs differ more than people do. What people differ by shows where there are
several photographs of each: it is what is left of the variance when that within people is taken off. What sources differ by on
the average is taken off first.
"""
import numpy as np

from morph3d.data import sources
from morph3d.encoders import skin_color
from morph3d.evaluation import galleries, judges, statistics
from morph3d.evaluation.color import face_patches
from morph3d.morphable import coefficients

SKIN = list(face_patches.regions()).index("skin")
AT_A_TIME = 20  # faces


def compare(model, photographs, count, seed):
    """The figures of a model's skin: means and deviations [L*, a*, b*] as lists.

    Args:
      model: MorphableModel.
      photographs: list of sources of photographs, some of which have several photographs of a person; see data.sources.
      count: the number of random faces.
      seed: of the faces.

    Returns:
      {photos: {source: {photos, mean}}, photos_mean: the mean of the sources' means, between_people: their standard deviation,
      people: the number of those that this is computed from, mean and spread (standard deviation) of the faces,
      difference: mean - photos_mean, ratio: spread / between_people}.

    Raises:
      ValueError: a source that is none or without a face in color; fewer than two people with several photographs.
    """
    found = {source: of_photographs(source) for source in photographs}
    means = {source: lab.mean(0) for source, (_, lab) in found.items()}
    names = np.concatenate([np.char.add(f"{source} ", people) for source, (people, _) in found.items()])
    centered = np.concatenate([lab - means[source] for source, (_, lab) in found.items()])
    between, people = statistics.between(centered, names)
    faces = of_faces(model, count, seed)
    mean, spread, photos_mean = faces.mean(0), faces.std(0, ddof=1), np.mean(list(means.values()), 0)
    listed = {source: {"photos": len(lab), "mean": means[source].tolist()} for source, (_, lab) in found.items()}
    return {"photos": listed, "photos_mean": photos_mean.tolist(), "between_people": between.tolist(), "people": people,
            "mean": mean.tolist(), "spread": spread.tolist(), "difference": (mean - photos_mean).tolist(),
            "ratio": (spread / between).tolist()}


def of_photographs(source):
    """Whom the photographs of a source show, [N] texts, and their cheeks [N, 3] CIELAB; gray and faceless ones are left out.

    Raises:
      ValueError: the source is none, or no photograph is left.
    """
    listed, people, lab = sources.find(source).photos, [], []
    for photos, (views,) in galleries.in_batches(listed, [face_patches.frame()], {}):
        colored = np.flatnonzero(~skin_color.is_gray(views / 255.))
        people += [photos[number].person or photos[number].key for number in colored]
        lab.append(face_patches.measure(views[colored] / 255.)[:, SKIN])
    if not people:
        raise ValueError(f"{source}: found no face in color among {len(listed)} photos, expected one or more: give another source")
    return np.array(people), np.concatenate(lab)


def of_faces(model, count, seed):
    """The cheeks [count, 3] CIELAB of random neutral faces, from the front in the studio's light."""
    who = coefficients.sample(model, count, [seed, 4]).neutral()
    lab = []
    for start in range(0, count, AT_A_TIME):
        some = slice(start, start + AT_A_TIME)
        vertices, colors = model.instance(who._replace(shape=who.shape[some], texture=who.texture[some]))
        lab.append(face_patches.measure(judges.frontal(model, vertices, colors, face_patches.frame()))[:, SKIN])
    return np.concatenate(lab)
