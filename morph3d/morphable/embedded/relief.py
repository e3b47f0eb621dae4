"""Smooth random relief of the face, which no measure describes, most of it the same on both sides.

The idea is that of Luethi et al. 2018, "Gaussian Process Morphable Models", IEEE TPAMI 40(8).
"""
import numpy as np

# Gaussian bumps: their width and spacing, mm, and the standard deviation of the relief they make where they lie densest, mm.
SCALES = ((26., 24., 2.), (14., 13., 1.1), (8., 8., .45))
DIRECTIONS = .6, .8, 1.  # sideways, up and out: more of it is seen from ahead
UNEVEN = .3  # how much of it is left against right
FACE = np.array([0., -25., 80.])  # mm; relief fades with the distance from here, and ends at REACH
REACH = 105.
STILL = 17.  # mm around the eyes' centers: there only the coarsest moves lids and eyeballs, so that they stay together


class Relief:
    """Displacements of the cage's vertices: `relief(random)` -> [cage, 3] mm."""

    def __init__(self, mean, eyeballs):
        """mean: [cage, 3] mm of the average head; eyeballs: [2, cage] bool, the right one and the left one."""
        eyes = np.stack([mean[eyeball].mean(0) for eyeball in eyeballs])
        # An eyeball goes where its center goes.
        place = np.where(eyeballs.any(0)[:, None], eyes[eyeballs[1].astype(int)], mean)
        from_eye = np.linalg.norm(place[:, None] - eyes, axis=-1).min(1)
        fade = np.clip((REACH - np.linalg.norm(place - FACE, axis=1)) / 50., 0., 1.)
        still = np.clip((from_eye - STILL) / 10., 0., 1.)
        skin = place[(fade > 0.) & (place[:, 0] >= 0.) & (from_eye > STILL)]
        coarsest = SCALES[0][0]
        self.bumps = [self._pairs(place, centers_of(skin, spacing), width) * deviation * fade * (1. if width == coarsest else still)
                      for width, spacing, deviation in SCALES]

    def _pairs(self, mean, centers, width):
        """[2, centers, cage]: bumps at the centers (x >= 0) plus and minus their mirror images, so scaled that white noise has
        unit variance."""
        here, there = (np.exp(-((mean[None] - (centers * side)[:, None])**2).sum(-1) / (2. * width**2))
                       for side in ([1., 1., 1.], [-1., 1., 1.]))
        return (np.stack([here + there, here - there]) / np.sqrt(((here + there)**2).sum(0).max())).astype(np.float32)

    def __call__(self, random):
        field = 0.
        for even, odd in self.bumps:
            alike, unlike = random.standard_normal([2, len(even), 3]).astype(np.float32) * np.float32(DIRECTIONS)
            unlike *= UNEVEN
            # What mirrors itself is odd across the plane of symmetry and even along it.
            field = field + even.T @ np.c_[unlike[:, 0], alike[:, 1:]] + odd.T @ np.c_[alike[:, 0], unlike[:, 1:]]
        return field


def centers_of(points, spacing):
    """Some of the points [N, 3], no two nearer than the spacing, everywhere one within it: farthest first."""
    chosen = [int(points[:, 1].argmax())]
    distance = np.linalg.norm(points - points[chosen[0]], axis=1)
    while distance.max() > spacing:
        chosen.append(int(distance.argmax()))
        distance = np.minimum(distance, np.linalg.norm(points - points[chosen[-1]], axis=1))
    return points[chosen]
