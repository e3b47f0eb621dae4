"""Masks on the canonical face: curves, polygons and soft edges, in mm, as weights or distances [V]."""
import numpy as np
from scipy.interpolate import CubicSpline


def smoothstep(low, high, value):
    """A smooth cubic step: 0 below low, 1 above high; low > high turns it round."""
    t = np.clip((value - low) / (high - low), 0., 1.)
    return t * t * (3. - 2. * t)


def bump(distance, width):
    """A Gaussian of the distance: 1 at 0, .61 at the width."""
    return np.exp(-.5 * np.square(distance / width))


def spot(face, x, y, width, height=None):
    """A Gaussian spot (and its mirror image) on the front of the face, at (x, y) mm."""
    squares = np.square((face.x - x) / width) + np.square((face.y - y) / (height or width))
    return np.exp(-.5 * squares) * front(face)


def mottle(directions, wavelength, seed, *coordinates):
    """Smooth noise of mean 0 and deviation 1: a sum of plane waves of random directions.

    Args:
      directions: how many waves; 30 look like noise.
      wavelength: mm of the shortest; the longest is three times as long.
      seed: of the noise.
      *coordinates: [V] mm each, one or more.
    """
    random = np.random.default_rng(seed)
    waves = random.standard_normal([directions, len(coordinates)])
    length = wavelength * random.uniform(1., 3., directions)
    waves *= (2. * np.pi / length / np.linalg.norm(waves, axis=1))[:, None]
    phases = random.uniform(0., 2. * np.pi, directions)
    return np.sqrt(2. / directions) * np.sum([np.cos(np.tensordot(wave, coordinates, 1) + phase)
                                              for wave, phase in zip(waves, phases, strict=True)], axis=0).astype(np.float32)


def front(face):
    """The mask of the front of the head: 1 on the face, 0 behind the ears."""
    return smoothstep(105., 85., face.azimuth)


def along_curve(x, y, knots):
    """Coordinates along and across a smooth curve.

    Args:
      x, y: [V] mm.
      knots: [N, 2] points of the curve, mm.

    Returns:
      along [V]: 0 at the first knot, 1 at the last, continued beyond both ends along the tangents.
      across [V]: mm, positive to the left of the direction of travel.
    """
    knots = np.asarray(knots, np.float32)
    chord = np.append(0., np.cumsum(np.linalg.norm(np.diff(knots, axis=0), axis=1)))
    spline, t = CubicSpline(chord, knots), np.linspace(0., chord[-1], 40)
    points, tangents = spline(t).astype(np.float32), spline(t, 1).astype(np.float32)
    tangents /= np.linalg.norm(tangents, axis=1, keepdims=True)
    nearest = np.argmin(np.square(x[:, None] - points[:, 0]) + np.square(y[:, None] - points[:, 1]), axis=1)
    dx, dy = x - points[nearest, 0], y - points[nearest, 1]
    tangent_x, tangent_y = tangents[nearest].T
    along = (t[nearest] + dx * tangent_x + dy * tangent_y) / chord[-1]
    return along.astype(np.float32), tangent_x * dy - tangent_y * dx


def line(face, knots, width, fade=.15):
    """A soft line along a curve (and its mirror image), fading out at its ends."""
    along, across = along_curve(face.x, face.y, knots)
    return bump(across, width) * smoothstep(-fade, fade, along) * smoothstep(1. + fade, 1. - fade, along) * front(face)


def inside(x, y, corners):
    """Signed distance to a closed polygon, mm, positive inside.

    Args:
      x, y: [V] mm.
      corners: [N, 2] in either sense.
    """
    distance, winding = np.full(x.shape, np.inf), np.zeros(x.shape, bool)
    for (ax, ay), (bx, by) in zip(corners, np.roll(corners, -1, axis=0)):
        dx, dy = bx - ax, by - ay
        t = np.clip(((x - ax) * dx + (y - ay) * dy) / max(dx * dx + dy * dy, 1e-12), 0., 1.)
        distance = np.minimum(distance, np.hypot(x - ax - t * dx, y - ay - t * dy))
        crosses = (ay > y) != (by > y)
        winding ^= crosses & (x < ax + (y - ay) * dx / np.where(dy == 0., 1e-12, dy))
    return np.where(winding, distance, -distance).astype(np.float32)
