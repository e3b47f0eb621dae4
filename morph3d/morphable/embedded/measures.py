"""The surveyed measures of a head, taken between fixed points of the mesh as a caliper takes them."""
import numpy as np
from scipy import sparse

from morph3d.morphable import landmarks

# Between landmarks, by numbers: the ends of each measure, means of these points.
_BETWEEN = dict(
    face_length=((27,), (8,)), nose_length=((27,), (33,)), nose_protrusion=((33,), (30,)), lip_length=((48,), (54,)),
    upper_lip_height=((33,), (62,)), upper_vermilion=((51,), (62,)), lower_vermilion=((66,), (57,)), eye_length=((42,), (45,)),
    eye_height=((43, 44), (46, 47)))


def ends(topology, vertices):
    """The ends of the measures, as weights of the mesh's vertices.

    Args:
      topology: Topology.
      vertices: [V, 3] mm of a mean head, on which the points that are no landmarks are sought.

    Returns:
      {name: (first [1, V], second [1, V])}, sparse, of every measure in population.SURVEYED.
    """
    skin, ear = topology.parts["head"] & (topology.masks["ears"] < .2), (topology.masks["ears"] > .5) & (vertices[:, 0] > 0.)
    x, y, z = vertices.T
    middle, brow = skin & (np.abs(x) < 1.), y[topology.landmarks[21]]
    pairs = {"head_length": (_extreme(z, middle & (y > brow)), _extreme(-z, middle)),
             "ear_length": (_extreme(y, ear), _extreme(-y, ear))}
    left = _left_ends(vertices, vertices[topology.landmarks], skin & (x > 0.), vertices[ear].mean(0))
    pairs |= {name: (vertex, _twin(vertices, vertex)) for name, vertex in left.items()}
    found = {name: tuple(_mean([vertex], len(vertices)) for vertex in pair) for name, pair in pairs.items()}
    found["interpupillary"] = tuple(_eye(topology, *side, len(vertices)) for side in (("right_eye", landmarks.RIGHT_EYE),
                                                                                     ("left_eye", landmarks.LEFT_EYE)))
    return found | {name: tuple(_mean(topology.landmarks[list(end)], len(vertices)) for end in pair)
                    for name, pair in _BETWEEN.items()}


def _left_ends(vertices, point, left, ear):
    """{name: vertex} of the breadths' left ends; point [68, 3] landmarks, left [V] bool, ear [3] its middle."""
    x, y, z = vertices.T
    return {
        "head_breadth": _extreme(x, left & (y > point[24, 1] + 5.)),
        "face_breadth": _extreme(x, left & (y < point[27, 1]) & (y > point[33, 1]) & (z > ear[2] + 30.)),
        "jaw_breadth": _nearest(vertices, [.82 * point[16, 0], point[57, 1] - 4., ear[2] + 18.], left),
        # The crests of the temples are bone, which no smooth head shows: where it is as broad as they are apart. So for the root.
        "forehead_breadth": _nearest(vertices, [52.1, point[24, 1] + 12.], left & (z > ear[2] + 40.)),
        "nose_root_breadth": _nearest(vertices, [8.45, point[27, 1]], left & (z > point[27, 2] - 20.)),
        "nose_breadth": _extreme(x, left & (np.abs(y - point[33, 1] - 6.) < 6.) & (z > point[33, 2] - 6.) & (x < 30.))}


def _extreme(values, where):
    return np.flatnonzero(where)[values[where].argmax()]


def _nearest(vertices, place, where):
    """The vertex nearest to (x, y) as seen from ahead, or to (x, y, z)."""
    return np.flatnonzero(where)[np.linalg.norm(vertices[where, :len(place)] - place, axis=1).argmin()]


def measure(between, vertices):
    """{name: [N] mm} of the heads [N, V, 3], for the ends in `between`."""
    return {name: np.linalg.norm(_at(first, vertices) - _at(second, vertices), axis=-1)
            for name, (first, second) in between.items()}


def _eye(topology, eyeball, lids, count):
    """The middle of an eye: between those of eyeball and lids, which lie a millimeter apart in MakeHuman's human."""
    return (_mean(np.flatnonzero(topology.parts[eyeball]), count) + _mean(topology.landmarks[lids], count)) / 2.


def _at(weights, vertices):
    return np.einsum("k,nkd->nd", weights.data, vertices[:, weights.indices])


def _mean(vertices, count):
    return sparse.csr_matrix((np.full(len(vertices), 1. / len(vertices)), (np.zeros(len(vertices), int), vertices)), (1, count))


def _twin(vertices, vertex):
    return np.linalg.norm(vertices - vertices[vertex] * [-1., 1., 1.], axis=1).argmin()
