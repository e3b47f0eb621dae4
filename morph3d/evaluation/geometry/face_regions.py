"""Regions of a face after REALY, drawn on the front of the average face: which points of a scan belong to the nose, the mouth..."""
import numpy as np

from morph3d.morphable.albedo import masks

# mm on morphable.landmarks.AVERAGE_FACE, seen from the front: the left half's corners of each, to be mirrored. Eyes are in none.
REGIONS = {
    "nose": ((0., 6.), (7., 3.), (13., -18.), (18., -32.), (20., -40.), (17., -46.), (0., -48.)),
    "mouth": ((0., -50.), (16., -51.), (32., -60.), (35., -72.), (27., -85.), (0., -89.)),
    "forehead": ((0., 32.), (25., 36.), (45., 34.), (58., 26.), (62., 45.), (50., 70.), (25., 80.), (0., 82.)),
    "cheeks": ((20., -14.), (36., -13.), (52., -8.), (64., -14.), (64., -50.), (52., -76.), (40., -80.), (37., -62.), (25., -50.),
               (24., -36.)),
}
BEHIND = -70.  # mm: deeper is not the front of the face


def find(points):
    """{region: [N] bool} for points [N, 3] mm in the frame of the average face."""
    x, y, z = points.T
    return {name: (masks.inside(np.abs(x), y, np.array(corners)) > 0.) & (z > BEHIND) for name, corners in REGIONS.items()}
