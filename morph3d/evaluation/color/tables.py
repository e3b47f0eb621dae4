"""The figures of measured colors."""
import collections

import numpy as np
import skimage.color

from morph3d.evaluation import statistics
from morph3d.evaluation.color import charts, face_patches
from morph3d.evaluation.report import Report, Table

COLUMNS = ("face", "r L*", "r a*", "r b*", "bias L* a* b*", "dE", "dE without bias", "dE2000")
NOTE = ("against the mean of the person's other photos, which light and camera have tinted; r: correlation over people; dE: CIE "
        "1976; without bias: everybody's colors shifted alike so that the mean is right")


def report(result):
    """The Report of Colors; its summary has for each region what `compare` gives, of the first model also at its top."""
    sets = _sets(result)
    regions = list(enumerate(face_patches.regions()))
    found = {name: {region: compare(lab[:, i], result.others[:, i]) for i, region in regions} for name, lab in sets.items()}
    models = {label: {region: measured | {"mean_face": found[_mean_name(label)][region], "one_photo": found["one photo"][region]}
                      for region, measured in found[label].items()} for label in result.faces}
    differences = {f"{a} - {b}": {region: _difference(sets[a][:, i], sets[b][:, i], result.others[:, i]) for i, region in regions}
                   for a, b in _pairs(result)}
    left_out = {"photos": len(result.left_out), "people": len(result.missing),
                "reasons": collections.Counter(reason.partition(":")[0] for reason in result.left_out.values())}
    first = next(iter(models.values()))
    summary = {"people": len(result.people), "left_out": left_out, **first, "differences": differences}
    summary |= {"models": models} if len(models) > 1 else {}
    tables = [Table(f"Color of the {region}", COLUMNS, [_row(name, measured[region]) for name, measured in found.items()])
              for _, region in regions]
    note = f"{len(result.people)} people, {NOTE}. Left out: {left_out['photos']} photos, and with them {left_out['people']} people."
    tables.append(Table("Differences of dE", ("pair", "region", "dE", "dE without bias"), [
        (pair, region, *each.values()) for pair, by_region in differences.items() for region, each in by_region.items()], note))
    return Report(summary, tables, {"scatter": charts.scatter(result), "swatches": charts.swatches(result)})


def compare(lab, others):
    """How near the colors of N people's faces are to those that their other photos show.

    Args:
      lab, others: [N, 3] CIELAB.

    Returns:
      {correlation: {L, a, b}, bias: {L, a, b}, dE, dE_without_bias, dE2000} of Estimates: dE is the mean Euclidean distance (CIE
      1976), dE_without_bias what is left of it when all colors are shifted by the bias, dE2000 the mean of CIEDE2000. A correlation
      is None where all the colors are the same.
    """
    error = lab - others
    channels = list(enumerate("Lab"))
    return {"correlation": {name: statistics.correlation(lab[:, i], others[:, i]) for i, name in channels},
            "bias": {name: statistics.mean(error[:, i]) for i, name in channels},
            **{name: statistics.mean(distances) for name, distances in _distances(error).items()},
            "dE2000": statistics.mean(skimage.color.deltaE_ciede2000(lab, others))}


def _distances(error):
    """{name: [N]} of errors [N, 3], as `compare` names them."""
    return {"dE": np.linalg.norm(error, axis=1), "dE_without_bias": np.linalg.norm(error - error.mean(0), axis=1)}


def _difference(lab, other_lab, others):
    """{name: Estimate} of how much farther from the other photos `lab` is than `other_lab`, person by person."""
    near, far = _distances(lab - others), _distances(other_lab - others)
    return {name: statistics.difference(near[name], far[name]) for name in near}


def _sets(result):
    """{name: [N, 4, 3]} of all that is compared with the other photos."""
    means = {_mean_name(label): np.repeat(lab[None], len(result.people), 0) for label, lab in result.mean_faces.items()}
    return {**result.faces, **means, "one photo": result.photo}


def _mean_name(label):
    return f"mean face of {label}"


def _pairs(result):
    """The names of what is compared pair by pair: each model and its mean face, each further model and the first."""
    first, *others = result.faces
    return [*((label, _mean_name(label)) for label in result.faces), *((label, first) for label in others)]


def _row(name, measured):
    bias = " ".join(f"{each.value:+.1f}" for each in measured["bias"].values())
    return (name, *measured["correlation"].values(), bias, measured["dE"], measured["dE_without_bias"], measured["dE2000"].value)
