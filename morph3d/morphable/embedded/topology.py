"""The one mesh of the embedded model: the human head's cage, subdivided, with the places of landmarks and parts on it.

Everything here is linear: the vertices of a face are a fixed sparse matrix times the vertices of its cage. So a mode of the cage is
a mode of the mesh.
"""
import functools
from typing import NamedTuple

import numpy as np
from scipy import sparse

from morph3d.mesh.uv_atlas import Atlas
from morph3d.morphable.embedded import human_head, subdivision

# The landmarks on MakeHuman's base mesh, in the order of iBUG: the point that subdivision makes of one vertex, of an edge (two) or
# of a quad (four). Brows as in _BROWS.
_LANDMARKS = (
    (5563, 5564, 5402, 5398), (867, 5411), (5098, 5246), (5238, 5242), (894, 5240), (892, 3697), (891, 922, 916, 917),
    (5293, 914, 918, 5292), (732, 747), (11899, 11898, 7620, 7616), (7593, 7619, 7618, 7624), (7594, 10365), (7596, 11849),
    (11847, 11851), (11713, 11854), (7572, 12010), (12160, 11997, 12001, 12161),
    (261, 262, 5261, 5262), (232,), (222, 224), (205, 223), (208, 228), (6983, 7001), (6980, 6997), (6996, 6998), (7005,),
    (7030, 11870, 11869, 7031),
    (132,), (131,), (164, 201), (297,), (358,), (314,), (343,), (7077,), (7119,),
    (18,), (1057,), (1073,), (63,), (1070,), (1067,), (6847,), (7765,), (7749,), (6802,), (7759,), (7762,),
    (422,), (410,), (450,), (455,), (7210,), (7170,), (7182,), (7166,), (7235, 7241), (492,), (480, 486), (406,),
    (430,), (470,), (474,), (7226,), (7190,), (7236,), (493,), (481,))
_BROWS = {17: -1., 20: 1.5, 21: 3., 22: 3., 23: 1.5, 26: -1.}  # mm by which brows lie above those points, as seen in pictures
_SKIN_STEPS, _EYE_STEPS = 1, 2  # of subdivision: irises are painted on vertices
_SWELL = 1.043  # of an eyeball about its middle, because subdivision shrinks it,
_SET_BACK = .058  # and by how much of its radius it then goes back, or the cornea would stand out of the lids


class Topology(NamedTuple):
    """The mesh of all faces, and how it follows from a cage."""
    matrix: sparse.csr_matrix  # [V, cage]: vertices of the mesh = matrix @ vertices of the cage
    triangles: np.ndarray  # [F, 3]
    uvs: Atlas
    landmarks: np.ndarray  # [68] vertices
    parts: dict  # {name: [V] bool}, those of the human head
    masks: dict  # {name: [V] in 0..1}, likewise


@functools.cache
def build():
    """The Topology of the model's mesh."""
    head = human_head.read()
    eyes = head.parts["left_eye"] | head.parts["right_eye"]
    pieces = [_subdivided(head, ~eyes, _SKIN_STEPS), _subdivided(head, eyes, _EYE_STEPS)]
    pieces[1] = pieces[1]._replace(
        matrix=sum(_swelling(head, head.parts[name], pieces[1].matrix) for name in ("left_eye", "right_eye")))
    matrix = sparse.vstack([piece.matrix for piece in pieces]).tocsr()
    quads, uv_quads = (np.concatenate([getattr(pieces[0], name), getattr(pieces[1], name) + getattr(pieces[0], size).shape[0]])
                       for name, size in (("quads", "matrix"), ("uv_quads", "uvs")))
    owners = np.concatenate([np.repeat(np.flatnonzero(~eyes), 4**_SKIN_STEPS), np.repeat(np.flatnonzero(eyes), 4**_EYE_STEPS)])
    vertices = matrix @ head.vertices
    triangles, corners = _triangles(quads, uv_quads, vertices)
    atlas = Atlas(np.concatenate([piece.uvs for piece in pieces]).astype(np.float32), corners)
    return Topology(matrix, triangles, atlas, _landmarks(head, pieces[0], vertices), _parts(head, owners, quads),
                    {name: np.clip(matrix @ mask, 0., 1.) for name, mask in head.masks.items()})


