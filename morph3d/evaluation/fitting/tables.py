"""The figures of fits."""
import numpy as np

from morph3d.evaluation import sheets, statistics
from morph3d.evaluation.fitting import photos
from morph3d.evaluation.report import Report, Table

ROTATION, LANDMARKS = 1.5, 1.5  # degrees, and pixels at 224: what is near


def of_synthetic(errors, left_out):
    """The Report of synthetic.Errors."""
    found = {name: np.array(values) for name, values in zip(errors[0]._fields, zip(*errors, strict=True), strict=True)}
    near = {"rotation": found["rotation"] <= ROTATION, "landmarks": found["landmarks"] <= LANDMARKS}
    summary = {"faces": len(errors), "left_out": len(left_out)}
    summary |= {f"{name}_near": statistics.share(hits) for name, hits in near.items()}
    summary |= {name: statistics.mean(values) for name, values in found.items()}
    ratios = {"expression_ratio": ("expression", "neutral_expression"), "shape_ratio": ("shape", "mean_shape"),
              "network_shape_ratio": ("network_shape", "mean_shape"), "tone_ratio": ("tone", "network_tone")}
    summary |= {name: float(found[a].mean() / found[b].mean()) for name, (a, b) in ratios.items()}
    rows = [("rotation, degrees", summary["rotation"], float(np.quantile(found["rotation"], .95)), summary["rotation_near"]),
            ("landmarks, pixels of 224", summary["landmarks"], float(np.quantile(found["landmarks"], .95)),
             summary["landmarks_near"])]
    words = {"expression_ratio": "expression, mm; neutral face", "shape_ratio": "shape, mm; mean face",
             "network_shape_ratio": "shape of the network alone, mm; mean face", "tone_ratio": "skin tone, CIELAB; network alone"}
    note = f"{len(errors)} faces; {len(left_out)} left out; intervals of 95 %"
    return Report(summary, [
        Table("Fits to pictures of random faces", ("", "mean", "95 % are within", "share within 1.5"), rows),
        Table("... compared", ("what; with what", "fitted", "other", "ratio"), [
            (words[name], summary[a], summary[b], summary[name]) for name, (a, b) in ratios.items()], note)], {})


def of_photos(found, left_out):
    """The Report of photos.Likeness."""
    people = [each.person or each.key for each in found]
    summary = {"photos": len(found), "left_out": len(left_out)}
    words = {"difference": "mean absolute difference inside the face, sRGB", "textured": "cosine, photo's texture",
             "model": "cosine, model's colors"}
    known = {name: values for name in words if None not in (values := [getattr(each, name) for each in found])}
    summary |= {name: statistics.mean(values, people) for name, values in known.items()}
    note = f"{len(found)} photos of {len(set(people))} people; {len(left_out)} left out; intervals of 95 % over people"
    tables = [Table("Fits to photos", ("", "mean"), [(words[name], summary[name]) for name in known], note)]
    off, several = photos.skin_off(found)
    if several:
        summary |= _skin(off, several)
        rows = [(words, *(summary[f"{name}_{of}"] for name in ("skin", "lightness")))
                for of, words in (("network", "network alone"), ("fitted", "fitted"))]
        note = f"{len(several)} photos of {len(set(several))} people of whom there are several; intervals of 95 % over people"
        tables.append(Table("Skin, off what the person's other photos show, CIELAB", ("", "distance", "lighter by"), rows, note))
    return Report(summary, tables, {})


def _skin(off, people):
    """{name: Estimate} of what photos.skin_off gives."""
    distances = np.linalg.norm(off, axis=-1).T
    found = {"skin_fitted_less_network": statistics.difference(distances[1], distances[0], people)}
    for number, name in enumerate(("network", "fitted")):
        found |= {f"skin_{name}": statistics.mean(distances[number], people),
                  f"lightness_{name}": statistics.mean(off[:, number, 0], people)}
    return found


