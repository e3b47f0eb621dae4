"""What a model's surface does to fields over it: mirrored left to right, and smoothed along the skin."""
import functools

import numpy as np
from scipy import sparse
from scipy.sparse import linalg

from morph3d.mesh.surface import Surface

TWIN = 6.  # mm, farther off than this a mirrored vertex is no twin
FLATTEST = 1e-2  # of a corner's sine, so that slivers stiffen nothing


@functools.lru_cache(2)
def mirror(model):
    """[V, V] sparse: times a field over the mean face it is the field of the face mirrored left to right; no row where there is
    nothing on the other side."""
    closest = Surface(model.mean, model.triangles).closest(model.mean * [-1., 1., 1.])
    weights = np.where(closest.distances[:, None] < TWIN, closest.weights, 0.)
    count = len(model.mean)
    return sparse.csr_array((np.float32(weights).ravel(), model.triangles[closest.triangles].ravel(), np.arange(0, 3 * count + 1, 3)),
                            (count, count))


def smooth(model, length, field):
    """A field [V, C] smoothed along the surface over a length in mm: the solution of u - length^2 laplace(u) = field.

    It keeps constants, and lets nothing pass from one piece of the surface to another.
    """
    mass, solver = _solver(model, length)
    return solver.solve(mass * np.float64(field))


@functools.lru_cache(4)
def _solver(model, length):
    """Finite elements of the mean face: vertices' areas [V, 1] mm^2, and what solves with these plus length^2 stiffness."""
    corners = np.float64(model.mean[model.triangles])
    sides = np.roll(corners, -1, 1) - corners
    areas = np.linalg.norm(np.cross(sides[:, 0], sides[:, 1]), axis=1) / 2.
    mass = np.bincount(model.triangles.ravel(), np.repeat(areas / 3., 3), len(model.mean)) + 1e-6
    first, second = model.triangles, np.roll(model.triangles, -1, 1)  # the ends of each side, and the cotangent across from it
    across = -np.einsum("fkd,fkd->fk", np.roll(sides, -1, 1), np.roll(sides, 1, 1))
    lengths = np.prod(np.linalg.norm(sides, axis=2), 1, keepdims=True) / np.linalg.norm(sides, axis=2)
    pull = np.maximum(across, 0.) / np.maximum(2. * areas[:, None], FLATTEST * lengths + 1e-12) / 2.
    edges = sparse.coo_array((pull.ravel(), (first.ravel(), second.ravel())), [len(mass)] * 2).tocsr()
    edges = edges + edges.T
    stiffness = sparse.diags_array(edges.sum(1)) - edges
    return mass[:, None], linalg.splu((sparse.diags_array(mass) + length**2 * stiffness).tocsc())
