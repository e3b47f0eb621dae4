"""The embedded morphable model, made anew: its file in the package, and how far it is from the one that was there.

    python -m experiments.make_embedded

It takes some minutes. The last bits depend on the linear algebra library, so the file is shipped and not made where it is used.
"""
import pathlib

import numpy as np
from absl import app, flags

from morph3d.morphable.embedded import build, storage

_OUTPUT = flags.DEFINE_string("output", None, "where to write the file instead of into the package")


def differences(new, old):
    """{what: root mean square over the vertices, in mm or sRGB}, of the arrays of two models: of means, and of what is left
    between the modes when those of one are turned onto the other's, for turned modes give the same faces."""
    found = {name: np.sqrt(((new[name] - old[name])**2).sum(-1).mean()) for name in ("mean_vertices", "mean_colors")}
    for name in ("shape_modes", "expression_modes", "texture_modes"):
        here, there = (modes[name].reshape(len(modes[name]), -1).astype(np.float64) for modes in (new, old))
        apart = (here**2).sum() + (there**2).sum() - 2. * np.linalg.svd(here @ there.T, compute_uv=False).sum()
        found[name] = np.sqrt(max(apart, 0.) / new[name].shape[1])
    return found


def _shipped():
    """The arrays of the model in the package, or None if it is missing or damaged."""
    try:
        return storage.read("embedded")[0]
    except ValueError as error:
        print(error)
        return None


def main(_):
    old, path = _shipped(), storage.PATH if _OUTPUT.value is None else pathlib.Path(_OUTPUT.value)
    storage.write(build.contents(build.Recipe()), path)
    print(f"{path}: {path.stat().st_size / 1e6:.1f} MB")
    new = storage.read("embedded", path)[0]
    if old is not None and not np.array_equal(old["triangles"], new["triangles"]):
        print(f"another mesh: {len(new['mean_vertices'])} vertices in place of {len(old['mean_vertices'])}")
    elif old is not None:
        for name, difference in differences(new, old).items():
            print(f"{name:<20}{difference:.2g}")


if __name__ == "__main__":
    app.run(main)
