"""Subdivision of quadrilateral meshes as sparse matrices: what holds for a cage holds for every face that it carries."""
from typing import NamedTuple

import numpy as np
from scipy import sparse


class Step(NamedTuple):
    """What a step makes of V vertices, E edges and Q quads."""
    matrix: sparse.csr_matrix  # [V + E + Q, V] the new vertices as means of the old: old ones moved, one an edge, one a quad
    quads: np.ndarray  # [4 Q, 4] the four of each old one after the other, each beginning at its old corner
    edges: np.ndarray  # [E, 2] the old vertices of each edge, the smaller number first
    border: np.ndarray  # [E] bool, which of them belong to one quad only


def catmull_clark(count, quads):
    """One step of Catmull and Clark's subdivision (Computer-Aided Design 10(6), 1978), with their rule for curves at borders.

    Args:
      count: V, the number of vertices; those that are of no quad come out of it broken.
      quads: [Q, 4] vertices, counter-clockwise from outside.
    """
    edges, of_corner, first, second = _edges(quads)
    faces = _means(quads, count)
    middles = _means(edges, count)
    border = first == second
    beside = _means(np.stack([first, second], 1), len(quads)) @ faces
    edge_points = sparse.diags(np.where(border, 1., .5)) @ middles + sparse.diags(np.where(border, 0., .5)) @ beside
    matrix = sparse.vstack([_moved(count, quads, edges, border, faces, middles), edge_points, faces]).tocsr()
    return Step(matrix, _split(count, len(edges), quads, of_corner), edges, border)


def bilinear(count, quads):
    """The same split without smoothing, for texture coordinates; arguments as those of `catmull_clark`."""
    edges, of_corner, first, second = _edges(quads)
    border = first == second
    matrix = sparse.vstack([sparse.identity(count), _means(edges, count), _means(quads, count)])
    return Step(matrix.tocsr(), _split(count, len(edges), quads, of_corner), edges, border)


def _edges(quads):
    """Edges [E, 2], the edge [Q, 4] from each corner to the next, and the first and last quad [E] at each edge."""
    sides = np.sort(np.stack([quads, np.roll(quads, -1, 1)], 2).reshape(-1, 2), 1)
    edges, of_corner = np.unique(sides, axis=0, return_inverse=True)
    of_corner = of_corner.reshape(-1)
    owner, first, last = np.repeat(np.arange(len(quads)), 4), np.zeros(len(edges), int), np.zeros(len(edges), int)
    first[of_corner[::-1]], last[of_corner] = owner[::-1], owner
    return edges, of_corner.reshape(-1, 4), first, last


def _means(groups, count):
    """[N, count] sparse: the mean over each group [N, n] of vertices."""
    rows = np.repeat(np.arange(len(groups)), groups.shape[1])
    weights = np.full(groups.size, 1. / groups.shape[1])
    return sparse.csr_matrix((weights, (rows, groups.ravel())), (len(groups), count))


def _moved(count, quads, edges, border, faces, middles):
    """[V, V]: old vertices, (mean of faces + 2 mean of edges + (n - 3) vertex) / n, at borders along the border alone."""
    at_quads = sparse.csr_matrix((np.ones(quads.size), (quads.ravel(), np.repeat(np.arange(len(quads)), 4))), (count, len(quads)))
    ends = edges.ravel(), np.repeat(np.arange(len(edges)), 2)
    at_edges, at_border = (sparse.csr_matrix((np.repeat(wanted.astype(float), 2), ends), (count, len(edges)))
                           for wanted in (np.ones(len(edges), bool), border))
    valence = np.maximum(np.asarray(at_edges.sum(1)).ravel(), 1.)
    inner = np.asarray(at_border.sum(1)).ravel() == 0.
    here = np.where(inner, (valence - 3.) / valence, .5)
    return (sparse.diags(inner / valence**2) @ at_quads @ faces + sparse.diags(2. * inner / valence**2) @ at_edges @ middles +
            sparse.diags(.25 * ~inner) @ at_border @ middles + sparse.diags(here))


def _split(count, edge_count, quads, of_corner):
    centers = count + edge_count + np.arange(len(quads))
    corners = [np.stack([quads[:, i], count + of_corner[:, i], centers, count + of_corner[:, i - 1]], 1) for i in range(4)]
    return np.stack(corners, 1).reshape(-1, 4)
