"""Fields over a model's surface: mirrored left to right, and smoothed along the skin."""
import functools

import numpy as np
from scipy import sparse
from scipy.sparse import linalg

from morph3d.mesh.surface import Surface

TWIN = 6.  # mm; what is farther from a mirrored vertex is not its twin
FLATTEST = 1e-2  # of a corner's sine, so that no sliver holds all together


@functools.lru_cache(2)
def mirror(model):
    """[V, V] sparse, float32: times a field over the mean face it is the field of the face mirrored left to right.

    It is 0 where the other half has nothing of the kind.
    """
    closest, count = Surface(model.mean, model.triangles).closest(model.mean * [-1., 1., 1.]), len(model.mean)
    weights = np.where(closest.distances[:, None] < TWIN, closest.weights, 0.)
    twins = model.triangles[closest.triangles]
    return sparse.csr_array((np.float32(weights).ravel(), twins.ravel(), np.arange(0, 3 * count + 1, 3)), (count, count))


def smooth(model, length, field):
    """A field [V, C] smoothed along the surface: u of u - length^2 laplace(u) = field, by finite elements on the mean face.

    Constants stay, the mean over the surface stays, and nothing passes from one piece of the surface to another.

    Args:
      model: LinearModel.
      length: mm, over which what there is at one place has fallen to about a third.
      field: [V, C].
    """
    areas, solver = _solver(model, length)
    return solver.solve(areas * np.float64(field))


@functools.lru_cache(8)
def _solver(model, length):
    """The vertices' areas [V, 1] mm^2, and what solves with the matrix areas + length^2 stiffness."""
    corners, count = np.float64(model.mean[model.triangles]), len(model.mean)
    sides = np.roll(corners, -1, 1) - corners  # from each corner to the next
    lengths = np.linalg.norm(sides, axis=2)
    twice = np.linalg.norm(np.cross(sides[:, 0], sides[:, 1]), axis=1, keepdims=True)  # the areas
    areas = np.bincount(model.triangles.ravel(), np.repeat(twice / 6., 3), count) + 1e-6
    # Each side pulls its ends together by half the cotangent of the corner across from it.
    cosines = -np.einsum("fkd,fkd->fk", np.roll(sides, -1, 1), np.roll(sides, 1, 1))
    sines = np.maximum(twice, FLATTEST * np.roll(lengths, -1, 1) * np.roll(lengths, 1, 1) + 1e-12)
    pulls = np.maximum(cosines / sines, 0.).ravel() / 2.
    edges = sparse.coo_array((pulls, (model.triangles.ravel(), np.roll(model.triangles, -1, 1).ravel())), (count, count)).tocsr()
    edges = edges + edges.T
    stiffness = sparse.diags_array(edges.sum(1)) - edges
    return areas[:, None], linalg.splu((sparse.diags_array(areas) + length**2 * stiffness).tocsc())
