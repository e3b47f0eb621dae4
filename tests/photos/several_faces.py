"""A photo with several faces in a row, small enough that faces around the least size are looked for."""
import cv2
import numpy as np
import skimage.data

CELL = 72  # pixels; the face in the middle should be the largest
FACE = skimage.data.astronaut()[35:195, 145:305]
POINTS = np.array([(204., 101.), (247., 103.), (224., 127.), (203., 139.), (244., 141.)]) - [145., 35.]  # read off by eye


def row(*eyes):
    """One face in each cell, with its eyes so many pixels apart, each darker than the one before.

    Returns:
      [CELL, CELL * N, 3] uint8, and the points [N, 5, 2] of the faces.
    """
    photo, places = np.full([CELL, CELL * len(eyes), 3], 90, np.uint8), []
    for number, apart in enumerate(eyes):
        side = round(160. * apart / np.linalg.norm(POINTS[1] - POINTS[0]))
        left, top = CELL * number + (CELL - side) // 2, (CELL - side) // 2
        face = cv2.resize(FACE, (side, side), interpolation=cv2.INTER_AREA)
        photo[top:top + side, left:left + side] = face * (1. - .2 * number)
        places.append(POINTS * side / 160. + [left, top])
    return photo, np.stack(places)
