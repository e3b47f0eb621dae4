"""The embedded model made anew: random people, the relief that no measure describes, expressions, colors, and their modes."""
from typing import NamedTuple

import numpy as np
from scipy import sparse, spatial, stats

from morph3d.mesh import decimation
from morph3d.mesh.normals import vertex_normals
from morph3d.morphable import albedo, basis
from morph3d.morphable.embedded import expressions, human_head, people, storage, topology
from morph3d.morphable.embedded.relief import Relief

COARSE = 7000  # vertices of the coarser mesh
# How dark the skin of people of each ancestry is, in the order of controls.ANCESTRIES, and its deviation among people of one.
TONES, TONE_DEVIATION = np.array([2.2, .3, -.6]), .6
EYES, TEETH = ("right_eye", "left_eye"), ("lower_teeth", "upper_teeth")


class Recipe(NamedTuple):
    """The amounts of everything that goes into the model; tests take less."""
    heads: int = 2000  # people; the shape modes are computed from them
    shapes: int = 199  # modes, fewer than heads
    acts: int = 400  # random expressions
    expressions: int = 100  # modes, fewer than acts
    painted: int = 1200  # the first of the heads
    textures: int = 199  # modes, fewer than painted
    seed: int = 20180618


class Shapes(NamedTuple):
    """The geometry of the model, on the vertices of the cage."""
    mean: np.ndarray  # [cage, 3] mm; +x the subject's left, +y up, +z out; the origin between the ears, at the eyes' height
    shape_modes: np.ndarray  # [S, cage, 3] mm, one standard deviation each
    expression_modes: np.ndarray  # [E, cage, 3] likewise
    blendshapes: dict  # {ARKit's name: [cage, 3] mm at full strength}
    people: people.People  # whom the modes are of
    coefficients: np.ndarray  # [N, S] theirs


def shapes(recipe):
    """The Shapes of a Recipe."""
    mesh, drawn, random = topology.build(), people.draw(recipe.heads, recipe.seed), np.random.default_rng(recipe.seed)
    cages = _aligned(drawn.cages, mesh)
    mean = _even(cages.mean(0))
    mean -= _origin(mesh.matrix @ mean, mesh)
    relief = Relief(mean, np.stack([_of_part(name) for name in EYES]))
    people_apart = _with_lids(np.stack([cage + relief(random) for cage in cages - cages.mean(0)]))
    shape_modes = _modes(people_apart, recipe.shapes, mesh)
    blendshapes = expressions.units(people.SIZE)
    # About the neutral face and not about their mean, so that zeros are a face at rest.
    acts = expressions.draw(blendshapes, mean, recipe.acts, random)
    coefficients = _products(people_apart, shape_modes, mesh) / np.diag(_products(shape_modes, shape_modes, mesh))
    return Shapes(mean, shape_modes, _modes(acts, recipe.expressions, mesh), blendshapes, drawn, coefficients)


def colors(recipe, made):
    """The Albedo of the model's mesh, for its Shapes: of the same people."""
    mesh = topology.build()
    vertices = mesh.matrix @ made.mean
    known = albedo.Parts(eyeballs=_any(mesh, EYES), mouth_inside=mesh.parts["mouth"], teeth=_any(mesh, TEETH), **mesh.masks)
    return albedo.paint(vertices, vertices[mesh.landmarks], vertex_normals(vertices, mesh.triangles), known, recipe.painted,
                        recipe.textures, recipe.seed, _traits(made.people, recipe))


def contents(recipe):
    """What the model's file holds, a storage.Contents."""
    made = shapes(recipe)
    painted = colors(recipe, made)
    return storage.Contents(made.mean, made.shape_modes, made.expression_modes, made.blendshapes, painted.mean, painted.modes,
                            _parts(),
                            _correlations(made.coefficients[:recipe.painted], painted.coefficients, _traits(made.people, recipe)),
                            _meshes(made.mean))


def _correlations(shape, texture, traits):
    """[S, T]: the correlations of the coefficients [N, S] and [N, T] of people. Shape and color know of each other by traits alone,
    so only what these explain is taken; what is left of the sample's correlations is chance."""
    traits = np.stack(list(traits.values()), 1)
    return shape.T @ traits @ np.linalg.inv(traits.T @ traits) @ traits.T @ texture / len(traits)


