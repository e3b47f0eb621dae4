"""Makes a 3D face of a photo with a reconstructor that morph3d-export has written, and measures it.

    python examples/reconstruct_a_photo.py SAVED_MODEL PHOTO [FILE.glb]
"""
import sys

import numpy as np

import morph3d


def main(saved_model, photo, output="face.glb"):
    face = morph3d.load_reconstructor(saved_model).reconstruct(photo)
    face.save(output)
    right, left = face.landmarks[36], face.landmarks[45]
    print(f"{face}: {output}; outer corners of the eyes {np.linalg.norm(left - right):.1f} mm apart")


if __name__ == "__main__":
    main(*sys.argv[1:])
