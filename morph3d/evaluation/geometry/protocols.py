"""How far a reconstructed face is from a scan, by the protocols of the literature.

Each takes a Scan and a face, whatever has `vertices` [V, 3] and `triangles` [F, 3] in the sense of docs/conventions.md, of any
size and in any pose, and `landmarks` [68, 3] on it; hashable, and not changed in between: what protocols share is computed once.
None of the figures depends on the face's scale or pose.
"""
import functools
from typing import NamedTuple

import numpy as np

from morph3d.evaluation.geometry import face_regions, scan_landmarks, visibility
from morph3d.mesh import registration
from morph3d.mesh.registration import Similarity
from morph3d.mesh.surface import Surface
from morph3d.morphable.landmarks import AVERAGE_FACE, LEFT_BROW, RIGHT_BROW

FRONT = 48.  # mm around the tip of the nose that surely face forward
BEYOND = 1.4  # times the radius: so much of the face takes part, that its cut is not what the scan is compared with
BROWS = AVERAGE_FACE[np.r_[RIGHT_BROW, LEFT_BROW], 1].max()  # mm on the average face, where Deng's forehead begins
ANCHOR = .05  # of a region's weight has the rest of the scan while the face is aligned to the region
# The seven of NoW, in its order: corners of the eyes from right to left, below the nose, corners of the mouth.
SEVEN = [scan_landmarks.NAMES[number] for number in (36, 39, 42, 45, 33, 48, 54)]


class Measured(NamedTuple):
    """A face compared with a scan."""
    error: float  # mm, the protocol's figure
    distances: np.ndarray  # [V] mm, not negative, of the vertices of the scan's mesh; NaN where they are not compared
    similarity: Similarity  # from the face to the scan


def micc(scan, face):
    """The paper's (section 4.2, table 1), as public code for MICC Florence follows it: symmetric point-to-plane distance.

    The face is aligned by the landmarks that the scan has, then by ICP with isotropic scale to the scan within 95 mm of its
    nose's tip. Each vertex's distance is that to the plane through the other surface's nearest vertex, along its normal;
    a vertex counts (lies in the region of intersection) if that nearest vertex is not on a border. The error is the mean
    of both ways, each the mean over its vertices. Of both meshes only what is seen from outside takes part.

    Args:
      scan: Scan.
      face: see above.

    Returns:
      Measured.

    Raises:
      ValueError: the scan has fewer than three landmarks, no surface around the nose, or none in common with the face.
    """
    both = aligned(scan, face)
    forth = _from_planes(both.scan, both.similarity.apply(both.face.vertices))
    back = both.similarity.scale * _from_planes(both.face, both.similarity.inverse().apply(both.scan.vertices))
    error = (_mean(scan, forth) + _mean(scan, back)) / 2.
    return Measured(error, _spread(scan, both.numbers, back), both.similarity)


def deng(scan, face):
    """That of Deng et al. (2019) on MICC: root mean square point-to-plane distance of the scan's vertices, without forehead.

    Alignment and distance are those of `micc`, one way. The forehead is what lies above the brows of the average face, as it lies
    on the scan's landmarks.
    """
    both = aligned(scan, face)
    distances = both.similarity.scale * _from_planes(both.face, both.similarity.inverse().apply(both.scan.vertices))
    distances[_in_average_frame(scan, both.scan.vertices)[:, 1] > BROWS] = np.nan
    error = float(np.sqrt(_mean(scan, np.square(distances))))
    return Measured(error, _spread(scan, both.numbers, distances), both.similarity)


def now(scan, face):
    """That of the NoW challenge (Sanyal et al. 2019), not metrical: unsigned distances of the scan's vertices to the surface.

    The scan is cropped around the nose by its own seven landmarks. The face is aligned by these, then by the similarity with the
    least sum of squared distances. The whole of both takes part. The error is the median; the benchmark's mean and
    deviation are those of `distances`, over the vertices of all scans together.
    """
    crop, numbers, seven = _now_crop(scan)
    start = registration.from_points(scan_landmarks.of_face(face.landmarks, SEVEN), seven)
    surface = Surface(face.vertices, face.triangles)
    similarity = registration.onto_points(surface, crop.vertices, start)
    distances = _from_surface(surface, similarity, crop.vertices)
    return Measured(float(np.median(distances)), _spread(scan, numbers, distances), similarity)


@functools.lru_cache(maxsize=1)
def _now_crop(scan):
    """What NoW compares of a scan: the Surface, its vertices' numbers in the scan, the seven landmarks."""
    seven = scan_landmarks.find(scan, SEVEN)
    right_outer, right_inner, left_inner, left_outer, bottom = seven[:5]
    up = (right_inner + left_inner) / 2. - bottom
    radius = 1.4 * (np.linalg.norm(right_outer - left_outer) + np.linalg.norm(up)) / 2.
    return *_around(scan, scan.mesh.triangles, bottom + .3 * up, radius), seven


