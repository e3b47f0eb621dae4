"""The findings of recognition as the paper shows them: table 2, table 3, figure 5, and LFW's verification."""
import numpy as np

from morph3d import images
from morph3d.evaluation import statistics
from morph3d.evaluation.recognition import recall, similarity
from morph3d.evaluation.report import Report, Table

COLUMNS = 6  # of faces in a picture
OFFICIAL = 6000  # pairs in LFW's official list
TRAN = .9235  # accuracy of Tran et al. (2017) on LFW's official pairs, by coefficients
SECOND = "a second photo instead"


def report(result, with_photos=True):
    """The Report of a measurement.Result."""
    first, *others = result.models
    differences = {f"{label} - {first}": _differences(result.models[label], result.models[first]) for label in others}
    summaries = {label: _summary(findings, result) for label, findings in result.models.items()}
    summary = summaries[first] | _shared(result)
    if others:
        summary |= {"models": summaries, "differences": differences}
    cosines = {label: findings.cosines for label, findings in result.models.items()}
    pictures = {"similarity": similarity.figure(result.photo_pairs, cosines)}
    for label, (crops, faces) in result.pictures.items():
        name = f"faces_{label}".replace("/", "_") if others else "faces"
        pictures[name] = contact_sheet(faces, crops if with_photos else None)
    tables = [_likeness(summaries, summary), _everything(summaries, summary), _distances(summaries, summary)]
    tables += [_verification(result)] if result.verified_pairs else []
    tables += [_compared(differences)] if others else []
    return Report(summary, [table._replace(note=" ".join([table.note, *_warning(result)])) for table in tables], pictures)


def contact_sheet(faces, crops=None, columns=COLUMNS):
    """Faces [N, image_size, image_size, 3] uint8, each below its photo if there are any, `columns` in a row; uint8 [H, W, 3]."""
    size = faces.shape[1]
    tiles = list(faces)
    if crops is not None:
        tiles = [np.concatenate([images.resize(crop, size), face]) for crop, face in zip(crops, faces, strict=True)]
    tiles += [np.full_like(tiles[0], 255)] * (-len(tiles) % columns)
    return np.concatenate([np.concatenate(tiles[i:i + columns], 1) for i in range(0, len(tiles), columns)])


def _figures(found):
    """The figures of a recall.Found; None of None."""
    return found and {"top1": statistics.share(found.top1, found.people), "top5": statistics.share(found.top5, found.people),
                      "mean_cosine": statistics.mean(found.right, found.people),
                      "wrong_cosine": statistics.mean(found.wrong, found.people)}


def _summary(findings, result):
    """What is said of one reconstructor."""
    everything = _figures(findings.everything._replace(right=findings.cosines))
    cosine = everything["mean_cosine"].value
    same, different = result.photo_pairs
    return _figures(findings.likeness) | {
        "everything": everything,
        "emd": {"same": similarity.distance(findings.cosines, same), "different": similarity.distance(findings.cosines, different)},
        "same_person_below_mean": similarity.share_below(same, cosine),
        "different_people_above_mean": 1. - similarity.share_below(different, cosine),
        "verification": {name: each._asdict() for name, each in findings.verified.items()}}


def _shared(result):
    """What is said of photos and people, the same for every reconstructor."""
    gallery, ceiling = result.gallery, result.ceiling
    chosen, everybody = gallery.people[result.chosen], gallery.people
    reasons, counts = np.unique([reason.partition(":")[0] for reason in gallery.left_out.values()], return_counts=True)
    same, different = result.photo_pairs
    return {
        "people": len(chosen), "chance": _chance(chosen),
        "photos": {"count": len(everybody), "people": len(np.unique(everybody)), "chance": _chance(everybody)},
        "ceiling": {
            "likeness": _figures(ceiling.likeness), "everything": _figures(ceiling.everything),
            "emd": {"same": 0., "different": similarity.distance_between(same, different)},
            "verification": {name: each._asdict() for name, each in ceiling.verified.items()}},
        "pairs": {"same": int(same.sum()), "different": int(different.sum()), "same_mean_cosine": similarity.mean(same),
                  "different_mean_cosine": similarity.mean(different),
                  "verified": len(result.verified_pairs.same) if result.verified_pairs else 0, "official": result.official},
        "left_out": {"photos": len(gallery.left_out), "people": len(gallery.missing),
                     "reasons": dict(zip(reasons.tolist(), counts.tolist(), strict=True))},
        "judge": result.judge, "judge_of_training": result.trained_with}


def _chance(people):
    """... of a random order of these photos; one among so many identities is what the paper prints."""
    return {f"top{first}": float(np.mean(recall.chance(people, people, first))) for first in (1, 5)}


