"""A population of painted faces, and its linear modes."""
import numpy as np

from morph3d.morphable import basis
from morph3d.morphable.albedo.parameters import ASYMMETRIC, PARAMETERS, values

# How parameters go together: the correlation of each with hidden traits of a person; zeros at the end are left out. What is left is
# its own.
# tone: dark skin; sex: +1 male, -1 female; sun: redder, yellower. Standard scores but make-up, which is one among women.
TRAITS = ("tone", "sex", "age", "makeup", "sun")
CORRELATIONS = {
    # By blood alone redder skin would be as much less yellow: a* and b* of people would correlate by -.6, in photographs by -.3.
    # Women are lighter than men and the young than the old (CIE x050-OP065, 2023: nine collections of measured skin); with age skin
    # grows redder and yellower.
    "melanin": (.97, .12, .08, 0., .1), "blood": (-.1, .15, .3, 0., .75), "carotene": (.15, 0., .3, 0., .75),
    "hair_eumelanin": (.65, 0., 0., 0.),
    "hair_pheomelanin": (-.45, 0., 0., 0.), "hair_gray": (0., .1, .75, 0.), "iris_melanin": (.75, 0., 0., 0.),
    "limbus": (0., -.1, -.3, 0.), "brow_density": (.1, .25, -.2, .3), "brow_thickness": (.1, .5, 0., 0.),
    "brow_height": (0., -.5, 0., .2), "brow_arch": (0., -.5, 0., .2), "upper_lashes": (0., -.35, -.1, .7),
    "lower_lashes": (0., -.3, -.1, .6), "lid_shadow": (.1, -.3, .1, .6), "lid_crease": (-.1, 0., .2, .2),
    "dark_circles": (.15, .1, .35, -.2), "eye_bags": (0., .1, .7, 0.), "tear_trough": (0., 0., .5, 0.),
    "socket_shade": (0., .2, .2, 0.), "lip_blood": (-.25, -.35, -.2, .6), "lip_melanin": (.1, .1, 0., .1),
    "beard": (.1, .85, .1, 0.), "blush": (-.1, -.2, 0., .4), "nose_blood": (-.1, .3, .3, -.2),
    "nasolabial": (0., .1, .7, 0.), "marionette": (0., .1, .7, 0.), "alar_crease": (0., .1, .3, 0.),
    "glabella": (0., .2, .6, 0.), "crows_feet": (0., 0., .7, 0.), "cheek_hollows": (0., .2, .2, 0.), "jaw_shade": (0., .2, .2, 0.),
    "hair_density": (0., -.2, -.3, 0.), "hair_temples": (0., -.5, -.4, 0.), "sideburns": (0., .6, 0., 0.),
}


def draw_traits(count, rng, known=None):
    """The traits of random people.

    Args:
      count: N.
      rng: np.random.Generator.
      known: {trait: [N] standard scores} of those that are given, sex as +1 or -1; the others are drawn.

    Returns:
      {trait: [N]} of all TRAITS. Make-up comes from sex and chance: men wear none, which is -.5; so its mean over all people is
      -.25, its standard deviation .75.

    Raises:
      ValueError: a trait that there is none of, or one of another shape, or not finite; a sex that is neither +1 nor -1.
    """
    drawn = dict(zip(TRAITS, rng.standard_normal([len(TRAITS), count])))
    drawn["sex"] = np.sign(drawn["sex"])
    for name, scores in (known or {}).items():
        if name not in TRAITS:
            raise ValueError(f"traits: {name!r}, expected names among {', '.join(TRAITS)}")
        if np.shape(scores) != (count,) or not np.isfinite(scores).all():
            raise ValueError(f"traits: {name} of shape {np.shape(scores)}, expected [{count}] finite scores, one per person")
        drawn[name] = np.asarray(scores, float)
    if not np.isin(drawn["sex"], [1., -1.]).all():
        raise ValueError(f"traits: sex of values from {drawn['sex'].min():g} to {drawn['sex'].max():g}, expected +1 (male) or -1 "
                         "(female) each")
    if "makeup" not in (known or {}):
        drawn["makeup"] = np.where(drawn["sex"] < 0., drawn["makeup"], -.5)
    return drawn


def sample_scores(traits, rng):
    """The standard scores of people with these traits, {trait: [N]}: a list of {parameter: score}, left-right differences 0."""
    hidden = np.stack([traits[name] for name in TRAITS])
    scores = {}
    for name in PARAMETERS:
        weights = np.array(CORRELATIONS.get(name, ()))
        weights = np.pad(weights, (0, len(TRAITS) - len(weights)))
        own = rng.standard_normal(hidden.shape[1]) * np.sqrt(max(1. - weights @ weights, 0.))
        scores[name] = (weights @ hidden + own) * (name not in ASYMMETRIC)
    return [{name: column[person] for name, column in scores.items()} for person in range(hidden.shape[1])]


def differences(painter, names):
    """One mode [V, 3] per parameter: half the difference between one standard deviation up and down."""
    return np.stack([(painter(values({name: 1.})) - painter(values({name: -1.}))) / 2. for name in names])


def principal_modes(faces, count):
    """Principal components of a population.

    Args:
      faces: [N, V, 3] colors; overwritten, for they are large.
      count: T, less than N.

    Returns:
      mean [V, 3], modes [T, V, 3], one standard deviation each, largest first, and the coefficients [N, T] of the faces in them; a
      positive coefficient brightens.
    """
    mean = faces.mean(0)
    faces -= mean
    modes = basis.principal_modes(faces, count)
    modes *= np.where(modes.sum((1, 2), keepdims=True) < 0., -1., 1.)
    flat = modes.reshape(len(modes), -1)
    coefficients = faces.reshape(len(faces), -1) @ (flat / np.square(flat).sum(1, keepdims=True)).T  # modes are orthogonal
    return mean, modes, coefficients