def _traits(crowd, recipe):
    """The traits that the painter asks for, {name: [N]}, of the people to be painted."""
    tone = crowd.ancestry @ TONES + TONE_DEVIATION * np.random.default_rng(recipe.seed).standard_normal(len(crowd.male))
    tone, age = (stats.norm.ppf((stats.rankdata(values) - .5) / len(values)) for values in (tone, crowd.old))
    return {name: values[:recipe.painted] for name, values in (("tone", tone), ("age", age), ("sex", 2. * crowd.male - 1.))}


def _parts():
    """{name: [painted] bool} of storage.PARTS. The insides of the lids belong to the eyes, for nobody sees them."""
    mesh = topology.build()
    return {"eyes": _any(mesh, (*EYES, "right_socket", "left_socket")), "mouth": _any(mesh, ("mouth", *TEETH))}


def _meshes(mean):
    """{name: storage.Mesh}: the mesh that is painted, a coarser one and a finer one."""
    mesh = topology.build()
    coarse = decimation.decimate(mesh.matrix @ mean, mesh.triangles, mesh.landmarks, COARSE)
    rows = np.repeat(np.arange(len(coarse.corners)), 3)
    onto = sparse.csr_matrix((coarse.weights.ravel(), (rows, coarse.corners.ravel())), (len(coarse.corners), mesh.matrix.shape[0]))
    fine, onto_fine = topology.refined(mesh)
    return {"embedded": storage.Mesh(mesh.matrix, None, mesh.triangles, mesh.landmarks, mesh.uvs),
            "embedded-7k": storage.Mesh(onto @ mesh.matrix, onto, coarse.triangles, coarse.landmarks, None),
            "embedded-67k": storage.Mesh(fine.matrix, onto_fine, fine.triangles, fine.landmarks, fine.uvs)}


def _any(mesh, names):
    return np.any([mesh.parts[name] for name in names], axis=0)


def _of_part(name):
    """[cage] bool: the cage's vertices of a part."""
    head = human_head.read()
    return np.isin(np.arange(len(head.vertices)), head.quads[head.parts[name]])


def _aligned(cages, mesh, rounds=3):
    """Cages [N, cage, 3] turned and moved onto their mean by the head's skin, without scale."""
    weights = np.asarray(mesh.matrix[mesh.parts["head"]].mean(0)).ravel()
    cages = cages - np.einsum("c,ncd->nd", weights, cages)[:, None]
    for _ in range(rounds):
        u, _, vt = np.linalg.svd(np.einsum("ncd,c,ce->nde", cages, weights, cages.mean(0)))
        u[..., -1] *= np.sign(np.linalg.det(u @ vt))[:, None]
        cages = cages @ (u @ vt)
    return cages


def _with_lids(displacements):
    """Displacements [N, cage, 3] whose insides of the lids move as the skin before them does, or they would come through it."""
    published, skin = human_head.read().vertices, np.flatnonzero(_of_part("head"))
    inside = np.setdiff1d(np.flatnonzero(_of_part("right_socket") | _of_part("left_socket")), skin)
    nearest = spatial.cKDTree(published[skin]).query(published[inside])[1]
    displacements[:, inside] = displacements[:, skin[nearest]]
    return displacements


def _even(cage):
    """A cage [cage, 3] without the difference of its sides, which is chance."""
    published = human_head.read().vertices
    twins = spatial.cKDTree(published).query(published * [-1., 1., 1.])[1]
    return (cage + cage[twins] * [-1., 1., 1.]) / 2.


def _origin(vertices, mesh):
    eyes, ears = vertices[_any(mesh, EYES)].mean(0), vertices[mesh.masks["ears"] > .5].mean(0)
    return np.array([0., eyes[1], ears[2]])


def _modes(deviations, count, mesh):
    """Principal modes [count, cage, 3] of deviations [N, cage, 3] of the cage, as they move the vertices of the mesh."""
    return basis.principal_modes(deviations, count, _products(deviations, deviations, mesh))


def _products(left, right, mesh):
    """[N, K]: inner products of displacements [N, cage, 3] and [K, cage, 3] of the cage, summed over the vertices of the mesh."""
    squares = mesh.matrix.T @ mesh.matrix
    flat = [np.moveaxis(each, 2, 1).reshape(-1, each.shape[1]) for each in (left, right)]
    return (flat[0] @ squares).reshape(len(left), -1) @ flat[1].reshape(len(right), -1).T