def refined(mesh):
    """One more step of a Topology, parts and masks left out, and its colors as means of the old ones: [new, V], sparse."""
    quads, uv_quads = (np.c_[halves[::2], halves[1::2, 2]] for halves in (mesh.triangles, mesh.uvs.corners))
    step, uv_step = subdivision.catmull_clark(mesh.matrix.shape[0], quads), subdivision.bilinear(len(mesh.uvs.uvs), uv_quads)
    matrix = (step.matrix @ mesh.matrix).tocsr()
    triangles, corners = _triangles(step.quads, uv_step.quads, matrix @ human_head.read().vertices)
    atlas = Atlas((uv_step.matrix @ mesh.uvs.uvs).astype(np.float32), corners)
    return Topology(matrix, triangles, atlas, mesh.landmarks, {}, {}), subdivision.bilinear(mesh.matrix.shape[0], quads).matrix


class _Piece(NamedTuple):
    matrix: sparse.csr_matrix  # [V, cage]
    quads: np.ndarray  # [Q, 4]
    uvs: np.ndarray  # [U, 2]
    uv_quads: np.ndarray  # [Q, 4]
    points: dict  # {sorted cage vertices of a vertex, an edge or a quad: vertex}


def _subdivided(head, part, steps):
    """The _Piece of some quads of the cage, a mask [Q]."""
    quads, uv_quads, uvs = head.quads[part], head.uv_quads[part], head.uvs
    first = subdivision.catmull_clark(len(head.vertices), quads)
    groups = [*((vertex,) for vertex in range(len(head.vertices))), *map(tuple, first.edges), *map(tuple, np.sort(quads, 1))]
    matrix = sparse.identity(len(head.vertices), format="csr")
    for _ in range(steps):
        step, uv_step = subdivision.catmull_clark(matrix.shape[0], quads), subdivision.bilinear(len(uvs), uv_quads)
        matrix, quads = step.matrix @ matrix, step.quads
        uvs, uv_quads = uv_step.matrix @ uvs, uv_step.quads
    numbers, quads = np.unique(quads, return_inverse=True)
    uv_numbers, uv_quads = np.unique(uv_quads, return_inverse=True)
    places = np.full(matrix.shape[0], -1)
    places[numbers] = np.arange(len(numbers))
    # Later steps keep the numbers of the first.
    points = {group: place for group, place in zip(groups, places, strict=False) if place >= 0}
    return _Piece(matrix[numbers], quads.reshape(-1, 4), uvs[uv_numbers], uv_quads.reshape(-1, 4), points)


def _swelling(head, eye, matrix):
    """The rows of one eye, of a mask [Q], swollen and set back; the others zero."""
    quads = head.quads[eye]
    step = subdivision.catmull_clark(len(head.vertices), quads)
    equator = np.unique(step.edges[step.border])
    mine = np.unique(quads)
    pole = mine[np.isclose(head.vertices[mine, 2], head.vertices[mine, 2].max())]  # a ring of eight
    rows = np.asarray(matrix[:, mine].sum(1)).ravel() > .5
    center, front = (np.bincount(ring, minlength=len(head.vertices)) / len(ring) for ring in (equator, pole))
    shift = sparse.csr_matrix((1. - _SWELL) * center - _SET_BACK * (front - center))
    return _SWELL * sparse.diags(rows.astype(float)) @ matrix + sparse.csr_matrix(rows[:, None].astype(float)) @ shift


def _triangles(quads, uv_quads, vertices):
    """[2 Q, 3] twice: quads [Q, 4] and those of the uvs, split along the shorter diagonal, the two of a quad one after the other;
    the first corner of both is an end of the diagonal."""
    diagonals = (np.linalg.norm(vertices[quads[:, corner]] - vertices[quads[:, corner + 2]], axis=1) for corner in (0, 1))
    straight = np.less_equal(*diagonals)[:, None]
    for each in (quads, uv_quads):
        turned = np.where(straight, each, np.roll(each, -1, 1))
        yield np.stack([turned[:, [0, 1, 2]], turned[:, [0, 2, 3]]], 1).reshape(-1, 3).astype(np.int32)


def _landmarks(head, skin, vertices):
    """[68] vertices."""
    mine = {number: vertex for vertex, number in enumerate(head.numbers)}
    found = np.array([skin.points[tuple(sorted(mine[number] for number in group))] for group in _LANDMARKS])
    for landmark, above in _BROWS.items():
        found[landmark] = np.linalg.norm(vertices - vertices[found[landmark]] - [0., above, 0.], axis=1).argmin()
    return found.astype(np.int32)


def _parts(head, owners, quads):
    """{name: [V] bool}, of quads [Q, 4] that come of these quads [Q] of the cage; where parts meet, the first has the vertices."""
    parts, taken = {}, np.zeros(quads.max() + 1, bool)
    for name, mask in head.parts.items():
        parts[name] = np.isin(np.arange(len(taken)), quads[mask[owners]]) & ~taken
        taken |= parts[name]
    return parts
