"""Fidelity of color: is a person reconstructed from one photo of the color that their other photos show?

No photo shows a face's own color: light and camera tint each in its own way. The mean of a person's other photos is the nearest that
can be had; how far one photo is from it says how near a reconstruction from that photo can be expected to come.
"""
import collections
from typing import NamedTuple

import numpy as np
import skimage.color
import tqdm
from absl import logging

from morph3d import images
from morph3d.data import sources
from morph3d.evaluation import color_charts, face_patches, recognition, statistics
from morph3d.evaluation.report import Report, Table
from morph3d.photos import crops

AT_A_TIME = 12  # faces that are reconstructed and drawn together
FEWEST = 3  # people


class Colors(NamedTuple):
    """The colors of the regions of N people's faces, [N, 4, 3] CIELAB each, in the order of face_patches.regions()."""
    people: list[str]
    photo: np.ndarray  # in their first photo
    others: np.ndarray  # the mean of their other photos
    faces: dict[str, np.ndarray]  # of each reconstructor: the rendering of the face made of the first photo
    mean_faces: dict[str, np.ndarray]  # of each: the rendering of the mean face, the same for all people
    left_out: dict[str, int]  # why photos and people were left out: how many


def of_several_photos(photos, people=0):
    """Those of Photos that show someone of whom there are several: of the first `people` of these in the order of names, or of all.

    Raises:
      ValueError: there are fewer than three such people.
    """
    counts = collections.Counter(photo.person for photo in photos if photo.person)
    several = sorted(person for person, count in counts.items() if count > 1)
    if len(several) < FEWEST:
        raise ValueError(f"found {len(photos)} photos of {len(counts)} people, {len(several)} of them with two photos or more; "
                         f"expected {FEWEST} or more: give one folder a person, with several photos each")
    chosen = set(several[:people or None])
    return [photo for photo in photos if photo.person in chosen]


def measure(reconstructors, photos):
    """Measures the colors of people's photos and of the faces made of their first.

    Photos that cannot be read, show no face or are gray are left out, and the next one of the person takes their place.

    Args:
      reconstructors: {label: Reconstructor}.
      photos: iterable of sources.Photo.

    Returns:
      Colors of the people of whom two photos or more could be measured.

    Raises:
      ValueError: there are fewer than three such people.
    """
    photos, left_out = list(photos), collections.Counter()
    seen, made, waiting = {}, {label: [] for label in reconstructors}, []
    for person, view, inputs in _faces(photos, reconstructors.values(), left_out):
        if person not in seen:
            waiting.append(inputs)
        seen.setdefault(person, []).append(face_patches.measure(view[None] / 255.)[0])
        if len(waiting) == AT_A_TIME:
            _reconstruct(reconstructors, waiting, made)
    _reconstruct(reconstructors, waiting, made)
    kept = np.array([len(found) > 1 for found in seen.values()], bool)
    left_out["people with fewer than two good photos"] = len({photo.person for photo in photos}) - int(kept.sum())
    if kept.sum() < FEWEST:
        raise ValueError(f"found {kept.sum()} people with two or more photos that could be measured, expected {FEWEST} or more; "
                         f"left out: {_counted(left_out)}")
    found = [person for person in seen if len(seen[person]) > 1]
    return Colors(found, np.stack([seen[person][0] for person in found]),
                  np.stack([np.mean(seen[person][1:], 0) for person in found]),
                  {label: np.concatenate(parts)[kept] for label, parts in made.items()},
                  {label: _drawn(each, each.mean_face.vertices[None], each.mean_face.colors[None])[0]
                   for label, each in reconstructors.items()}, dict(+left_out))


def _faces(photos, reconstructors, left_out):
    """Yields of each good photo the person, the view to measure, and the crop for each reconstructor; counts the others."""
    read = crops.read_all(sources.contents(photos), face_patches.frame(), *reconstructors)
    for photo, found in tqdm.tqdm(zip(photos, read, strict=True), "color", len(photos), unit=" photos", dynamic_ncols=True):
        if not isinstance(found, ValueError) and face_patches.is_gray(found[0]):
            found = ValueError("gray")
        if isinstance(found, ValueError):
            logging.warning("%s: left out: %s", photo.key, found)
            left_out[f"photos, {str(found).partition(':')[0]}"] += 1
        else:
            yield photo.person, found[0], found[1:]


