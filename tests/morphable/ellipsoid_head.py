"""An ellipsoid that knows nothing of the canonical face but the places of its 68 landmarks."""
import numpy as np

RADII = np.array([80., 118., 96.])
EYE = np.array([31., 22.])  # center of the left one, mm
LIPS = np.array([0., -46.])
GRID = 81, 141  # from the chin up, around from the back


def on_ellipsoid(x, y):
    z = RADII[2] * np.sqrt(np.maximum(1. - (x / RADII[0])**2 - (y / RADII[1])**2, 0.))
    return np.stack([x, y, z], -1)


def _ring(center, width, height, count):
    """Points around an ellipse, first the one at the smallest x, then over the top."""
    angle = np.pi - np.linspace(0., 2. * np.pi, count, endpoint=False)
    return np.stack([center[0] + width * np.cos(angle), center[1] + height * np.sin(angle)], 1)


def _landmarks():
    across = np.linspace(-1., 1., 17)
    jaw = np.stack([66. * np.sin(1.4 * across), 20. - 98. * np.cos(1.4 * across)], 1)
    brow = np.array([(13., 44.), (25., 48.), (37., 48.), (48., 44.), (56., 37.)])
    nose = np.array([(0., 24.), (0., 13.), (0., 2.), (0., -9.),
                     (-12., -22.), (-6., -24.), (0., -25.), (6., -24.), (12., -22.)])
    eyes = [_ring(EYE * [-1, 1], 14., 5., 6), _ring(EYE, 14., 5., 6)]
    points = np.concatenate([jaw, brow[::-1] * [-1, 1], brow, nose, *eyes, _ring(LIPS, 26., 11., 12),
                             _ring(LIPS, 21., 2., 8)])
    return on_ellipsoid(*points.T)


def build():
    """vertices, landmarks, normals; vertex i mirrors vertex `mirror[i]`; vertices of one row lie in a row of GRID."""
    longitude, latitude = np.linspace(-np.pi, np.pi, GRID[1]), np.linspace(-1.5, 1.5, GRID[0])
    longitude, latitude = np.meshgrid(longitude, latitude)
    unit = np.stack([np.sin(longitude) * np.cos(latitude), np.sin(latitude), np.cos(longitude) * np.cos(latitude)], -1)
    normals = unit / RADII
    normals /= np.linalg.norm(normals, axis=-1, keepdims=True)
    mirror = np.arange(longitude.size).reshape(longitude.shape)[:, ::-1].ravel()
    return (unit * RADII).reshape(-1, 3), _landmarks(), normals.reshape(-1, 3), mirror
