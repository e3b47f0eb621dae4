"""The morphable model that comes with the project: heads made of MakeHuman's (CC0), with the measures of surveys, and painted.

It is a file of the package (storage.py), so it needs no download and no time, and its bits are the same everywhere.
`experiments/make_embedded.py` makes that file anew: random people (people.py) with the proportions of published surveys
(population.py, measures.py), by the controls (controls.py) of a human head (human_head.py, topology.py), given what no survey
measures (relief.py) and expressions (expressions.py), painted (albedo) and reduced by principal components (build.py).
"""
import functools

NAMES = {"embedded": 16865, "embedded-7k": 7000, "embedded-67k": 67039}  # vertices


def read(name="embedded"):
    """The embedded MorphableModel of a name in NAMES; they differ in their meshes, and coefficients mean the same faces.

    Raises:
      ValueError: another name; or the file of the package is missing or damaged.
    """
    if name not in NAMES:
        raise ValueError(f'found no embedded model "{name}"; there are {", ".join(NAMES)}')
    from morph3d.morphable.embedded import storage
    from morph3d.morphable.model import MorphableModel
    arrays, fingerprint = storage.read(name)
    model = MorphableModel.from_arrays(name, **arrays)
    model.fingerprint = fingerprint
    return model


def sample_people(count, seed):
    """Random people, whose color goes with their shape: sex, age and ancestry drive both.

    Shape and texture are standard normal each, as `coefficients.sample` draws them, and together normal with the correlations of
    the people that the model was made of.

    Args:
      count: B, the number of people.
      seed: an integer.

    Returns:
      Coefficients of [B, S] and [B, T] float32, neutral.
    """
    import numpy as np

    from morph3d.morphable.coefficients import Coefficients
    correlations, rest = _correlations()
    random = np.random.default_rng(seed)
    shape = random.standard_normal([count, len(correlations)])
    texture = shape @ correlations + random.standard_normal([count, len(rest)]) @ rest
    return Coefficients(*(values.astype(np.float32) for values in (shape, texture)))


@functools.cache
def _correlations():
    """The correlations [S, T] of shape and texture, and the square root [T, T] of what is left of the texture's covariance."""
    import numpy as np

    from morph3d.morphable.embedded import storage
    correlations = storage.read_correlations()
    values, vectors = np.linalg.eigh(np.eye(correlations.shape[1]) - correlations.T @ correlations)
    return correlations, vectors * np.sqrt(np.maximum(values, 0.)) @ vectors.T
