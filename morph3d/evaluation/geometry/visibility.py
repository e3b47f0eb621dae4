"""What of a head can be seen from somewhere in front of it: not the cavity of the mouth, the backs of eyeballs, inner sides."""
import numpy as np
from scipy.spatial.transform import Rotation

from morph3d.mesh import normals
from morph3d.renderer.rasterize import rasterize

YAWS, PITCHES = (-70., -35., 0., 35., 70.), (-40., 0., 40.)  # degrees
REACH, DEPTH = 140., 400.  # mm that a picture shows to each side, and before and behind the origin
SIZE = 640  # pixels
BEHIND = 1.5  # mm that a vertex may lie behind what its pixel shows: a steep surface falls off by as much across one


def exposed(vertices, triangles):
    """[V] bool: which vertices are seen from outside, from at least one of fifteen directions around the front.

    Args:
      vertices: [V, 3] mm in the frame of morphable.landmarks.AVERAGE_FACE: +y up, +z out of the face, the origin between the
        eyes. Those more than 14 cm away from it are not seen.
      triangles: [F, 3] vertex indices, counter-clockwise from outside.
    """
    facing = normals.vertex_normals(vertices, triangles)
    turns = [Rotation.from_euler("yx", (yaw, pitch), degrees=True).as_matrix().T for yaw in YAWS for pitch in PITCHES]
    return np.any([_seen(vertices @ turn.T, triangles, facing @ turn[2]) for turn in turns], axis=0)


def _seen(turned, triangles, facing):
    """[V] bool: seen along -z."""
    places = turned / [REACH, REACH, -DEPTH]  # in clip space; w is 1
    clip = np.hstack([places, np.ones([len(places), 1])])[None].astype(np.float32)
    depth = rasterize(clip, triangles.astype(np.int32), SIZE, SIZE).depth[0].numpy()
    column, row = np.floor((places[:, :2].T + 1.) / 2. * SIZE).astype(np.intp)
    seen = (facing > 0.) & (np.minimum(column, row) >= 0) & (np.maximum(column, row) < SIZE)
    seen[seen] = places[seen, 2] <= depth[row[seen], column[seen]] + BEHIND / DEPTH
    return seen