def regions(scan, face):
    """After REALY (Chai et al. 2022), without its non-rigid step: nose, mouth, forehead and cheeks, each aligned by itself.

    The regions are those of the average face as it lies on the scan's landmarks (face_regions.py), so that no face has a say in
    them. For each the face is aligned as in `micc`, whose scale it keeps, then by the motion with the least sum of squared
    distances of the region's vertices; the rest of the scan has a twentieth of its weight, or a forehead, which is much like a
    sphere, could slide at will. The error is the mean distance of the region's vertices to the surface. Other triangles of the
    same surfaces change it by up to a twentieth.

    Returns:
      {region: Measured}, of the regions that the scan has.
    """
    both = aligned(scan, face)
    points, result = both.scan.vertices, {}
    for name, inside in face_regions.find(_in_average_frame(scan, points)).items():
        if inside.any():
            similarity = registration.onto_points(both.face, points[inside], both.similarity, points[~inside], ANCHOR, False)
            distances = _from_surface(both.face, similarity, points[inside])
            result[name] = Measured(float(distances.mean()), _spread(scan, both.numbers[inside], distances), similarity)
    return result


class Aligned(NamedTuple):
    """A face laid onto a scan."""
    scan: Surface  # what of it takes part
    numbers: np.ndarray  # [N] which vertices of the scan's mesh these are
    face: Surface  # what of it takes part, where it was
    face_numbers: np.ndarray  # [N] which of its vertices these are
    similarity: Similarity  # from the face to the scan


@functools.cache  # the protocols ask for the same; measurement.py forgets them with their scan
def aligned(scan, face):
    """The face laid onto what is seen of the scan within its radius around the tip of its nose, as `micc` says."""
    crop, numbers, tip = _crop(scan)
    start = scan_landmarks.onto(scan, face.landmarks)
    surface, face_numbers = _exposed_face(face, start.inverse().apply(tip), BEYOND * scan.radius / start.scale)
    try:
        return Aligned(crop, numbers, surface, face_numbers, registration.icp(surface, crop, start))
    except ValueError as error:
        raise ValueError(f"{scan.name}: {error}") from None


@functools.lru_cache(maxsize=1)  # the protocols and the faces that are compared with one scan come one after another
def _crop(scan):
    """What is seen of a scan within its radius around its nose's tip: the Surface, its vertices' numbers in the scan, the tip."""
    tip, = scan_landmarks.find(scan, [scan_landmarks.TIP])
    triangles = _outward(scan)
    seen = visibility.exposed(_in_average_frame(scan, scan.mesh.vertices), triangles)
    return *_around(scan, triangles, tip, scan.radius, seen), tip


def _outward(scan):
    """The scan's triangles [F, 3], counter-clockwise from outside: scanners differ in that."""
    a, b, c = np.moveaxis(scan.mesh.vertices[scan.mesh.triangles].astype(np.float64), 1, 0)
    tip, = scan_landmarks.find(scan, [scan_landmarks.TIP])
    front = np.linalg.norm(a - tip, axis=1) < FRONT
    forward = scan_landmarks.onto(scan, AVERAGE_FACE).rotation[:, 2]
    turned = (np.cross(b - a, c - a)[front] @ forward).sum() < 0.
    return scan.mesh.triangles[:, ::-1] if turned else scan.mesh.triangles


def _around(scan, triangles, center, radius, seen=True):
    """The Surface of a scan within a radius, and the numbers that its vertices have in the scan."""
    near = np.linalg.norm(scan.mesh.vertices - center, axis=1) <= radius
    kept = near & seen
    if not kept[triangles].all(1).any():
        raise ValueError(f"{scan.name}: found no surface within {radius:.0f} mm of {center.round().tolist()}; see whether its "
                         "landmarks are where its mesh is, both in mm")
    return Surface(scan.mesh.vertices, triangles).part(kept)


def _in_average_frame(scan, points):
    return scan_landmarks.onto(scan, AVERAGE_FACE).inverse().apply(points)


def _exposed_face(face, center, radius):
    vertices = np.asarray(face.vertices, np.float64)
    frame = registration.from_points(AVERAGE_FACE, face.landmarks)
    kept = visibility.exposed(frame.inverse().apply(vertices), face.triangles)
    return Surface(vertices, face.triangles).part(kept & (np.linalg.norm(vertices - center, axis=1) <= radius))


def _from_planes(surface, points):
    """[N] distances of points from the tangent planes at the nearest vertices; NaN where these are on a border."""
    _, nearest = surface.nearest_vertex(points)
    distances = np.abs(np.einsum("nd,nd->n", points - surface.vertices[nearest], surface.normals[nearest]))
    return np.where(surface.border[nearest], np.nan, distances)


def _from_surface(surface, similarity, points):
    return similarity.scale * surface.closest(similarity.inverse().apply(points)).distances


def _mean(scan, distances):
    if np.isnan(distances).all():
        raise ValueError(f"{scan.name}: no vertex lies in the region of intersection with the face; see whether its landmarks are "
                         "where its mesh is")
    return float(np.nanmean(distances))


def _spread(scan, numbers, values):
    """The values of those vertices among all of the scan's mesh [V], NaN elsewhere."""
    spread = np.full(len(scan.mesh.vertices), np.nan)
    spread[numbers] = values
    return spread
