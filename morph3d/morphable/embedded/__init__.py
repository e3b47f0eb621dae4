"""The morphable model that comes with the project: heads sculpted as distance fields, no scan and no download.

A population with the proportions of published surveys (population.py) is sculpted (sculpture.py), brought into
correspondence (correspondence.py, template.py), given expressions (expressions.py), reduced by principal components and
painted (albedo). The result is kept in the user's cache folder.
"""
import concurrent.futures
import hashlib
import os
import pathlib

import numpy as np

from morph3d import files

POPULATION = 300  # heads; more do not change the modes visibly
COMPONENTS = 80
SEED = 20180618


def read(population=POPULATION, components=COMPONENTS, coarseness=1.2, seed=SEED):
    """The embedded MorphableModel: about 13,000 vertices, 80 shape modes, 17 expressions.

    The first call builds it (about half a minute) and keeps it under `cache_folder()`.

    Args:
      population: the number of sculpted heads the modes are computed from.
      components: the largest number of shape modes; there are at most population - 1.
      coarseness: spacing of the grid the template is marched on, 1 is about 2 mm in the face. Tests take 2 and more.
      seed: of the population.

    Raises:
      ValueError: fewer than two heads.
    """
    from morph3d.morphable.model import MorphableModel
    if population < 2:
        raise ValueError(f"population must be at least 2 heads to vary, found {population}")
    path = cache_folder() / f"embedded-{_key(population, components, coarseness, seed)}.npz"
    if not path.is_file():
        print(f"morph3d: sculpting the embedded morphable model, once, into {path}", flush=True)
        arrays = painted(sculpt(population, components, coarseness, seed))
        with files.replacing(path) as beside:
            np.savez(beside, **arrays)
    with np.load(path) as file:
        return MorphableModel.from_arrays("embedded", **file)


def painted(arrays):
    """The arrays of `sculpt` with the albedo, as `MorphableModel.from_arrays` takes them."""
    from morph3d.morphable import albedo
    from morph3d.morphable.normals import vertex_normals
    eyeballs, mouth_inside = arrays.pop("eyeballs"), arrays.pop("mouth_inside")
    vertices, landmarks = arrays["mean_vertices"], arrays["landmarks"]
    normals = vertex_normals(vertices, arrays["triangles"])
    colors = albedo.paint(vertices, vertices[landmarks], normals, eyeballs, mouth_inside)
    return dict(arrays, mean_colors=colors.mean, texture_modes=colors.modes)


def sculpt(population, components, coarseness, seed):
    """The arrays of the model but its colours: a dictionary by name."""
    from morph3d.morphable.embedded import expressions, template
    from morph3d.morphable.embedded.population import draw
    from morph3d.morphable.embedded.sculpture import Head
    mesh = template.build(coarseness)
    measures = draw(population, seed)
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as threads:
        heads = list(threads.map(lambda head: template.register(mesh, Head(**head)), measures))
    average = {name: float(np.mean([head[name] for head in measures])) for name in measures[0]}
    mean, modes = principal_components(np.stack(heads, dtype=np.float32), components)
    return dict(mean_vertices=mean, shape_modes=modes, expression_modes=expressions.modes(mesh, average),
                triangles=mesh.triangles.astype(np.int32), landmarks=mesh.landmarks.astype(np.int32),
                eyeballs=mesh.eyeballs, mouth_inside=mesh.mouth_inside)


def principal_components(samples, count):
    """Mean [V, 3] and the first modes [<= count, V, 3] of samples [N, V, 3], each scaled to one standard deviation.

    The sign of a mode is that of its entry of largest size, so that it does not depend on the linear algebra library.
    """
    mean = samples.mean(0)
    deviations = (samples - mean).reshape(len(samples), -1).astype(np.float64)
    variances, weights = np.linalg.eigh(deviations @ deviations.T / (len(samples) - 1))
    order = np.argsort(variances)[::-1][:min(count, len(samples) - 1)]
    modes = weights[:, order].T @ deviations / np.sqrt(len(samples) - 1)
    modes *= np.sign(modes[np.arange(len(modes)), np.abs(modes).argmax(1)])[:, None]
    return mean, modes.reshape(-1, *mean.shape).astype(np.float32)


def cache_folder():
    """$XDG_CACHE_HOME/morph3d, or ~/.cache/morph3d."""
    return pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache") / "morph3d"


def _key(*settings):
    """What the arrays depend on, 12 hexadecimal digits: the settings, and the sources of shape and paint."""
    digest = hashlib.sha256(repr(settings).encode())
    here = pathlib.Path(__file__).parent
    for source in [*sorted(here.glob("*.py")), *sorted(here.parent.glob("albedo/**/*.py"))]:
        digest.update(source.read_bytes())
    return digest.hexdigest()[:12]