def _differences(findings, others):
    """Each photo's figures less those by another reconstructor: of the likeness protocol, and of everything."""
    def compared(of, by, right, of_right):
        return {name: statistics.difference(one, other, of.people) for name, one, other in (
            ("top1", of.top1, by.top1), ("top5", of.top5, by.top5), ("mean_cosine", right, of_right))}
    likeness = compared(findings.likeness, others.likeness, findings.likeness.right, others.likeness.right)
    return likeness | {"everything": compared(findings.everything, others.everything, findings.cosines, others.cosines)}


def _warning(result):
    if result.trained_with:
        yield (f"NO INDEPENDENT JUDGE: {', '.join(result.trained_with)} was trained with this recognizer, which finds its "
               "own marks in the faces.")


def _row(name, figures):
    return (name, *(figures[column] for column in ("top1", "top5", "mean_cosine", "wrong_cosine")))


def _likeness(summaries, shared):
    rows = [("random order", shared["chance"]["top1"], shared["chance"]["top5"], None, None),
            *(_row(label, summary) for label, summary in summaries.items())]
    ceiling = shared["ceiling"]["likeness"]
    rows += [_row(SECOND, ceiling)] if ceiling else []
    return Table(f"Likeness: {shared['people']} people, one photo each (table 3 at the size of MoFA-Test)",
                 ("face", "top-1", "top-5", "cosine, right person", "cosine, others"), rows,
                 "Does a face find its photo? 95 % intervals over people." + (
                     f" {ceiling['top1'].count} people have a second photo." if ceiling else ""))


def _everything(summaries, shared):
    photos, left_out = shared["photos"], shared["left_out"]
    rows = [("random identity", 1. / photos["people"], min(1., 5. / photos["people"]), None, None),
            ("random order", photos["chance"]["top1"], photos["chance"]["top5"], None, None),
            *(_row(label, summary["everything"]) for label, summary in summaries.items())]
    ceiling = shared["ceiling"]["everything"]
    rows += [_row("the photo among all others", ceiling)] if ceiling else []
    return Table(f"Everything: {photos['count']} photos of {photos['people']} people (table 3 as for LFW)",
                 ("face", "top-1", "top-5", "cosine, own photo", "cosine, other people"), rows,
                 "Does a face find a photo of its person? The paper's random is one identity of all; a random order of photos also "
                 f"counts those with many. A photo among all others has the cosine with the person's other photos. "
                 f"Left out: {left_out['photos']} photos, and with them {left_out['people']} people.")


def _distances(summaries, shared):
    pairs, ceiling = shared["pairs"], shared["ceiling"]["emd"]
    rows = [(label, summary["everything"]["mean_cosine"].value, summary["emd"]["same"], summary["emd"]["different"],
             summary["same_person_below_mean"], summary["different_people_above_mean"]) for label, summary in summaries.items()]
    if pairs["same"]:
        rows.append(("photos of one person", pairs["same_mean_cosine"], ceiling["same"], ceiling["different"], None, None))
    return Table("Similarity: Earth mover's distance of photo and rendering to pairs of photos (table 2)",
                 ("face", "mean cosine", "to same", "to diff.", "same below", "diff. above"), rows,
                 f"{pairs['same']:,} pairs of the same person, {pairs['different']:,} of different people, in bins of "
                 f"{similarity.WIDTH:g}: distances are off by half of that at most, that between pairs of photos by all of it. The "
                 "last two: the shares of pairs of photos below and above the mean cosine.")


def _verification(result):
    rows = [(f"{name}, {label}", *each) for label, found in result.models.items() for name, each in found.verified.items()]
    rows += [("photos", *each) for each in result.ceiling.verified.values()]
    count, folds = len(result.verified_pairs.same), len(np.unique(result.verified_pairs.fold))
    rows += [("coefficients, Tran et al. (2017)", TRAN, None, None, None)] if result.official and count == OFFICIAL else []
    return Table(f"Verification: {count:,} pairs of photos in {folds} folds",
                 ("compared", "accuracy", "its deviation", "area under ROC", "TAR at FAR 0.001"), rows,
                 ("The pairs of the file of which both photos can be used." if result.official else
                  "Drawn from these photos by a fixed seed, not LFW's official pairs; no person is in two folds.") +
                 " The threshold of a fold is the best of the others; the deviation is over folds. Coefficients: cosine of shape "
                 "and texture together. Renderings and photos: of the judge's identities.")


def _compared(differences):
    names = "top1", "top5", "mean_cosine"
    return Table("Differences, photo by photo", ("faces", "top-1", "top-5", "cosine", "top-1, all", "top-5, all", "cosine, all"),
                 [(label, *(found[name] for name in names), *(found["everything"][name] for name in names))
                  for label, found in differences.items()], "An interval that leaves out 0 tells them apart.")
