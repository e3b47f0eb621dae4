"""The morphable model that comes with the project: heads sculpted as distance fields, no scan and no download.

A population with the proportions of published surveys (population.py) is sculpted (sculpture.py), brought into
correspondence (correspondence.py, template.py), given what no survey measures (relief.py) and expressions (expressions.py),
reduced by principal components and painted (albedo). The result is kept in the user's cache folder, in the layout of the Basel
Face Models.
"""
import concurrent.futures
import hashlib
import os
from typing import NamedTuple

import numpy as np

from morph3d import cache

# Of what recipes give. Whoever changes that (a number in sculpture.py, a color of the painter) raises it and pins the new sums in
# tests/morphable/test_embedded_identity.py; else caches and checkpoints would take the new model for the old one.
VERSION = 1


class Recipe(NamedTuple):
    """The amounts of everything that goes into the model; tests take less."""
    coarseness: float = 1.2  # spacing of the grid the template is marched on, 1 is about 2 mm in the face
    heads: int = 2000  # sculpted; the shape modes are computed from them
    shapes: int = 199  # modes, fewer than heads
    acts: int = 300  # random expressions
    expressions: int = 100  # modes, fewer than acts
    people: int = 1200  # painted
    textures: int = 199  # modes, fewer than people
    seed: int = 20180618


# By name, with the numbers of vertices.
RECIPES = {
    "embedded": Recipe(),  # 13,268
    "embedded-7k": Recipe(coarseness=1.68),
    "embedded-53k": Recipe(coarseness=.585),
}


def identity(recipe):
    """The fingerprint of a recipe's model, 16 hexadecimal digits: the same on every machine.

    A hash of the arrays is not, for their last bits are those of a machine's linear algebra library.
    """
    return hashlib.sha256(f"{VERSION} {recipe}".encode()).hexdigest()[:16]


def read(recipe=Recipe()):
    """The embedded MorphableModel, made by a Recipe.

    The first call builds it (some minutes, in proportion to its heads and vertices) and keeps it in the cache.

    Raises:
      ValueError: fewer than two heads.
    """
    from morph3d.morphable.readers import basel
    if recipe.heads < 2:
        raise ValueError(f"there must be at least 2 heads to vary, found {recipe.heads}")
    return cache.read_or_make(f"embedded-{identity(recipe)}/embedded.h5", "the embedded morphable model (some minutes)",
                              lambda: make(recipe), basel.read, lambda model, path: basel.write(model, path, model.fingerprint))


def make(recipe):
    """The same, built anew in any case."""
    from morph3d.morphable.model import MorphableModel
    model = MorphableModel.from_arrays("embedded", **painted(sculpt(recipe), recipe))
    model.fingerprint = identity(recipe)
    return model


def painted(arrays, recipe):
    """The arrays of `sculpt` with the albedo, as `MorphableModel.from_arrays` takes them."""
    from morph3d.mesh.normals import vertex_normals
    from morph3d.morphable import albedo
    parts = albedo.Parts(eyeballs=arrays.pop("eyeballs"), mouth_inside=arrays.pop("mouth_inside"))
    vertices, landmarks = arrays["mean_vertices"], arrays["landmarks"]
    normals = vertex_normals(vertices, arrays["triangles"])
    colors = albedo.paint(vertices, vertices[landmarks], normals, parts, recipe.people, recipe.textures)
    return dict(arrays, mean_colors=colors.mean, texture_modes=colors.modes)


def sculpt(recipe):
    """The arrays of the model but its colors: a dictionary by name."""
    from morph3d.morphable import basis
    from morph3d.morphable.embedded import expressions, population, template
    from morph3d.morphable.embedded.relief import Relief
    from morph3d.morphable.embedded.sculpture import Head
    mesh = template.build(recipe.coarseness)
    measures = population.draw(recipe.heads, recipe.seed)
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as threads:
        heads = np.stack(list(threads.map(lambda head: template.register(mesh, Head(**head)), measures)), dtype=np.float32)
        average = {name: float(np.mean([head[name] for head in measures])) for name in measures[0]}
        random = np.random.default_rng(recipe.seed)
        acts = expressions.draw(mesh, average, recipe.acts, random, threads)
    mean = heads.mean(0)  # before the relief, whose mean is nothing but chance
    relief = Relief(mean, mesh.landmarks, mesh.eyeballs)
    for head in heads:
        head += relief(random) - mean
    # Expressions about the neutral face and not about their mean, so that zeros are a face at rest.
    shape_modes, expression_modes = (basis.principal_modes(deviations.astype(np.float64), count).astype(np.float32)
                                     for deviations, count in ((heads, recipe.shapes), (acts, recipe.expressions)))
    return dict(mean_vertices=mean, shape_modes=shape_modes, expression_modes=expression_modes,
                triangles=mesh.triangles.astype(np.int32), landmarks=mesh.landmarks.astype(np.int32), eyeballs=mesh.eyeballs,
                mouth_inside=mesh.mouth_inside)
