"""Whether the vertices of a file are in the order for which landmarks were published: the landmarks must make a face."""
import numpy as np

from morph3d.mesh import registration
from morph3d.morphable.landmarks import AVERAGE_FACE, JAW
from morph3d.morphable.readers import checks

# mm, from the average face laid over them. The points compared are up to 8 mm off in the models known, those of the jaw, which
# FLAME has further back, 33 (measured with another average face, within 2 mm of this one).
MISFIT, JAW_MISFIT, EYEBALL_MISFIT = 15., 50., 25.


def misfits(points):
    """[68] mm: how far landmarks, [68, 3] mm, are from those of the average face, laid over brows, eyes, nose and lips."""
    laid = registration.from_points(AVERAGE_FACE[JAW.stop:], points[JAW.stop:]).apply(AVERAGE_FACE)
    return np.linalg.norm(laid - points, axis=1)


def check(path, points, eyeballs, remedy):
    """Refuses landmarks that are not where a face has them.

    Args:
      path: begins the message.
      points: [68, 3] mm, landmarks.
      eyeballs: two arrays [N, 3] mm, the vertices of one eyeball each, right or left first; or none.
      remedy: ends the message.

    Raises:
      ValueError: the face has not the size of one, or a landmark or an eyeball is elsewhere.
    """
    checks.check_size(path, points[36], points[45])
    found = misfits(points)
    eyes = np.stack([points[36:42].mean(0), points[42:48].mean(0)])
    apart = [np.linalg.norm(eyes - ball.mean(0), axis=1).min() for ball in eyeballs]
    for distances, most in ((found[JAW.stop:], MISFIT), (found[JAW], JAW_MISFIT), (np.array(apart), EYEBALL_MISFIT)):
        if not np.max(distances, initial=0.) < most:
            what = "landmarks or eyeballs" if len(eyeballs) else "landmarks"
            raise ValueError(f"{path}: found {what} up to {np.max(distances):.0f} mm from where a face has them, expected the "
                             f"vertices in the published order; {remedy}")