def _reconstruct(reconstructors, waiting, made):
    """Adds the colors of the faces of waiting crops, [[image_size, image_size, 3] for each reconstructor], to those made."""
    for (label, each), seen in zip(reconstructors.items(), zip(*waiting, strict=True)) if waiting else ():
        face = each.network.reconstruct(images.to_float(np.stack(seen)))
        made[label].append(_drawn(each, face["vertices"], face["colors"]))
    waiting.clear()


def _drawn(reconstructor, vertices, colors):
    """The colors [N, 4, 3] of faces in the rendering by which they are judged."""
    return face_patches.measure(recognition.frontal(reconstructor.network, vertices, colors, face_patches.frame()))


def _counted(left_out):
    return "; ".join(f"{reason}: {count}" for reason, count in left_out.items() if count) or "nothing"


def compare(lab, others):
    """How near the colors [N, 3] of N people are to those that their other photos show, CIELAB both.

    Returns:
      {correlation: {L, a, b}, bias: {L, a, b}, dE, dE_without_bias, dE2000} of Estimates. dE is the mean Euclidean distance (CIE 1976),
      without_bias that which is left when everybody's colors are shifted by the bias, dE2000 the mean of CIEDE2000. A correlation
      is None where all the colors are the same.
    """
    error = lab - others
    channels = list(enumerate("Lab"))
    return {"correlation": {name: statistics.correlation(lab[:, i], others[:, i]) for i, name in channels},
            "bias": {name: statistics.mean(error[:, i]) for i, name in channels},
            **{name: statistics.mean(each) for name, each in _distances(error).items()},
            "dE2000": statistics.mean(skimage.color.deltaE_ciede2000(lab, others))}


def _distances(error):
    """{name: [N]} of errors [N, 3], as `compare` names them."""
    return {"dE": np.linalg.norm(error, axis=1), "dE_without_bias": np.linalg.norm(error - error.mean(0), axis=1)}


def report(result):
    """The Report of Colors; its summary has for each region what `compare` gives, of the first model at its top."""
    sets = _sets(result)
    found = {name: {region: compare(lab[:, i], result.others[:, i]) for i, region in enumerate(face_patches.regions())}
             for name, lab in sets.items()}
    models = {label: {region: measured | {"mean_face": found[_mean_name(label)][region], "one_photo": found["one photo"][region]}
                      for region, measured in found[label].items()} for label in result.faces}
    differences = {f"{a} - {b}": {
        region: {name: statistics.difference(of_a, of_b) for (name, of_a), of_b in zip(
            _distances(sets[a][:, i] - result.others[:, i]).items(),
            _distances(sets[b][:, i] - result.others[:, i]).values(), strict=True)}
        for i, region in enumerate(face_patches.regions())} for a, b in _pairs(result)}
    summary = {"people": len(result.people), "left_out": result.left_out, **next(iter(models.values())),
               "models": models, "differences": differences}
    tables = [Table(f"Color of the {region}", ("face", "r L*", "r a*", "r b*", "bias L* a* b*", "dE", "dE without bias", "dE2000"),
                    [_row(name, measured[region]) for name, measured in found.items()]) for region in face_patches.regions()]
    note = f"{len(result.people)} people, against the mean of their other photos; dE: CIE 1976. Left out: {_counted(result.left_out)}"
    tables.append(Table("Differences of dE", ("pair", "region", "dE", "dE without bias"), [
        (pair, region, *each.values()) for pair, regions in differences.items() for region, each in regions.items()], note))
    return Report(summary, tables, {"scatter": color_charts.scatter(result), "swatches": color_charts.swatches(result)})


def _sets(result):
    """{name: [N, 4, 3]} of all that is compared with the other photos."""
    means = {_mean_name(label): np.repeat(lab[None], len(result.people), 0) for label, lab in result.mean_faces.items()}
    return {**result.faces, **means, "one photo": result.photo}


def _mean_name(label):
    return f"mean face of {label}"


def _pairs(result):
    """The pairs of names of which the differences are told: each model and its mean face, each further model and the first."""
    first, *others = result.faces
    return [*((label, _mean_name(label)) for label in result.faces), *((label, first) for label in others)]


def _row(name, measured):
    bias = " ".join(f"{each.value:+.1f}" for each in measured["bias"].values())
    return (name, *measured["correlation"].values(), bias, measured["dE"], measured["dE_without_bias"], measured["dE2000"].value)