def of_geometry(found, left_out):
    """The Report of geometry.Distances."""
    people = [each.subject for each in found]
    errors = {name: np.array([getattr(each, name) for each in found]) for name in ("mean_face", "network", "fitted")}
    summary = {"photos": len(found), "left_out": len(left_out)}
    summary |= {name: statistics.mean(values, people) for name, values in errors.items()}
    ratios = {name: float(errors[name].mean() / errors["mean_face"].mean()) for name in ("network", "fitted")}
    summary |= {f"{name}_ratio": ratio for name, ratio in ratios.items()}
    summary["fitted_less_network"] = statistics.difference(errors["fitted"], errors["network"], people)
    words = {"mean_face": "mean face", "network": "network alone", "fitted": "fitted"}
    note = f"{len(found)} photos of {len(set(people))} people; {len(left_out)} left out; intervals of 95 % over people"
    return Report(summary, [Table("Neutral faces of fitted photos against scans", ("", "mm", "of the mean face's"), [
        (words[name], summary[name], ratios.get(name)) for name in words], note)], {})


def of_textured_scan(views, left_out):
    """The Report of textured_scan.Views."""
    textures = {"photo": [view.texture for view in views], "model": [view.model for view in views]}
    summary = {"views": len(views), "left_out": len(left_out), "compared": float(np.mean([view.compared for view in views]))}
    summary |= {f"{name}_{how}": float(np.mean([getattr(each, how) for each in found]))
                for name, found in textures.items() for how in ("plain", "scaled")}
    geometry = np.array([[each[1:] for each in view.geometry.values()] for view in views])  # [views, protocols, faces], mm
    for name, errors in zip(views[0].geometry, geometry.mean(0).tolist(), strict=True):
        summary |= {f"{name}_{face}": error for face, error in zip(("mean_face", "network", "fitted"), errors, strict=True)}
    turns = [*(f"{view.yaw:g}" for view in views), "mean"]
    shares = np.array([[view.compared, *view.texture, *view.model] for view in views])
    note = (f"{len(views)} views; {len(left_out)} left out. Compared where the photo shows the face and the scan has one; a "
            "factor of each channel of linear light takes out another light or tone of skin")
    faces = [f"{name}, {face}" for name in views[0].geometry for face in ("mean face", "network alone", "fitted")]
    return Report(summary, [
        Table("Colors of the fitted face against the scan's own, CIELAB", (
            "degrees", "share of the texture", "photo's texture", "times a factor", "model's colors", "times a factor"),
            [(turn, *row) for turn, row in zip(turns, [*shares, shares.mean(0)], strict=True)], note),
        Table("Its neutral face against the scan, mm", ("degrees", *faces),
              [(turn, *row.ravel()) for turn, row in zip(turns, [*geometry, geometry.mean(0)], strict=True)])],
        {"views": sheets.sheet("A scan, and the faces fitted to it", ["picture", "photo's texture", "model's colors"],
                               [(turn, view.tiles) for turn, view in zip(turns, views)])})


def of_covers(found, left_out):
    """The Report of covers.Leaks."""
    rows, summary = [], {"left_out": len(left_out)}
    for series, level in dict.fromkeys((each.series, each.level) for each in found):
        leaks = [each for each in found if (each.series, each.level) == (series, level)]
        known = [each.of_hidden for each in leaks if each.of_hidden is not None]
        row = {"photos": len(leaks), "of_hidden": statistics.mean(known) if known else None,
               "most_of_hidden": max(known, default=None), "of_shown": statistics.mean([each.of_shown for each in leaks]),
               "most_of_shown": max(each.of_shown for each in leaks), "kept": statistics.mean([each.kept for each in leaks])}
        rows.append((series, f"{level:g}", *row.values()))
        summary[f"{series}_{level:g}"] = row
    columns = "series", "level", "photos", "of what is hidden", "at most", "of what is seen without", "at most", "kept of the rest"
    note = (f"Shares of the texture that the photo shows by half and more; {len(left_out)} pictures left out; intervals of 95 % "
            "over people")
    return Report(summary, [Table("Covers that end up as skin", columns, rows, note)], {})
