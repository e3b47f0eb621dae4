"""A mesh as a surface that is asked for its closest points, its directions and its borders."""
import concurrent.futures
import functools
import os
from typing import NamedTuple

import numpy as np
from scipy.spatial import cKDTree

from morph3d.mesh import normals
from morph3d.mesh.closest_point import closest_point

AT_A_TIME = 8192  # points that one thread looks at together
FEW = 8  # triangles that are tried first
OCTAVES = 20  # of sizes that are told apart; what is smaller counts as of the last


class Closest(NamedTuple):
    """The points of a surface that are closest to N points."""
    points: np.ndarray  # [N, 3]
    distances: np.ndarray  # [N], not negative
    triangles: np.ndarray  # [N], on which they lie
    weights: np.ndarray  # [N, 3] of the triangles' corners, not negative, of sum 1


class Surface:
    """A triangle mesh ready for queries, in float64; what a query needs is prepared at its first call.

    Vertices at exactly the same place count as one where borders and normals are found, so that the seams of a texture, or
    triangles that share no vertices, leave no holes.

    Attributes:
      vertices: [V, 3].
      triangles: [F, 3] vertex indices.

    Raises:
      ValueError: there is no triangle.

    >>> surface = Surface(np.eye(3), np.array([[0, 1, 2]]))
    >>> surface.closest(np.ones([1, 3])).points.round(3).tolist()
    [[0.333, 0.333, 0.333]]
    """

    def __init__(self, vertices, triangles):
        self.vertices, self.triangles = np.asarray(vertices, np.float64), np.asarray(triangles)
        if not len(self.triangles):
            raise ValueError(f"a surface needs triangles, found none among {len(self.vertices)} vertices")

    def part(self, kept):
        """The Surface of the triangles whose vertices are all among `kept` [V] bool, with the vertices that these use, and
        the numbers that the vertices had here."""
        triangles = self.triangles[kept[self.triangles].all(1)]
        used, numbers = np.unique(triangles, return_inverse=True)
        return Surface(self.vertices[used], numbers.reshape(-1, 3)), used

    @functools.cached_property
    def used(self):
        """[N] the vertices that triangles use, in order."""
        return np.unique(self.triangles)

    @functools.cached_property
    def normals(self):
        """[V, 3] unit vectors; see mesh/normals.py."""
        return normals.vertex_normals(self.vertices, self._welded)[self._first]

    @functools.cached_property
    def border(self):
        """[V] bool: on an edge that only one triangle has."""
        triangles = self._welded[(self._welded != np.roll(self._welded, 1, 1)).all(1)].astype(np.int64)
        edges = np.sort(np.concatenate([triangles[:, :2], triangles[:, 1:], triangles[:, ::2]]), 1)
        keys, count = np.unique(edges[:, 0] * len(self.vertices) + edges[:, 1], return_counts=True)
        single = keys[count == 1]
        on_border = np.zeros(len(self.vertices), bool)
        on_border[single // len(self.vertices)] = on_border[single % len(self.vertices)] = True
        return on_border[self._first]

    def nearest_vertex(self, points):
        """Distances [N] from points [N, 3] to the nearest vertices of triangles, and their numbers [N]."""
        workers = -1 if len(points) > 20_000 else 1  # more threads where that is worth starting them
        distances, nearest = self._vertex_tree.query(points, workers=workers)
        return distances, self.used[nearest]

    def closest(self, points):
        """The exactly closest points of the triangles (not only of the vertices).

        Triangles are looked for by their centroids, apart for each octave of size: what lies in a triangle is at most its radius
        away from its centroid, so that all that could be nearer than what has been found are within that distance plus
        the radius.

        Args:
          points: [N, 3].

        Returns:
          Closest.
        """
        points = np.asarray(points, np.float64)
        bound, nearest = self.nearest_vertex(points)
        best = Closest(np.empty_like(points), bound, self._triangle_at[nearest], np.zeros_like(points))
        best.weights[:] = self.triangles[best.triangles] == nearest[:, None]
        best.weights[:] /= best.weights.sum(1, keepdims=True)
        octaves = self._octaves  # before the threads, which would each make their own

        def search(rows):
            for octave in octaves:
                self._search(best, points, rows, octave)

        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
            list(pool.map(search, np.array_split(np.arange(len(points)), len(points) // AT_A_TIME + 1)))
        best.points[:] = np.einsum("nk,nkd->nd", best.weights, self.vertices[self.triangles[best.triangles]])
        return best

    def _search(self, best, points, rows, octave):
        """Takes over, for those rows of the points, what of the octave is nearer than the best so far."""
        tried, wanted = 0, min(FEW, len(octave.numbers))
        while len(rows) and tried < wanted:
            reach = best.distances[rows].max() + octave.radius
            ranks = np.arange(tried + 1, wanted + 1)
            apart, found = octave.tree.query(points[rows], ranks, distance_upper_bound=reach)
            self._improve(best, points, rows, octave, apart[:, :1], found[:, :1])  # mostly the one: few others are left then
            self._improve(best, points, rows, octave, apart[:, 1:], found[:, 1:])
            rows = rows[apart[:, -1] < best.distances[rows] + octave.radius]
            tried, wanted = wanted, min(2 * wanted, len(octave.numbers))

    def _improve(self, best, points, rows, octave, apart, found):
        """Takes over what of the triangles found [N, M] for N rows is nearer than the best so far."""
        could = np.isfinite(apart)
        could[could] = (apart - best.distances[rows, None])[could] < octave.radii[found[could]]
        rows, triangles = rows[np.nonzero(could)[0]], octave.numbers[found[could]]
        weights, distances = closest_point(points[rows], self.vertices[self.triangles[triangles]])
        nearer = np.flatnonzero(distances < best.distances[rows])
        nearer = nearer[np.argsort(-distances[nearer], kind="stable")]  # where a row comes twice, its nearest is written last
        rows = rows[nearer]
        best.distances[rows], best.triangles[rows], best.weights[rows] = distances[nearer], triangles[nearer], weights[nearer]

    @functools.cached_property
    def _octaves(self):
        corners = self.vertices[self.triangles]
        centroids = corners.mean(1)
        radii = np.sqrt(np.square(corners - centroids[:, None]).sum(2).max(1))
        radii *= 1. + 1e-12  # a bound also after rounding
        size = np.ceil(np.log2(np.maximum(radii / max(radii.max(), 1e-300), .5**OCTAVES)))
        groups = [np.flatnonzero(size == one) for one in np.unique(size)]
        return [_Octave(cKDTree(centroids[group]), group, radii[group], radii[group].max())
                for group in sorted(groups, key=len, reverse=True)]

    @functools.cached_property
    def _triangle_at(self):
        """[V] of each vertex a triangle that has it; 0 where there is none."""
        triangle = np.zeros(len(self.vertices), np.intp)
        triangle[self.triangles.ravel()] = np.repeat(np.arange(len(self.triangles)), 3)
        return triangle

    @functools.cached_property
    def _vertex_tree(self):
        return cKDTree(self.vertices[self.used])

    @functools.cached_property
    def _first(self):
        """[V] of all vertices at the same place the number of one."""
        order = np.lexsort(self.vertices.T)
        new = np.append(True, (np.diff(self.vertices[order], axis=0) != 0.).any(1))
        first = np.empty(len(order), np.intp)
        first[order] = order[new][np.cumsum(new) - 1]
        return first

    @property
    def _welded(self):
        return self._first[self.triangles]


class _Octave(NamedTuple):
    """The triangles of about one size."""
    tree: cKDTree  # of their centroids
    numbers: np.ndarray  # [N] their numbers
    radii: np.ndarray  # [N] the distances from their centroids to their farthest corners
    radius: float  # the largest
