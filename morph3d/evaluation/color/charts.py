"""Pictures of measured colors: reconstruction over photos, and the colors themselves side by side."""
import matplotlib.figure
import numpy as np
import skimage.color

from morph3d.evaluation import report
from morph3d.evaluation.color import face_patches

SHOWN = 24  # people on the sheet of swatches


def scatter(result):
    """L*, a* and b* of each region: the reconstruction over the mean of the person's other photos; uint8 [H, W, 3].

    Args:
      result: measurement.Colors.
    """
    figure = matplotlib.figure.Figure(figsize=(9., 11.5), dpi=100, layout="constrained")
    axes = figure.subplots(len(face_patches.regions()), 3)
    for i, region in enumerate(face_patches.regions()):
        for channel, name in enumerate(("L*", "a*", "b*")):
            here = axes[i, channel]
            for label, lab in result.faces.items():
                here.scatter(result.others[:, i, channel], lab[:, i, channel], 8., label=label, alpha=.6)
            here.axline((result.others[:, i, channel].mean(),) * 2, slope=1., color="gray", linewidth=.8)
            here.set(title=f"{region}, {name}", aspect="equal", adjustable="datalim")
    figure.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside upper center", ncols=len(result.faces))
    figure.supxlabel("other photos")
    figure.supylabel("reconstruction")
    return report.pixels(figure)


def swatches(result):
    """The colors of the first people's regions: in their photo, in what was made of it, in their other photos; uint8 [H, W, 3].

    Args:
      result: measurement.Colors.
    """
    sets = {"photo": result.photo, **result.faces, "other photos": result.others}
    count = min(SHOWN, len(result.people))
    regions = face_patches.regions()
    figure = matplotlib.figure.Figure(figsize=(3. * len(regions), 1.6 + .3 * count), dpi=100, layout="constrained")
    for i, (region, axes) in enumerate(zip(regions, figure.subplots(1, len(regions)), strict=True)):
        lab = np.stack([each[:count, i] for each in sets.values()], 1)
        axes.imshow(np.clip(skimage.color.lab2rgb(lab), 0., 1.), aspect="auto", interpolation="nearest")
        axes.set_xticks(range(len(sets)), sets, rotation=30, ha="right")
        axes.set_yticks(range(count) if i == 0 else [], result.people[:count] if i == 0 else [])
        axes.set_title(region)
    return report.pixels(figure)
