"""The landmarks of scans: those that are known, and guesses of others by the average face laid onto the known ones."""
import numpy as np

from morph3d.evaluation.geometry.scans import EYE_CENTERS
from morph3d.mesh import registration
from morph3d.morphable import landmarks

NAMES = list(landmarks.NAMES)
TIP = NAMES[landmarks.NOSE_TIP]
NEARBY = 25.  # mm of an average face: so far may a nose's tip lie from where it is expected


def of_face(points, names):
    """Positions [N, 3] of the landmarks of those names, from all 68 [68, 3]; an eye's center is the mean of its six."""
    points = np.asarray(points, np.float64)
    return np.array([points[EYE_CENTERS[name]].mean(0) if name in EYE_CENTERS else points[landmarks.NAMES[name]] for name in names])


def onto(scan, points):
    """The similarity that brings a face's landmarks [68, 3] onto those that the scan has.

    Raises:
      ValueError: it has fewer than three, or they lie on a line.
    """
    names = sorted(scan.landmarks)
    if len(names) < 3:
        raise ValueError(f"{scan.name}: found {len(names)} landmarks ({', '.join(names) or 'none'}), expected three or more; name "
                         f"others, such as {TIP} and the corners of eyes and mouth (morph3d.morphable.landmarks.NAMES)")
    try:
        return registration.from_points(of_face(points, names), np.stack([scan.landmarks[name] for name in names]))
    except ValueError as error:
        raise ValueError(f"{scan.name}: {error}; its landmarks are {', '.join(names)}") from None


def find(scan, names):
    """Positions [N, 3] of landmarks on a scan: the known ones, and others as the average face has them.

    The average face (morphable.landmarks.AVERAGE_FACE) is laid onto the known ones, and what it says moved to the scan's
    nearest vertex. The nose's tip is better known: it is the scan's most prominent vertex near there.

    Raises:
      ValueError: see `onto`.
    """
    frame = onto(scan, landmarks.AVERAGE_FACE) if set(names) - set(scan.landmarks) else None
    return np.array([scan.landmarks[name] if name in scan.landmarks else _guess(scan, name, frame) for name in names], np.float64)


def _guess(scan, name, frame):
    vertices = scan.mesh.vertices[np.unique(scan.mesh.triangles)].astype(np.float64)
    expected, = frame.apply(of_face(landmarks.AVERAGE_FACE, [name]))
    apart = np.linalg.norm(vertices - expected, axis=1)
    near = vertices[apart < NEARBY * frame.scale]
    if name == TIP and len(near):
        return near[np.argmax(near @ frame.rotation[:, 2])]
    return vertices[apart.argmin()]
