"""The photometric fit: a face rendered until it looks as in the photo, by Gauss-Newton steps through the renderer.

Unknown are light, texture, expression, view and, near where it was, shape: one least-squares problem of the colors of pixels, where
a pixel counts the less the less the face explains it (hair, glasses, a hand), and of how likely what was found is.

A pixel of a rendering changes with what it sees, (d color / d normal, d color / d albedo, d color / d light), and because another
point comes to lie under it, -(d picture / d place) . (what that point does); the gradient of the picture is the mean of the
rendering's and the photo's, which makes the steps of second order (Benhimane and Malis 2004). What is compared is smoothed just as
the gradient is: features are as thin as a pixel, and of those no gradient tells how they move.
"""
import cv2
import numpy as np
from scipy import sparse

from morph3d.fitting import drawing, shading, view
from morph3d.fitting.state import State
from morph3d.mesh import normals

PIXELS = 3000  # that are compared in a step, drawn anew for each
FEWEST = 300
NOISE = .006  # sRGB, the least of what the model cannot draw
OUTLYING = 4.  # times the noise, beyond which a difference counts the less the larger it is
BETTER_HALF = 1.57  # the deviation over the first quartile of the root mean squares of three normal numbers
INDEPENDENT = .15  # of pixels, where the noise is NOISE; neighbors err alike
BLURS = 1., 1., 3., 2., 1.5, *9 * (1.,)  # pixels, of what is compared and its gradients, step by step
SOFT = 0., .5, .7, .9, 1.1, 1.4, 1.7, 2., 2.5, 3.  # pixels, of which one smooths renderings until they are as soft as the picture
PLAIN = .1  # sRGB, beyond which differences tell nothing of how soft it is
LIT_FIRST = 2  # steps in which the face stays where it is, or it would move to where the wrong light looks better:
LIT = "texture", "light", "places"  # all but these stay
ROUNDS = 4  # of solving with lights that would become negative put out
TURN = .1  # radians, the largest turn in a step, of the head and of a light


def fit(model, picture, state, center, prior, extra=None, free=State._fields, seed=0):
    """The State that explains a picture best.

    Args:
      model: LinearModel.
      picture: [size, size, 3] float32 sRGB in 0..1.
      state: State to start from.
      center: [2] pixels, of perspective.
      prior: Prior.
      extra: a function of a State -> landmarks.Equations, what else is known; or None.
      free: names of the parts of the State that are solved for; the others stay.
      seed: of the choice of pixels.
    """
    random = np.random.default_rng(seed)
    for number, blur in enumerate(BLURS):
        drawn = _softened(model, picture, drawing.draw(model, state, center, len(picture)))
        rows, differences = _equations(model, picture, state, center, drawn, blur, random)
        square, right = _normal(rows, differences, state)
        if extra:
            known = extra(state)
            first = slice(len(known.right))
            square[first, first] += known.square
            right[first] += known.right
        prior.hold(square, right, state)
        state = _changed(state, square, right, [name for name in free if number >= LIT_FIRST or name in LIT])
    return state


def _normal(rows, differences, state):
    """Normal equations [K, K] and [K] of rows [3 P, K] and differences [3 P].

    Weights are those of Geman and McClure, a pixel's colors together. Their unit is the noise: what the better half of the pixels
    have, or NOISE if that is more. What the model cannot draw of a real face are whole features, which would drag the face along to
    where it looks a little more like them. So the more there is, the less pixels tell of where the face is; of light and texture
    they tell as before.
    """
    squares = np.square(differences).reshape(-1, 3).mean(1)
    noise = max(NOISE, BETTER_HALF * np.sqrt(np.quantile(squares, .25)))
    weights = np.repeat(INDEPENDENT / (noise * (1. + squares / (OUTLYING * noise)**2))**2, 3)
    square, right = np.float64((rows * weights[:, None]).T @ rows), np.float64(rows.T @ (weights * differences))
    trusted, first = (NOISE / noise)**2, state.parts["texture"].start
    square[:first] *= trusted
    square[first:, :first] *= trusted
    right[:first] *= trusted
    return square, right


def _changed(state, square, right, free):
    """The State after a step of the parts that are free."""
    solved = np.zeros(len(right), bool)
    for name in free:
        solved[state.parts[name]] = True
    change = _solve(square, right, solved, state.parts["light"], -state.light.ravel())
    turn = np.abs(change[:3]).max()
    change[state.parts["view"]] *= min(1., TURN / max(turn, 1e-9))
    change[state.parts["places"]] = np.clip(change[state.parts["places"]], -TURN, TURN)
    return state.moved(change)


def _solve(square, right, free, part, least):
    """The change of what is free, of which a part, a slice, must not be below `least`: light does not get negative.

    What would, is put there for good, and the rest is solved for again.
    """
    change = np.zeros(len(right))
    for _ in range(ROUNDS):
        change[free] = np.linalg.solve(square[np.ix_(free, free)], right[free] - square[np.ix_(free, ~free)] @ change[~free])
        below = np.flatnonzero(change[part] < least - 1e-9) + part.start
        if not len(below):
            break
        free[below], change[below] = False, least[below - part.start]
    return change


