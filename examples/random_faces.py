"""Random people of a morphable model, in one picture.

    python examples/random_faces.py [MODEL] [PICTURE]
"""
import sys

import numpy as np

import morph3d
from morph3d import images


def main(model="embedded", picture="random_faces.png", count=6):
    model = morph3d.load_model(model)
    vertices, colors = model.instance(model.sample(count, seed=0).neutral())
    faces = [morph3d.Mesh(vertices[i].numpy(), model.triangles.numpy(), colors[i].numpy()) for i in range(count)]
    scene = morph3d.studio(yaw=.4)
    images.write_png(picture, images.to_pixels(np.concatenate([morph3d.render(face, scene, size=256) for face in faces], 1)))


if __name__ == "__main__":
    main(*sys.argv[1:])
