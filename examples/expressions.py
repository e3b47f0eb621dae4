"""One person with several expressions, as files for a 3D program.

    python examples/expressions.py [MODEL] [FOLDER]
"""
import pathlib
import sys

import tensorflow as tf

import morph3d


def main(model="embedded", folder="expressions", count=4, strength=2.):
    model = morph3d.load_model(model)
    person = model.sample(1, seed=5).neutral()
    for number in range(min(count, model.expression_size)):
        expression = strength * tf.one_hot([number], model.expression_size)
        vertices, colors = model.instance(person._replace(expression=expression))
        mesh = morph3d.Mesh(vertices[0].numpy(), model.triangles.numpy(), colors[0].numpy())
        mesh.save(pathlib.Path(folder, f"expression_{number}.glb"))


if __name__ == "__main__":
    main(*sys.argv[1:])