def _equations(model, picture, state, center, drawn, blur, random):
    """[3 P, K] what colors of P pixels change by when the State does, and [3 P] how far they are from the picture, both blurred."""
    y, x = _choose(model, drawn, random)
    corners, weights = model.triangles[drawn.triangle_ids[y, x]], drawn.barycentrics[y, x]
    positions, place = drawn.positions[y, x], state.view.translation
    shaded = shading.shade(drawn.albedo[y, x], drawn.normals[y, x], positions, state.light, state.places, place)
    encoded = _slope(np.einsum("plc,lc->pc", shaded.of_light, state.light))
    gradient = _gradient(picture, drawn, blur)[y, x]  # [P, 3 colors, 2]
    moving = view.motion(state.view, (positions - place) @ state.view.matrix)
    of_normal = shaded.of_normal * encoded[..., None]
    of_view = -gradient @ moving.of_view
    # A turn of the head turns the normals, R n', too.
    own = drawn.normals[y, x] @ state.view.matrix
    of_view[..., :3] += of_normal @ np.einsum("ajk,pk->pja", view.turns(state.view.rotation), own)
    vertices = model.vertices(state.expression, state.shape)
    by_place = _by_corners(-gradient @ moving.of_points, corners, weights, len(vertices))
    by_normal = _by_corners(of_normal @ state.view.matrix, corners, weights, len(vertices))
    of_moves = _times(by_place + by_normal @ normals.derivative(vertices, model.triangles), model.moves_by_vertex)
    painted = np.eye(3) * (shaded.of_albedo * encoded * _linear_slope(drawn.albedo[y, x]))[:, None]
    of_texture = _times(_by_corners(painted, corners, weights, len(vertices)), model.paints_by_vertex)
    of_light = np.zeros([len(y), 3, len(state.light), 3], np.float32)
    for channel in range(3):
        of_light[:, channel, :, channel] = shaded.of_light[:, :, channel] * encoded[:, channel, None]
    of_places = np.float32(shaded.of_places * encoded[..., None, None])
    rows = np.concatenate([np.float32(of_view), of_moves, of_texture, of_light.reshape(len(y), 3, -1),
                           of_places.reshape(len(y), 3, -1)], 2)
    differences = cv2.GaussianBlur(np.where(drawn.mask[..., None], picture - drawn.image, 0.), (0, 0), blur)
    return rows.reshape(3 * len(y), -1), differences[y, x].ravel()


def _choose(model, drawn, random):
    """Rows and columns of PIXELS pixels that are compared: of parts that are, and away from what is behind the face."""
    inside = cv2.erode(np.uint8(drawn.mask), np.ones([3, 3], np.uint8)) > 0
    good = np.flatnonzero(inside & drawing.skin(model, drawn))
    if len(good) < FEWEST:
        raise ValueError("too little of the face is in the photo")
    if len(good) > PIXELS:
        good = random.choice(good, PIXELS, replace=False)
    return np.unravel_index(good, drawn.mask.shape)


def _softened(model, picture, drawn):
    """The Rendering as soft as the picture: those of small photos and bad lenses are, and edges that differ drag the face along."""
    inside, whole = drawing.skin(model, drawn), _over(picture, drawn)
    images = [cv2.GaussianBlur(whole, (0, 0), soft) if soft else whole for soft in SOFT]
    off = [np.minimum(np.square(image - picture)[inside], PLAIN**2).mean() for image in images]
    return drawn._replace(image=images[np.argmin(off)])


def _over(picture, drawn):
    """[size, size, 3], the Rendering before the picture."""
    return np.float32(np.where(drawn.mask[..., None], drawn.image, picture))


def _gradient(picture, drawn, blur):
    """[size, size, 3, 2] per pixel to the right and down, the mean of the picture's and the rendering's."""
    both = cv2.GaussianBlur((picture + _over(picture, drawn)) / 2., (0, 0), blur)
    down, right = np.gradient(both, axis=(0, 1))
    return np.stack([right, down], -1)


def _by_corners(by_axes, corners, weights, count):
    """[3 P, 3 V] sparse, what colors change by when vertices do.

    Args:
      by_axes: [P, 3, 3] what they change by when the point does that they show.
      corners, weights: [P, 3] the vertices that the point lies between, and their shares.
      count: V.
    """
    blocks = np.float32(by_axes[:, None] * weights[..., None, None]).reshape(-1, 3, 3)
    return sparse.bsr_array((blocks, corners.ravel(), np.arange(0, corners.size + 1, 3)), (3 * len(corners), 3 * count))


def _times(by_vertices, table):
    """[3 P, 3 V] sparse, [V, 3, M] -> [P, 3, M]."""
    return (by_vertices.tocsr() @ table.reshape(-1, table.shape[-1])).reshape(-1, 3, table.shape[-1])


def _slope(linear):
    """The derivative of the sRGB curve, where it is not clipped."""
    steep = np.where(linear <= .0031308, 12.92, 1.055 / 2.4 * np.maximum(linear, .0031308)**(1. / 2.4 - 1.))
    return np.where(linear < 1., steep, 0.)


def _linear_slope(linear):
    """The derivative of linear light by sRGB, at linear values; 0 where it is clipped."""
    slope = _slope(linear)
    return np.where(slope > 0., 1. / np.maximum(slope, 1e-9), 0.)
