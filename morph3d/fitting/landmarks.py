"""The fit to landmarks: view, expression and, when asked, shape that bring a model's points to where a photo shows them (A.1)."""
from typing import NamedTuple

import numpy as np
from scipy import linalg

from morph3d.fitting import lighting, view
from morph3d.fitting.state import State
from morph3d.mesh import normals
from morph3d.morphable import landmarks as ibug

CORRELATED = 12.  # as many landmarks of a detector tell as much as one alone: neighbors err alike
OUTLYING = 2.5  # deviations, beyond which a landmark counts the less the farther off it is
STEPS = 10
STILL = 1e-4  # radians and more: a step as small ends
LARGEST_TURN = .5  # radians in a step
DESCENT_STEPS, DESCENT_MOMENTUM = 600, .97
STRIP = 3.  # mm; a hidden landmark of the jaw is looked for on the outline of the face at its height


class Observed(NamedTuple):
    """Landmarks of a photo and which vertices they are."""
    pixels: np.ndarray  # [N, 2]
    vertices: np.ndarray  # [N] indices
    deviations: np.ndarray  # [N] mm, of the landmarks' errors
    slides: np.ndarray  # [N] bool, which of them lie on the outline of the face where it hides their vertex
    offsets: np.ndarray | float = 0.  # [N, 3] mm, from the vertices to the landmarks


def dense(found, calibration):
    """The Observed of dense landmarks [468, 2 or 3] pixels; with the Calibration of the model."""
    return Observed(found[:, :2], calibration.vertices, calibration.off * np.sqrt(CORRELATED), np.zeros(len(found), bool))


def sparse(found, model, deviation=1.5):
    """The Observed of the 68 landmarks of iBUG [68, 2] pixels, off by `deviation` mm."""
    slides = np.zeros(ibug.COUNT, bool)
    slides[ibug.JAW] = True
    slides[ibug.CHIN] = False
    return Observed(found, model.landmarks, np.full(ibug.COUNT, deviation), slides)


def start(model, observed, center, prior):
    """The neutral State from the front that is nearest to landmarks; center: [2] pixels, of perspective."""
    neutral, light = np.zeros(model.expression_size), lighting.prior().mean.reshape(-1, 3)
    points = model.points(observed.vertices, neutral, prior.shape) + observed.offsets
    return State(view.start(points, observed.pixels, center), neutral, prior.shape, prior.texture, light)


class Equations(NamedTuple):
    """Normal equations of view, expression and shape, in this order: square @ change = right."""
    square: np.ndarray  # [K, K]
    right: np.ndarray  # [K]


def equations(model, observed, center, state, count=None):
    """The Equations of the landmarks alone at a State, in units of their deviations; of the first `count` unknowns, or of all."""
    numbers = _slid(model, observed, state)
    points = model.points(numbers, state.expression, state.shape) + observed.offsets
    moving = view.motion(state.view, points)
    moves = model.moves_by_vertex[numbers, :, :count and count - view.SIZE]
    rows = np.concatenate([moving.of_view, moving.of_points @ moves], 2)
    off = observed.pixels - state.view.project(points, center)
    unit = observed.deviations[:, None] * np.exp(state.view.log_scale)
    size = np.linalg.norm(off, axis=1, keepdims=True) / unit
    unit = unit * np.sqrt(np.maximum(size / OUTLYING, 1.))  # Huber's weights
    rows, off = (rows / unit[..., None]).reshape(2 * len(numbers), -1), (off / unit).ravel()
    return Equations(rows.T @ rows, rows.T @ off)


def fit(model, observed, center, state, prior, identity=False, gradient_descent=False):
    """The State whose landmarks are nearest to those observed.

    Args:
      model: LinearModel.
      observed: Observed.
      center: [2] pixels, of perspective.
      state: State to begin with.
      prior: Prior, of which expression and shape count.
      identity: whether the shape is free too.
      gradient_descent: as the paper's appendix has it, in place of Gauss-Newton steps, which find the same in a hundredth of them.
    """
    count = view.SIZE + len(state.expression) + identity * len(state.shape)
    velocity = np.zeros(count)
    for _ in range(DESCENT_STEPS if gradient_descent else STEPS):
        square, right = equations(model, observed, center, state, count)
        prior.hold(square, right, state)
        if gradient_descent:
            velocity = change = DESCENT_MOMENTUM * velocity + _downhill(square, right)
        else:
            change = linalg.solve(square, right, assume_a="pos")
            change[:view.SIZE] *= min(1., LARGEST_TURN / max(np.abs(change[:3]).max(), 1e-9))
        state = state.moved(np.append(change, np.zeros(view.SIZE + len(model.moves) - count)))
        if not gradient_descent and np.abs(change[:3]).max() < STILL:
            break
    return state


def _downhill(square, right):
    """A step along the gradient, as long as it may be; each unknown in its own unit, for they have none in common."""
    units = 1. / np.sqrt(np.diag(square))
    steepest = linalg.eigvalsh(square * units * units[:, None], subset_by_index=[len(right) - 1] * 2)[0]
    return units**2 * right / steepest


def _slid(model, observed, state):
    """The vertices of the landmarks: of hidden ones on the jaw, those at the same height that are farthest out in the picture."""
    if not observed.slides.any():
        return observed.vertices
    numbers, seen, vertices = observed.vertices.copy(), state.view, model.vertices(state.expression, state.shape)
    turned = vertices @ seen.matrix.T
    toward_eye = -seen.translation - turned[numbers]
    facing = normals.vertex_normals(vertices, model.triangles)[numbers] @ seen.matrix.T
    hidden = observed.slides & (np.einsum("nd,nd->n", facing, toward_eye) < 0.)
    for number in np.flatnonzero(hidden):
        own = model.mean[numbers[number]]
        strip = np.flatnonzero(model.skin & (np.abs(model.mean[:, 1] - own[1]) < STRIP) & (model.mean[:, 0] * own[0] > 0.))
        if len(strip):
            plane = (turned[strip, :2] + seen.shift) / (1. - seen.nearness * turned[strip, 2:])
            numbers[number] = strip[np.argmax(np.sign(own[0]) * plane @ seen.matrix[:2, 0])]
    return numbers
