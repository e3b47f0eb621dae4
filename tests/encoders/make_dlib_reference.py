"""What dlib itself computes for some pictures, kept in dlib_reference.json; this program makes that file anew.

It needs the package dlib, which the project does without, and nothing else but NumPy:

    python -m tests.encoders.make_dlib_reference dlib_face_recognition_resnet_model_v1.dat
"""
import json
import pathlib
import sys

import numpy as np

FILE = pathlib.Path(__file__).with_name("dlib_reference.json")
ROW, COLUMN = np.mgrid[:150, :150]


def pictures():
    """{name: [150, 150, 3] uint8 RGB}, no two channels of them alike but in the gray one."""
    return {"waves": waves(), "mirrored waves": waves()[:, ::-1], "gradient": gradient(), "checks": checks(),
            "gray": np.full([150, 150, 3], 128, np.uint8)}


def waves():
    planes = [np.sin(COLUMN * a / 19. + ROW * b / 23. + c) for a, b, c in [(1., 2., 0.), (2., -1., 1.), (.5, 1.5, 2.)]]
    return (127.5 + 127.5 * np.stack(planes, -1)).round().astype(np.uint8)


def gradient():
    """From black to full: red to the right, green downward, blue to the lower left."""
    return (np.stack([COLUMN, ROW, (149 - COLUMN + ROW) // 2], -1) * 255 // 149).astype(np.uint8)


def checks():
    """The finest pattern there is in red, one of 2 x 2 pixels in green and of 3 x 3 in blue: black and full."""
    return (np.stack([(COLUMN // side + ROW // side) % 2 for side in (1, 2, 3)], -1) * 255).astype(np.uint8)


def main(weights):
    import dlib
    network = dlib.face_recognition_model_v1(weights)
    lines = [f'"{name}": {json.dumps([round(x, 7) for x in network.compute_face_descriptor(np.ascontiguousarray(picture))])}'
             for name, picture in pictures().items()]
    FILE.write_text(f'{{"dlib": "{dlib.__version__}",\n' + ",\n".join(lines) + "}\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
